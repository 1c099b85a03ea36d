"""Whether a request may have left is known of each, and a small one is written as it should be."""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import StreamWriter
from attrs import evolve
from support.servers import Server, answer, reset

from omnimsg.adapter import Effect, Request
from omnimsg.transport import tracked_request
from omnimsg.transport.aiohttp_transport import HttpTransport, TransportFault
from omnimsg.transport.tracked_request import MAX_SMALL_BODY, WriteMark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.anyio

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")


@asynccontextmanager
async def wire_to(server: Server) -> AsyncIterator[HttpTransport]:
    """Build the wire of an account that lives there, and close it in the end."""
    hosts = frozenset({server.url.removeprefix("http://")})
    wire = HttpTransport(server.url, hosts=hosts, authorization={"Authorization": "Tiny s3cret"})
    yield wire
    await wire.aclose()


async def test_requests_of_one_context_have_each_their_own_mark() -> None:
    """Tasks may share a context; requests that connect at the same time are still told apart."""
    marks = [WriteMark() for _ in range(5)]
    shared = contextvars.copy_context()
    async with Server(reset) as server, wire_to(server) as wire:

        async def ask(mark: WriteMark) -> None:
            with pytest.raises(TransportFault):
                await wire.exchange(SEND, within=5.0, mark=mark)

        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(ask(mark), context=shared) for mark in marks]
        with anyio.fail_after(10):
            await asyncio.gather(*tasks)

    assert [True] * 5 == [mark.written for mark in marks]
    assert 5 == len(server.requests)


async def test_a_repeated_request_of_a_shared_context_keeps_its_own_mark() -> None:
    """What aiohttp asks again, because a kept connection broke, is still the same request."""
    marks = [WriteMark() for _ in range(5)]
    shared = contextvars.copy_context()
    async with Server(reset) as server, wire_to(server) as wire:

        async def ask(number: int) -> None:
            cancel = Request("DELETE", f"/send/{number}", effect=Effect.ONCE)
            with pytest.raises(TransportFault):
                await wire.exchange(cancel, within=5.0, mark=marks[number])

        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(ask(number), context=shared) for number in range(5)]
        with anyio.fail_after(10):
            await asyncio.gather(*tasks)

    assert [True] * 5 == [mark.written for mark in marks]
    lines = sorted(each.line for each in server.requests)
    assert [f"DELETE /send/{number} HTTP/1.1" for number in range(5)] == lines


async def test_a_small_body_answers_for_itself() -> None:
    """Whatever aiohttp may ask of a body, this one knows, as the one that it would make does."""
    ours, theirs = tracked_request.SmallBody(b"body"), aiohttp.BytesPayload(b"body")

    asked = [name for name in dir(aiohttp.Payload) if not name.startswith("_")]
    plain = {name for name in asked if not callable(getattr(theirs, name))}
    assert {name: getattr(theirs, name) for name in plain} == {
        name: getattr(ours, name) for name in plain
    }
    assert await theirs.as_bytes() == await ours.as_bytes()
    assert theirs.decode() == ours.decode()


async def test_a_small_request_is_written_as_aiohttp_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same first line, the same header lines in the same order, the same body."""
    send = evolve(SEND, url="/send?to=a%20b", authenticated=True)
    async with Server(answer(200)) as server, wire_to(server) as wire:
        await wire.exchange(send, within=5.0, mark=WriteMark())
        monkeypatch.setattr(tracked_request.TrackedRequest, "send", aiohttp.ClientRequest.send)
        await wire.exchange(send, within=5.0, mark=WriteMark())

    ours, theirs = server.requests
    assert theirs.line == ours.line
    assert list(theirs.headers.items()) == list(ours.headers.items())
    assert theirs.body == ours.body == b"{}"


async def test_a_small_request_needs_no_task() -> None:
    """On a connection that is open already, nothing is started to write it."""
    started: list[object] = []

    def start(loop: asyncio.AbstractEventLoop, work: Any, **named: Any) -> asyncio.Task[Any]:
        started.append(work)
        return asyncio.Task(work, loop=loop, **named)

    async with Server(answer(200)) as server, wire_to(server) as wire:
        await wire.exchange(SEND, within=5.0, mark=WriteMark())
        loop = asyncio.get_running_loop()
        loop.set_task_factory(start)
        try:
            await wire.exchange(SEND, within=5.0, mark=WriteMark())
        finally:
            loop.set_task_factory(None)

    assert [] == started
    assert 1 == server.connections


@pytest.mark.parametrize("size", [0, 1, MAX_SMALL_BODY, MAX_SMALL_BODY + 1])
async def test_a_body_of_any_size_arrives_whole(size: int) -> None:
    """Whoever writes it, and however long it takes."""
    body = bytes(range(256)) * (size // 256 + 1)
    async with Server(answer(200)) as server, wire_to(server) as wire:
        await wire.exchange(Request("POST", "/x", body[:size]), within=5.0, mark=WriteMark())

    assert [body[:size]] == [each.body for each in server.requests]


async def test_a_connection_that_takes_no_more_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That is left to aiohttp, which knows how; the mark and the body are the same."""
    monkeypatch.setattr(BaseProtocol, "writing_paused", True)
    mark = WriteMark()
    async with Server(answer(200)) as server, wire_to(server) as wire:
        response = await wire.exchange(SEND, within=5.0, mark=mark)

    assert 200 == response.status
    assert mark.written
    assert [b"{}"] == [each.body for each in server.requests]


async def test_header_lines_that_are_about_the_body_are_obeyed() -> None:
    """What goes beyond the length that a request announces is not taken for the next request."""
    short = evolve(SEND, body=b"abHELLO", headers={"Content-Length": "2"})
    async with Server(answer(200)) as server, wire_to(server) as wire:
        for request in (short, SEND):
            await wire.exchange(request, within=5.0, mark=WriteMark())

    assert [b"ab", b"{}"] == [each.body for each in server.requests]


@pytest.mark.parametrize("size", [2, MAX_SMALL_BODY + 1])
async def test_nothing_is_handed_over_before_the_mark(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes the request, aiohttp's writer gets no byte to the socket before that."""
    mark = WriteMark()
    marked_by_then = []

    def watched(write: Callable[..., None]) -> Callable[..., None]:
        def watching(*given: Any) -> None:
            marked_by_then.append(mark.written)
            write(*given)

        return watching

    for name in ("_write", "_writelines"):
        monkeypatch.setattr(StreamWriter, name, watched(getattr(StreamWriter, name)))
    async with Server(answer(200)) as server, wire_to(server) as wire:
        await wire.exchange(evolve(SEND, body=b"x" * size), within=5.0, mark=mark)

    assert {True} == set(marked_by_then)
