"""The limit on open connections: stalled ones cannot keep others out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import anyio
import anyio.lowlevel
import pytest

from omnimsg.sandbox import Limits, Sandbox

from .conftest import Echo

if TYPE_CHECKING:
    from aiohttp import web
    from support.sandbox_fixtures import Clock

pytestmark = pytest.mark.anyio

ONE = "+27820000001"
STALLED = {
    "nothing": b"",
    "half a head": b"POST /echo/send HTTP/1.1\r\nHost: local",
    "half a body": b"POST /echo/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n[",
}


async def stalled(port: int, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection that sends an incomplete request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def post(url: str) -> int:
    """Send one message over a new connection."""
    async with aiohttp.ClientSession(url) as http, http.post("/echo/send", json=[ONE]) as response:
        return response.status


@pytest.mark.parametrize("sent", STALLED.values(), ids=STALLED)
async def test_stalled_connections_make_room(clock: Clock, sent: bytes) -> None:
    """At the limit, a connection with an incomplete request is closed in favour of a new one."""
    async with Sandbox([Echo], clock=clock, limits=Limits(connections=5)) as sandbox:
        opened = [await stalled(sandbox.port, sent) for _ in range(300)]

        statuses = [await post(sandbox.url) for _ in range(20)]

        with anyio.fail_after(30):
            first = await opened[0][0].read()
        for _, writer in opened:
            writer.close()

    assert [200] * 20 == statuses
    assert b"" == first


class Held(Echo):
    """An emulator that answers a send only when it is released."""

    released = asyncio.Event()

    async def send(self, request: web.Request) -> web.Response:
        """Wait, then accept."""
        await self.released.wait()
        return await super().send(request)


async def test_answers_under_way_are_never_closed(clock: Clock) -> None:
    """If all connections have a request in flight, a new one gets a 503 and none is closed."""
    Held.released = asyncio.Event()
    statuses: list[int] = []
    async with Sandbox([Held], clock=clock, limits=Limits(connections=3)) as sandbox:

        async def send() -> None:
            statuses.append(await post(sandbox.url))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(send)
            while len(sandbox.requests) < 3:
                await anyio.lowlevel.checkpoint()

            head = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
            reader, writer = await stalled(sandbox.port, head)
            with anyio.fail_after(30):
                refused = await reader.read()
            writer.close()
            Held.released.set()

    assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"connections" in refused
    assert [200] * 3 == statuses


async def test_closed_connections_are_forgotten(clock: Clock) -> None:
    """Closed connections do not count towards the limit."""
    async with Sandbox([Echo], clock=clock, limits=Limits(connections=1)) as sandbox:
        statuses = [await post(sandbox.url) for _ in range(10)]

    assert [200] * 10 == statuses
