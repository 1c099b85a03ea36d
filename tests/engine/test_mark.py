"""Whether a request may have left is known of each request, whoever else is on the way."""

from __future__ import annotations

import asyncio
import contextvars

import anyio
import pytest
from support.servers import Server, reset

from omnimsg.adapter import Effect, Request
from omnimsg.engine.transport import HttpTransport, Mark, TransportFault

pytestmark = pytest.mark.anyio

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")


async def test_requests_of_one_context_have_each_their_own_mark() -> None:
    """Tasks may share a context; requests that connect at the same time are still told apart."""
    marks = [Mark() for _ in range(5)]
    shared = contextvars.copy_context()
    async with Server(reset) as server:
        hosts = frozenset({server.url.removeprefix("http://")})
        wire = HttpTransport(server.url, hosts=hosts, authorization={})

        async def ask(mark: Mark) -> None:
            with pytest.raises(TransportFault):
                await wire.exchange(SEND, within=5.0, mark=mark)

        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(ask(mark), context=shared) for mark in marks]
        with anyio.fail_after(10):
            await asyncio.gather(*tasks)
        await wire.aclose()

    assert [True] * 5 == [mark.written for mark in marks]
    assert 5 == len(server.requests)


async def test_a_repeated_request_of_a_shared_context_keeps_its_own_mark() -> None:
    """What aiohttp asks again, because a kept connection broke, is still the same request."""
    marks = [Mark() for _ in range(5)]
    shared = contextvars.copy_context()
    async with Server(reset) as server:
        hosts = frozenset({server.url.removeprefix("http://")})
        wire = HttpTransport(server.url, hosts=hosts, authorization={})

        async def ask(number: int) -> None:
            cancel = Request("DELETE", f"/send/{number}", effect=Effect.ONCE)
            with pytest.raises(TransportFault):
                await wire.exchange(cancel, within=5.0, mark=marks[number])

        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(ask(number), context=shared) for number in range(5)]
        with anyio.fail_after(10):
            await asyncio.gather(*tasks)
        await wire.aclose()

    assert [True] * 5 == [mark.written for mark in marks]
    lines = sorted(each.line for each in server.requests)
    assert [f"DELETE /send/{number} HTTP/1.1" for number in range(5)] == lines
