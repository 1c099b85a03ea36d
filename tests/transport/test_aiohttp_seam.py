"""The internals and events of aiohttp that the two ways of marking depend on.

If a version of aiohttp changes one of them, a test here fails and names it. The transport itself
then uses the way over public events, so its users are not affected.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from attrs import evolve
from support.servers import Server, Visit, answer, reset

from omnimsg.adapter import Effect, Request
from omnimsg.transport import WriteMark
from omnimsg.transport.aiohttp_seam import (
    TESTED_AIOHTTP,
    SmallBody,
    TrackedRequest,
    seam_problem,
)
from omnimsg.transport.aiohttp_tracing import SingleAttempt
from omnimsg.transport.marked_session import Marking

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

    from omnimsg.transport.aiohttp_transport import HttpTransport

pytestmark = pytest.mark.anyio

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")


def events_of(*names: str) -> tuple[aiohttp.TraceConfig, list[str]]:
    """Return a tracing of these events and the list that it appends their names to."""
    tracing, events = aiohttp.TraceConfig(), []

    def noting(name: str) -> Any:
        async def note(_session: object, _context: SimpleNamespace, _event: object) -> None:
            events.append(name)

        return note

    for name in names:
        getattr(tracing, f"on_{name}").append(noting(name))
    return tracing, events


def test_the_installed_aiohttp_is_one_that_was_tested() -> None:
    """The installed minor version of aiohttp is in `TESTED_AIOHTTP`.

    A new version is added once these tests pass with it.
    """
    assert ".".join(aiohttp.__version__.split(".")[:2]) in TESTED_AIOHTTP


async def test_the_seam_is_as_described() -> None:
    """Every method and attribute that `TrackedRequest` uses exists and takes its arguments."""
    assert seam_problem() is None


@pytest.mark.parametrize("body", [SmallBody(b"{}"), b"{}", None], ids=["small", "bytes", "none"])
async def test_send_is_called_once_with_the_connection_and_before_the_first_byte(
    body: Any,
) -> None:
    """`send` is called once per request, in the caller's task, before the first byte."""
    tracing, events = events_of("connection_create_end", "connection_reuseconn", "request_end")
    tasks: list[object] = []

    class Noted(aiohttp.ClientRequest):
        async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
            events.append("send")
            tasks.append(asyncio.current_task(self.loop))
            assert conn.protocol is not None
            for _ in range(20):  # time for the server to read bytes written before `send`
                await asyncio.sleep(0)
            events.append("written")
            return await super().send(conn)

    async def note(visit: Visit) -> None:
        events.append("read")
        await answer(200)(visit)

    async with (
        Server(note) as server,
        aiohttp.ClientSession(request_class=Noted, trace_configs=[tracing]) as session,
    ):
        for _ in range(2):
            async with session.post(server.url, data=body) as response:
                await response.read()

    once = ["send", "written", "read", "request_end"]
    assert ["connection_create_end", *once, "connection_reuseconn", *once] == events
    assert [asyncio.current_task()] * 2 == tasks


async def test_send_that_raises_keeps_every_byte_back() -> None:
    """If `send` raises, no byte is written, and the caller gets the error."""
    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class Refused(aiohttp.ClientRequest):
        async def send(self, conn: object) -> aiohttp.ClientResponse:
            raise LookupError

    async def read(visit: Visit) -> None:
        received.set_result(await visit.reader.read())

    async with (
        Server(connecting=read) as server,
        aiohttp.ClientSession(request_class=Refused) as session,
    ):
        with pytest.raises(LookupError):
            await session.post(server.url, data=b"body")

        assert b"" == await received


async def test_send_that_is_cancelled_keeps_every_byte_back() -> None:
    """If `send` is cancelled, no byte is written, neither before nor after."""
    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    reached = asyncio.Event()

    class Waiting(aiohttp.ClientRequest):
        async def send(self, conn: object) -> aiohttp.ClientResponse:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

    async def read(visit: Visit) -> None:
        received.set_result(await visit.reader.read())

    async with (
        Server(connecting=read) as server,
        aiohttp.ClientSession(request_class=Waiting) as session,
    ):
        task = asyncio.create_task(session.post(server.url, data=b"body"))
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert b"" == await received


