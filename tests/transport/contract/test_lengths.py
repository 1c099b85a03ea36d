"""Answers with wrong or unusual lengths: read whole, or a fault."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.servers import Server, answer, close, saying, stall
from support.transports import asked, both, lost

from omnimsg import Reason
from omnimsg.adapter import Answer, Effect, Request
from omnimsg.transport import TransportFault, WriteMark

if TYPE_CHECKING:
    from support.servers import Visit
    from support.transports import TransportTo

    from omnimsg.transport.marked_session import Marking

pytestmark = [pytest.mark.anyio, both]

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")
GET = Request("GET", "/x")

CUT_OFF = {
    "nothing": b"",
    "status line": b"HTTP/1.1 20",
    "head": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
    "no body": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
    "interim only": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "no end of the last chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    ),
    "space after a name": b"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\n{}",
    "space after a value": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked \r\n\r\n9\r\n{}",
}

NO_HTTP = {
    "a page": b"<html><body>Hello</body></html>",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "length is no number": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    "length is below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "length has no end": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\n\r\n"
    ),
    "chunk is too small": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"
    ),
    "chunk has no size": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n"
    ),
    "a long line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2**16 + b"\r\nContent-Length: 0\r\n\r\n",
    "a long status line": b"HTTP/1.1 200 " + b"x" * 2**17 + b"\r\nContent-Length: 0\r\n\r\n",
    "many lines": (
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % each for each in range(600)) + b"\r\n"
    ),
}

WHOLE = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "length twice the same": b"HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n{}",
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n01 \r\n}\r\n0\r\n\r\n"
    ),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
        b"2\r\n{}\r\n0\r\nX: 1\r\nContent-Encoding: gzip\r\n\r\n"
    ),
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",
    "bare line ends": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "interim": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    ),
}

UNTIL_THE_END = {
    "no length": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n{}",
}


@pytest.mark.parametrize("data", CUT_OFF.values(), ids=CUT_OFF)
async def test_an_answer_that_is_cut_off_is_a_fault(transport_to: TransportTo, data: bytes) -> None:
    """An answer that is cut off at any point is a fault."""
    async with Server(saying(data, then=close)) as server:
        reason = await lost(transport_to(server.url), SEND)

    assert reason in (Reason.CONNECTION_LOST, Reason.INVALID_RESPONSE)
    assert 1 == len(server.requests)


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP)
async def test_an_answer_that_is_not_http_is_a_fault(
    transport_to: TransportTo, data: bytes
) -> None:
    """An answer that is not HTTP is a fault, and its connection is not used again."""
    async with Server(saying(data), answer(201)) as server:
        transport = transport_to(server.url)
        reason = await lost(transport, SEND)
        response = await asked(transport, SEND)

    # Over aiohttp, an invalid body is reported as a broken connection.
    assert reason in (Reason.INVALID_RESPONSE, Reason.CONNECTION_LOST)
    assert (201, 2) == (response.status, server.connections)


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
async def test_an_answer_says_its_length_in_several_ways(
    transport_to: TransportTo, data: bytes
) -> None:
    """An answer's length may be given in any valid way, and the connection is kept."""
    async with Server(saying(data)) as server:
        transport = transport_to(server.url)
        answers = [await asked(transport, SEND) for _ in range(3)]

    assert [(200, b"{}")] * 3 == [(each.status, each.body) for each in answers]
    assert 1 == server.connections


@pytest.mark.parametrize("rest", [b"x\r\n", b"1\r\n{}\r\n"], ids=["no size", "too large"])
@pytest.mark.parametrize("answer_to", list(Answer), ids=["kept", "sink"])
async def test_a_body_that_ceases_to_be_http_is_a_fault(
    transport_to: TransportTo, answer_to: Answer, rest: bytes
) -> None:
    """A body that ceases to be HTTP is a fault at once, even if its start was read already."""
    is_read = asyncio.Event()

    class Reading:
        async def write(self, chunk: bytes) -> None:
            """Note that the body is being read."""
            is_read.set()

    async def broken(visit: Visit) -> None:
        await visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
        if answer_to is Answer.SINK:
            await is_read.wait()
        await asyncio.sleep(0.01)
        await visit.say(rest)
        await stall(visit)

    request = Request("GET", "/x", answer=answer_to)
    async with Server(broken) as server:
        reason = await lost(transport_to(server.url), request, sink=Reading())

    assert Reason.INVALID_RESPONSE is reason


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
async def test_an_answer_may_come_byte_by_byte(transport_to: TransportTo, data: bytes) -> None:
    """An answer that comes byte by byte is read whole."""

    async def drip(visit: Visit) -> None:
        for position in range(len(data)):
            await visit.say(data[position : position + 1])
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async with Server(drip) as server:
        response = await asked(transport_to(server.url), SEND)

    assert (200, b"{}") == (response.status, response.body)


