"""Answers written to a sink: of any size, and no faster than the sink takes them."""

from __future__ import annotations

import asyncio
import errno
import gzip
import random
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.servers import Server, Visit, answer, close, reset, saying
from support.transports import asked, both, lost

from omnimsg import Reason
from omnimsg.adapter import Answer, Effect, Request
from omnimsg.transport import SinkFault, WriteMark
from omnimsg.transport.files import MemorySink

if TYPE_CHECKING:
    from support.transports import TransportTo

pytestmark = [pytest.mark.anyio, both]

FILE = Request("GET", "/file", answer=Answer.SINK, success=frozenset({200, 203}))
GET = Request("GET", "/x")
CONTENT = random.Random(1).randbytes(3_000_000)  # noqa: S311 - repeatable


@pytest.mark.parametrize("how", ["length", "chunks", "end", "gzip"])
async def test_a_file_goes_to_its_sink(transport_to: TransportTo, how: str) -> None:
    """A file of any framing goes to its sink whole, beyond the limit for answers in memory."""
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)
    said = {
        "length": answer(200, CONTENT),
        "chunks": saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk),
        "end": saying(b"HTTP/1.1 203 OK\r\n\r\n" + CONTENT, then=close),
        "gzip": answer(200, gzip.compress(CONTENT, 1), content_encoding="gzip"),
    }
    sink = MemorySink()
    async with Server(said[how], answer(201, b"{}")) as server:
        transport = transport_to(server.url, max_answer_bytes=1000)
        response = await asked(transport, FILE, sink=sink)
        after = await asked(transport, GET)

    assert CONTENT == sink.value()
    assert (b"", b"{}") == (response.body, after.body)
    assert (2 if how == "end" else 1) == server.connections


@pytest.mark.parametrize("status", [404, 204])
async def test_what_is_no_file_is_kept(transport_to: TransportTo, status: int) -> None:
    """The body of an error is kept in the response, not written to the sink."""
    body = b'{"error":"gone"}' if status == 404 else b""
    sink = MemorySink()
    async with Server(answer(status, body)) as server:
        response = await asked(transport_to(server.url), FILE, sink=sink)

    assert (status, body, b"") == (response.status, response.body, sink.value())


@pytest.mark.parametrize(("request_", "has_sink"), [(GET, True), (FILE, False)])
async def test_only_a_request_for_a_sink_with_one_has_its_answer_there(
    transport_to: TransportTo, request_: Request, has_sink: bool
) -> None:
    """Other answers of a download are kept, such as the one that names the address of the file."""
    sink = MemorySink()
    async with Server(answer(200, b"{}")) as server:
        given = sink if has_sink else None
        response = await asked(transport_to(server.url), request_, sink=given)

    assert (b"{}", b"") == (response.body, sink.value())


async def test_an_answer_after_a_refused_file_is_kept_too(transport_to: TransportTo) -> None:
    """The answer to the next request is kept in memory, not written to the sink."""
    sink = MemorySink()
    async with Server(answer(404, b"no"), answer(200, b"{}"), answer(200, b"file")) as server:
        transport = transport_to(server.url)
        refused = await asked(transport, FILE, sink=sink)
        kept = await asked(transport, GET)
        await asked(transport, FILE, sink=sink)
        again = await asked(transport, GET)

    assert [b"no", b"{}", b"file"] == [refused.body, kept.body, sink.value()]
    assert b"file" == again.body


@pytest.mark.parametrize("end", [close, reset], ids=["closed", "reset"])
async def test_a_file_that_is_cut_off_is_a_fault(transport_to: TransportTo, end: object) -> None:
    """A file that is cut off is a fault and is not requested again."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 3000001\r\n\r\n"
    sink = MemorySink()

    async def cut_off(visit: Visit) -> None:
        await visit.say(head + CONTENT)
        await visit.writer.drain()
        await asyncio.sleep(0.05)
        await end(visit)  # type: ignore[operator]

    async with Server(answer(200), cut_off) as server:
        transport = transport_to(server.url)
        await asked(transport, GET)
        reason = await lost(transport, FILE, sink=sink)

    assert Reason.CONNECTION_LOST is reason
    assert CONTENT.startswith(sink.value())
    assert 2 == len(server.requests)


async def test_a_slow_sink_slows_the_server(transport_to: TransportTo) -> None:
    """A slow sink slows the server down, and the file is not buffered in memory."""
    size = 64 * 1024 * 1024
    written = 0
    go_on = asyncio.Event()

    class Slow:
        def __init__(self) -> None:
            self.taken = 0

        async def write(self, chunk: bytes) -> None:
            await go_on.wait()
            self.taken += len(chunk)

    async def large(visit: Visit) -> None:
        nonlocal written
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        piece = bytes(256 * 1024)
        while written < size:
            await visit.say(piece)
            written += len(piece)

    sink = Slow()
    async with Server(large) as server:
        under_way = asyncio.create_task(asked(transport_to(server.url), FILE, sink=sink))
        before = -1
        while before < written:
            before = written
            await asyncio.sleep(0.1)
        assert written < size / 2
        go_on.set()
        await under_way

    assert size == sink.taken


async def test_a_sink_that_fails_is_no_fault_of_the_connection(
    transport_to: TransportTo,
) -> None:
    """A failing sink raises its `OSError` and closes the connection."""

    class Full:
        async def write(self, chunk: bytes) -> None:
            raise OSError(errno.ENOSPC, "full")

    left = asyncio.Event()

    async def endless(visit: Visit) -> None:
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + CONTENT)
        with suppress(ConnectionError):
            await visit.reader.read()
        left.set()

    async with Server(endless, answer(201)) as server:
        transport = transport_to(server.url)
        with pytest.raises(SinkFault) as caught:
            await transport.exchange(FILE, within=5.0, mark=WriteMark(), sink=Full())
        after = await asked(transport, GET)
        await left.wait()

    assert errno.ENOSPC == caught.value.error.errno
    assert 201 == after.status


async def test_a_request_with_a_body_may_have_an_answer_for_a_sink(
    transport_to: TransportTo,
) -> None:
    """A POST with a body can have an answer for a sink."""
    request = Request(
        "POST", "/x", b"{}", effect=Effect.READ, content_type="text/plain", answer=Answer.SINK
    )
    sink = MemorySink()
    async with Server(answer(200, b"file")) as server:
        await asked(transport_to(server.url), request, sink=sink)

    assert (b"{}", b"file") == (server.requests[0].body, sink.value())
