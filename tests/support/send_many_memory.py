"""Run `omnimsg send-many` with a transport that accepts everything, and print its peak memory.

Run it as a program with the arguments of `send-many`. The last line of standard error is the peak
resident memory in KiB.
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


class AcceptingTransport:
    """A transport that accepts every text without a network."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def exchange(self, request: Request, **_: Any) -> Response:
        """Return an answer that accepts every text of the request."""
        assert isinstance(request.body, bytes)
        keys = [each["key"] for each in orjson.loads(request.body)["texts"]]
        results = [{"key": key, "id": f"id-of-{key}"} for key in keys]
        return Response(200, orjson.dumps({"results": results}))

    async def aclose(self) -> None:
        """Do nothing."""


def only_toy(*, group: str) -> list[EntryPoint]:
    """Return the entry point of Toy and no other."""
    return [EntryPoint("toy", "support.toy:ToyAdapter", group)]


if __name__ == "__main__":
    plugins.entry_points = only_toy  # replaces the entry points
    aiohttp_transport.HttpTransport = AcceptingTransport  # type: ignore[assignment,misc]  # a fake
    code = main(["send-many", *sys.argv[1:]])
    status = Path("/proc/self/status").read_text()
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    sys.stderr.write(f"{peak}\n")
    sys.exit(code)
