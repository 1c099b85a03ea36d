"""A sandbox in a process of its own, so that it shares neither event loop nor lock with the client.

Run as a program it prints its address, and serves until its standard input ends: it goes with
whoever started it.
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

Phones = Mapping[str, list[dict[str, Any]]]


@attrs.frozen
class Remote:
    """What a test does with a sandbox in another process.

    Attributes:
        url: Its address.
    """

    url: str

    def config(self) -> dict[str, Any]:
        """Return the configuration of accounts that reach it."""
        return config(urlsplit(self.url).port or 0)

    async def reset(self) -> None:
        """Forget everything."""
        await self._ask("POST", "reset")

    async def add(self, kind: str, **given: Any) -> None:
        """Add a fault."""
        await self._ask("POST", "faults", {"kind": kind, **given})

    async def fired(self) -> dict[str, int]:
        """Count how often each kind of fault has fired."""
        counts: dict[str, int] = {}
        for fault in (await self._ask("GET", "faults"))["faults"]:
            counts[fault["kind"]] = counts.get(fault["kind"], 0) + fault["fired"]
        return counts

    async def phones(self) -> Phones:
        """Return what each number has received, once nothing is under way any more."""
        with anyio.fail_after(30):
            while await self._is_busy():  # noqa: ASYNC110 - it is in another process
                await anyio.sleep(0.05)
        phones: dict[str, list[dict[str, Any]]] = {}
        for each in (await self._ask("GET", "handsets"))["received"]:
            phones.setdefault("+" + each["number"].removeprefix("+"), []).append(each)
        return phones

    async def _is_busy(self) -> bool:
        requests = (await self._ask("GET", "requests"))["requests"]
        return any(each["status"] is None for each in requests)

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        async with (
            aiohttp.ClientSession(self.url) as http,
            http.request(method, f"/_sandbox/{path}", json=body) as response,
        ):
            response.raise_for_status()
            return await response.json()


@contextmanager
def sandboxed() -> Iterator[Remote]:
    """Serve all providers; at the end, what the server complained of is an error."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Remote(process.stdout.readline().strip())
    finally:
        _, complaints = process.communicate(timeout=30)
        assert not complaints, complaints


async def main() -> None:
    """Serve until standard input ends."""
    async with Sandbox() as sandbox:
        print(sandbox.url, flush=True)  # noqa: T201 - for whoever started it
        await anyio.to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    anyio.run(main)
