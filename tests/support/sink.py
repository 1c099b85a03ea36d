"""`omnimsg send-many` with a provider inside the process that takes everything, and its memory.

Run as a program: the arguments are those of the command. Prints the highest resident memory in KiB
on the last line of standard error.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from omnimsg.adapter import Response
from omnimsg.cli import main
from omnimsg.config import plugins
from omnimsg.transport import aiohttp_transport

if TYPE_CHECKING:
    from omnimsg.adapter import Request


class Sink:
    """A wire that ends here."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def exchange(self, request: Request, **_: Any) -> Response:
        """Accept every text."""
        assert isinstance(request.body, bytes)
        keys = [each["key"] for each in orjson.loads(request.body)["texts"]]
        results = [{"key": key, "id": f"id-of-{key}"} for key in keys]
        return Response(200, orjson.dumps({"results": results}))

    async def aclose(self) -> None:
        """There is nothing to close."""


def installed(*, group: str) -> list[EntryPoint]:
    """Offer Toy alone."""
    return [EntryPoint("toy", "support.toy:ToyAdapter", group)]


if __name__ == "__main__":
    plugins.entry_points = installed  # type: ignore[assignment,attr-defined]  # a fake
    aiohttp_transport.HttpTransport = Sink  # type: ignore[assignment,misc]  # a fake
    code = main(["send-many", *sys.argv[1:]])
    status = Path("/proc/self/status").read_text()
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    sys.stderr.write(f"{peak}\n")
    sys.exit(code)
