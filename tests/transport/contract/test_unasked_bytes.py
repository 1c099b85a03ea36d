"""A connection that holds unsolicited bytes is closed, not used for the next request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.servers import Server, Visit, answer, saying

from omnimsg import Reason
from omnimsg.adapter import Effect, Request
from omnimsg.transport import TransportFault, WriteMark
from omnimsg.transport.marked_session import Marking

if TYPE_CHECKING:
    from support.transports import TransportTo

pytestmark = pytest.mark.anyio

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")
LARGE = Request("POST", "/send", b"x" * 2**20, effect=Effect.SENDS)
CANCEL = Request("DELETE", "/send/1", effect=Effect.ONCE)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
STRAY = {
    "too many requests": b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n",
    "refused": b"HTTP/1.1 400 X\r\nContent-Length: 2\r\n\r\n{}",
    "accepted": b"HTTP/1.1 202 X\r\nContent-Length: 2\r\n\r\n{}",
    "cut off": b"HTTP/1.1 401 X\r\nContent-Length: 50\r\n\r\n{",
    "interim": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "upgrade": b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nwords",
    "no HTTP": b"words",
}


async def delivered() -> None:
    """Run the event loop until written bytes are read."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture(params=STRAY)
def stray(request: pytest.FixtureRequest) -> bytes:
    """Run a test with every kind of unsolicited bytes."""
    return STRAY[request.param]


@pytest.mark.parametrize("request_", [SEND, CANCEL], ids=["send", "cancel"])
async def test_bytes_on_an_idle_connection_answer_nothing(
    stray: bytes, request_: Request, transport_to: TransportTo
) -> None:
    """After unsolicited bytes on an idle connection, the next request uses a new one, once."""
    writers: list[asyncio.StreamWriter] = []

    async def answering(visit: Visit) -> None:
        writers.append(visit.writer)
        await visit.say(OK)

    async with Server(answering, answer(201)) as server:
        transport = transport_to(server.url)
        await transport.exchange(SEND, within=5.0, mark=WriteMark())
        writers[0].write(stray)
        await delivered()
        response = await transport.exchange(request_, within=5.0, mark=WriteMark())

    assert 201 == response.status
    assert [2, 2] == [server.connections, len(server.requests)]


async def test_bytes_after_the_end_of_an_answer_answer_nothing(
    transport_to: TransportTo,
) -> None:
    """Bytes after the end of an answer are not taken for the answer to the next request."""
    async with Server(saying(OK + STRAY["too many requests"]), answer(201)) as server:
        transport = transport_to(server.url)
        first = await transport.exchange(SEND, within=5.0, mark=WriteMark())
        second = await transport.exchange(SEND, within=5.0, mark=WriteMark())

    assert [200, 201] == [first.status, second.status]
    assert [2, 2] == [server.connections, len(server.requests)]


async def test_every_kept_connection_may_hold_bytes(
    transport_to: TransportTo,
) -> None:
    """If all kept connections hold unsolicited bytes, a new one is used."""
    all_there = asyncio.Barrier(3)

    async def answering(visit: Visit) -> None:
        await all_there.wait()
        await visit.say(OK)
        await delivered()
        visit.writer.write(STRAY["refused"])

    async with Server(answering, answering, answering, answer(201)) as server:
        transport = transport_to(server.url, connections=3)
        await asyncio.gather(
            *[transport.exchange(SEND, within=5.0, mark=WriteMark()) for _ in range(3)]
        )
        await delivered()
        response = await transport.exchange(SEND, within=5.0, mark=WriteMark())

    assert 201 == response.status
    assert [4, 4] == [server.connections, len(server.requests)]


@pytest.mark.parametrize("marking", [Marking.TRACKED], ids=["tracked"])
async def test_a_large_request_that_was_not_written_is_safe_to_repeat(
    transport_to: TransportTo,
) -> None:
    """A large request that meets unsolicited bytes is not written, and its mark is unset."""

    async def answering(visit: Visit) -> None:
        await visit.say(OK)
        await delivered()
        visit.writer.write(STRAY["refused"])

    async with Server(answering, answer(201)) as server:
        transport = transport_to(server.url)
        await transport.exchange(SEND, within=5.0, mark=WriteMark())
        await delivered()
        mark = WriteMark()
        with pytest.raises(TransportFault) as caught:
            await transport.exchange(LARGE, within=5.0, mark=mark)

    assert (Reason.CONNECTION_FAILED, False) == (caught.value.reason, mark.written)
    assert 1 == len(server.requests)


@pytest.mark.parametrize("length", [1, 8, 12, 16, 20, 36])
async def test_half_an_unasked_answer_makes_no_verdict(
    length: int, transport_to: TransportTo
) -> None:
    """Two halves of an unsolicited answer are not the answer to the request between them."""
    stray = STRAY["too many requests"]

    async def answering(visit: Visit) -> None:
        await visit.say(OK)
        await delivered()
        visit.writer.write(stray[:length])

    async with Server(answering, saying(stray[length:])) as server:
        transport = transport_to(server.url)
        await transport.exchange(SEND, within=5.0, mark=WriteMark())
        await delivered()
        mark = WriteMark()
        with pytest.raises(TransportFault) as caught:
            await transport.exchange(SEND, within=0.5, mark=mark)

    assert mark.written
    assert caught.value.reason in (Reason.INVALID_RESPONSE, Reason.TIMEOUT, Reason.CONNECTION_LOST)