@pytest.mark.parametrize("data", UNTIL_THE_END.values(), ids=UNTIL_THE_END)
async def test_an_answer_may_end_with_its_connection(
    transport_to: TransportTo, data: bytes
) -> None:
    """An answer without a length ends with its connection."""
    async with Server(saying(data, then=close), answer(201)) as server:
        transport = transport_to(server.url)
        first = await asked(transport, SEND)
        second = await asked(transport, SEND)

    assert (200, b"{}", 201) == (first.status, first.body, second.status)
    assert 2 == server.connections


@pytest.mark.parametrize("status", [204, 304])
async def test_some_statuses_have_no_body(transport_to: TransportTo, status: int) -> None:
    """A 204 or 304 has no body, whatever length it announces, and the connection is kept."""
    data = b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n" % status
    async with Server(saying(data)) as server:
        transport = transport_to(server.url)
        answers = [await asked(transport, SEND) for _ in range(3)]

    assert [(status, b"")] * 3 == [(each.status, each.body) for each in answers]
    assert 1 == server.connections


@pytest.mark.parametrize("surplus", [b"words", b"\x00", b"HTTP/1.1 200 OK\r\n\r\n"])
@pytest.mark.parametrize("status", [200, 204])
async def test_bytes_after_an_answer_close_the_connection(
    transport_to: TransportTo, marking: Marking | None, status: int, surplus: bytes
) -> None:
    """A connection with bytes after the answer is closed.

    Over aiohttp the answer is lost too, if those bytes are not HTTP.
    """
    body = b"{}" if status == 200 else b""
    data = b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n%b" % (status, body)
    mark = WriteMark()
    async with Server(saying(data + surplus), answer(201)) as server:
        transport = transport_to(server.url)
        if marking is not None and not surplus.startswith(b"H"):
            with pytest.raises(TransportFault):
                await transport.exchange(SEND, within=5.0, mark=mark)
        else:
            first = await transport.exchange(SEND, within=5.0, mark=mark)
            assert (status, body) == (first.status, first.body)
        assert mark.written
        second = await asked(transport, SEND)

    assert (201, 2) == (second.status, server.connections)


@pytest.mark.parametrize("body", [None, b"{}"])
async def test_the_answer_to_head_has_no_body(
    transport_to: TransportTo, body: bytes | None
) -> None:
    """The answer to HEAD has no body, although it announces a length."""
    head = Request("HEAD", "/x", body, effect=Effect.READ)
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\n\r\n"
    async with Server(saying(data), answer(201)) as server:
        transport = transport_to(server.url)
        first = await asked(transport, head)
        second = await asked(transport, SEND)

    assert (200, b"", "1", 201) == (first.status, first.body, first.header("x"), second.status)


async def test_a_server_that_wants_no_further_request_is_obeyed(
    transport_to: TransportTo,
) -> None:
    """A connection is closed after `Connection: close`, also if the server does not close it."""
    async with Server(answer(200, connection="close")) as server:
        transport = transport_to(server.url)
        for _ in range(3):
            await asked(transport, SEND)

    assert 3 == server.connections


async def test_a_head_without_end_is_given_up(transport_to: TransportTo) -> None:
    """An endless head is a fault before the timeout."""

    async def endless(visit: Visit) -> None:
        await visit.say(b"HTTP/1.1 200 OK\r\nX: ")
        while not visit.writer.is_closing():
            await visit.say(b"x" * 4096)
            await asyncio.sleep(0)

    async with Server(endless) as server:
        reason = await lost(transport_to(server.url), SEND, within=30.0)

    assert Reason.INVALID_RESPONSE is reason


async def test_a_switch_of_protocols_is_an_answer(transport_to: TransportTo) -> None:
    """A 101 is returned as the answer, and its connection is not used again."""
    data = b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    async with Server(saying(data, then=close), answer(201)) as server:
        transport = transport_to(server.url)
        first = await asked(transport, SEND)
        second = await asked(transport, SEND)

    assert [101, 201] == [first.status, second.status]
