"""A sandbox in another process, so that it shares neither event loop nor lock with the client.

Run as a program, this module prints the sandbox's address and serves until its standard input
ends, so it stops together with the process that started it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import anyio
import anyio.to_thread
import attrs

from omnimsg.sandbox import Sandbox, config

ReceivedByNumber = Mapping[str, list[dict[str, Any]]]


@attrs.frozen
class RemoteSandbox:
    """A sandbox in another process, used through its control API.

    Attributes:
        url: Its address.
    """

    url: str

    def config(self) -> dict[str, Any]:
        """Return the configuration of accounts that reach the sandbox."""
        return config(urlsplit(self.url).port or 0)

    async def reset(self) -> None:
        """Reset the sandbox."""
        await self._request("POST", "reset")

    async def add(self, kind: str, **options: Any) -> None:
        """Add a fault."""
        await self._request("POST", "faults", {"kind": kind, **options})

    async def clear(self) -> None:
        """Remove all faults, and keep what the handsets have."""
        for fault in (await self._request("GET", "faults"))["faults"]:
            await self._request("DELETE", f"faults/{fault['id']}")

    async def fired(self) -> dict[str, int]:
        """Return how often each kind of fault has fired."""
        counts: dict[str, int] = {}
        for fault in (await self._request("GET", "faults"))["faults"]:
            counts[fault["kind"]] = counts.get(fault["kind"], 0) + fault["fired"]
        return counts

    async def phones(self) -> ReceivedByNumber:
        """Wait until no request is in progress, and return what each number has received."""
        with anyio.fail_after(30):
            while await self._is_busy():  # noqa: ASYNC110 - it is in another process
                await anyio.sleep(0.05)
        phones: dict[str, list[dict[str, Any]]] = {}
        for each in (await self._request("GET", "handsets"))["received"]:
            phones.setdefault("+" + each["number"].removeprefix("+"), []).append(each)
        return phones

    async def _is_busy(self) -> bool:
        requests = (await self._request("GET", "requests"))["requests"]
        return any(each["status"] is None for each in requests)

    async def _request(self, method: str, path: str, body: object = None) -> Any:
        async with (
            aiohttp.ClientSession(self.url) as http,
            http.request(method, f"/_sandbox/{path}", json=body) as response,
        ):
            response.raise_for_status()
            return await response.json()


@contextmanager
def start_sandbox_process() -> Iterator[RemoteSandbox]:
    """Serve all installed emulators from another process.

    Anything that the process writes to standard error fails the test.
    """
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield RemoteSandbox(process.stdout.readline().strip())
    finally:
        _, errors = process.communicate(timeout=30)
        assert not errors, errors


async def main() -> None:
    """Serve until standard input ends."""
    async with Sandbox() as sandbox:
        print(sandbox.url, flush=True)  # noqa: T201 - for the process that started this one
        await anyio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    anyio.run(main)