@pytest.mark.parametrize(
    "stray",
    [
        b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n",
    ],
    ids=["whole", "cut off"],
)
async def test_a_connection_with_unasked_bytes_is_to_be_closed(stray: bytes) -> None:
    """A connection with unsolicited bytes has `should_close` set when `send` is called."""
    seen: list[tuple[int, bool]] = []
    writers: list[asyncio.StreamWriter] = []

    class Noted(aiohttp.ClientRequest):
        async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
            assert conn.protocol is not None
            seen.append((len(conn.protocol), conn.protocol.should_close))
            if conn.protocol.should_close:
                raise LookupError
            return await super().send(conn)

    async def answering(visit: Visit) -> None:
        writers.append(visit.writer)
        await answer(200)(visit)

    async with (
        Server(answering) as server,
        aiohttp.ClientSession(request_class=Noted) as session,
    ):
        for _ in range(2):
            async with session.post(server.url, data=b"{}") as response:
                await response.read()
        writers[0].write(stray)
        for _ in range(20):  # time for the client to read them
            await asyncio.sleep(0)
        with pytest.raises(LookupError):
            await session.post(server.url, data=b"{}")

    assert [(0, False), (0, False), (1, True)] == seen


async def test_a_connection_is_traced_before_the_request_is_written() -> None:
    """The trace events of new and kept connections come before the request is written."""
    tracing, events = events_of(
        "connection_create_end", "connection_reuseconn", "request_headers_sent", "request_end"
    )

    async def note(visit: Visit) -> None:
        events.append("read")
        await answer(200)(visit)

    async with (
        Server(note) as server,
        aiohttp.ClientSession(trace_configs=[tracing]) as session,
    ):
        for _ in range(2):
            async with session.post(server.url, data=b"{}") as response:
                await response.read()

    once = ["request_headers_sent", "read", "request_end"]
    assert ["connection_create_end", *once, "connection_reuseconn", *once] == events


async def test_a_middleware_is_called_for_each_attempt() -> None:
    """A middleware can refuse that aiohttp repeats a DELETE on a broken connection."""
    async with Server(answer(200), reset) as server, aiohttp.ClientSession() as session:
        await session.delete(server.url)
        with pytest.raises(aiohttp.ClientConnectionError, match="must not be repeated"):
            await session.delete(server.url, middlewares=(SingleAttempt(),))
        refused = len(server.requests)
        with pytest.raises(aiohttp.ClientError):
            await session.delete(server.url)

    assert [2, 4] == [refused, len(server.requests)]


async def test_a_small_body_has_every_attribute_of_a_payload() -> None:
    """`SmallBody` has the same public attributes as aiohttp's payload of `bytes`."""
    ours, theirs = SmallBody(b"body"), aiohttp.BytesPayload(b"body")

    public = [name for name in dir(aiohttp.Payload) if not name.startswith("_")]
    plain = {name for name in public if not callable(getattr(theirs, name))}
    assert {name: getattr(theirs, name) for name in plain} == {
        name: getattr(ours, name) for name in plain
    }
    assert await theirs.as_bytes() == await ours.as_bytes()
    assert theirs.decode() == ours.decode()


@pytest.mark.parametrize("marking", [Marking.TRACKED], ids=["tracked"])
async def test_a_small_request_is_written_as_aiohttp_writes_it(
    monkeypatch: pytest.MonkeyPatch, transport_to: Callable[..., HttpTransport]
) -> None:
    """A small request has the same line, headers and body as aiohttp's own, in the same order."""
    send = evolve(SEND, url="/send?to=a%20b", authenticated=True)
    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        await transport.exchange(send, within=5.0, mark=WriteMark())
        monkeypatch.delattr(TrackedRequest, "send")
        await transport.exchange(send, within=5.0, mark=WriteMark())

    ours, theirs = server.requests
    assert theirs.line == ours.line
    assert list(theirs.headers.items()) == list(ours.headers.items())
    assert theirs.body == ours.body == b"{}"


async def test_a_head_is_what_aiohttp_would_have_sent(
    transport_to: Callable[..., HttpTransport],
) -> None:
    """Both ways of marking send the same request line, headers and body."""
    requests = [
        SEND,
        Request("POST", "/send", b"[1]", effect=Effect.SENDS, authenticated=True),
        Request("DELETE", "/send", effect=Effect.ONCE, authenticated=True),
        Request("GET", "/send?page=1"),
    ]
    received = []
    for marking in (Marking.TRACKED, Marking.TRACED):
        async with Server(answer(200)) as server:
            transport = transport_to(server.url, marking=marking)
            for request in requests:
                await transport.exchange(request, within=5.0, mark=WriteMark())
        # The traced way keeps no connection, and each server has a port of its own.
        differing = {"connection", "host"}
        received.append(
            [
                (
                    each.line,
                    {*each.headers.items()}
                    - {(name, each.headers.get(name)) for name in differing},
                    each.body,
                )
                for each in server.requests
            ]
        )

    tracked, traced = received
    assert len(requests) == len(tracked)
    assert traced == tracked
