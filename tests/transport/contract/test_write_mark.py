"""The mark says whether a byte of a request may have left, in every way of marking.

An unset mark proves that nothing was sent. No request that must not be repeated is sent twice.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from attrs import evolve
from support.servers import Server, answer, close, refusing_port, reset, reset_after_head, stall

from omnimsg import Reason
from omnimsg.adapter import Effect, Request
from omnimsg.transport import TransportFault, WriteMark, aiohttp_seam
from omnimsg.transport.http_defaults import MAX_SMALL_BODY
from omnimsg.transport.marked_session import Marking

if TYPE_CHECKING:
    from support.servers import Act
    from support.transports import AnyTransport, TransportTo

pytestmark = pytest.mark.anyio

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")
LARGE = evolve(SEND, body=b"x" * (MAX_SMALL_BODY + 1))
CANCEL = Request("DELETE", "/send/1", effect=Effect.ONCE)


async def lost(
    transport: AnyTransport, request: Request, *, within: float = 5.0
) -> tuple[Reason, bool]:
    """Exchange a request that gets no answer; return the reason and the mark."""
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await transport.exchange(request, within=within, mark=mark)
    return caught.value.reason, mark.written


@pytest.mark.parametrize("request_", [SEND, LARGE, CANCEL], ids=["small", "large", "empty"])
async def test_a_request_that_arrived_is_marked(
    request_: Request, transport_to: TransportTo
) -> None:
    """A request that the server has read is marked."""
    mark = WriteMark()
    async with Server(stall) as server:
        exchange = asyncio.create_task(
            transport_to(server.url).exchange(request_, within=5.0, mark=mark)
        )
        await server.arrived.wait()

        assert mark.written
        exchange.cancel()
        await asyncio.gather(exchange, return_exceptions=True)
    assert mark.written


@pytest.mark.parametrize("act", [reset, close], ids=["reset", "closed"])
@pytest.mark.parametrize("request_", [SEND, LARGE, CANCEL], ids=["small", "large", "empty"])
async def test_a_lost_answer_leaves_the_mark_set(
    act: Act, request_: Request, transport_to: TransportTo
) -> None:
    """A request whose answer is lost on a new connection is marked."""
    async with Server(act) as server:
        found = await lost(transport_to(server.url), request_)

    assert (Reason.CONNECTION_LOST, True) == found
    assert 1 == len(server.requests)


async def test_a_lost_answer_on_a_kept_connection_leaves_the_mark_set(
    transport_to: TransportTo, marking: Marking | None
) -> None:
    """A POST whose answer is lost on a kept connection is marked and not repeated."""
    async with Server(answer(200), reset) as server:
        transport = transport_to(server.url)
        await transport.exchange(SEND, within=5.0, mark=WriteMark())
        found = await lost(transport, SEND)

    assert (Reason.CONNECTION_LOST, True) == found
    connections = 2 if marking is Marking.TRACED else 1
    assert [connections, 2] == [server.connections, len(server.requests)]


async def test_a_request_that_broke_while_it_was_written_is_marked(
    transport_to: TransportTo,
) -> None:
    """A request whose connection breaks while it is written is marked."""
    large = evolve(SEND, body=b"x" * 2**23)
    async with Server(connecting=reset_after_head) as server:
        _, written = await lost(transport_to(server.url), large)

    assert written


async def test_a_late_answer_leaves_the_mark_set(
    transport_to: TransportTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request whose answer does not come in time is marked."""
    loop = asyncio.get_running_loop()
    async with Server(stall) as server:
        exchange = asyncio.create_task(lost(transport_to(server.url), SEND, within=60.0))
        await server.arrived.wait()

        with monkeypatch.context() as patch:
            patch.setattr(loop, "time", lambda read=loop.time: read() + 60.0)
            found = await exchange

    assert (Reason.TIMEOUT, True) == found


async def test_a_refused_connection_leaves_the_mark_unset(
    transport_to: TransportTo,
) -> None:
    """A request whose connection is refused is not marked."""
    found = await lost(transport_to(f"http://127.0.0.1:{refusing_port()}"), SEND)

    assert (Reason.CONNECTION_FAILED, False) == found


async def test_a_handshake_without_end_leaves_the_mark_unset(
    transport_to: TransportTo,
) -> None:
    """A request whose TLS handshake does not end in time is not marked."""
    async with Server(connecting=stall) as server:
        found = await lost(transport_to(server.url.replace("http:", "https:")), SEND, within=0.1)

    assert (Reason.TIMEOUT, False) == found


async def test_an_untrusted_certificate_leaves_the_mark_unset(
    certificate: Any, transport_to: TransportTo
) -> None:
    """A request to a server with an untrusted certificate is not written and not marked."""
    async with Server(answer(200), tls=certificate) as server:
        found = await lost(transport_to(server.url), SEND)

    assert (Reason.MISCONFIGURED, False) == found
    assert [] == server.requests


async def test_waiting_for_a_free_connection_leaves_the_mark_unset(
    transport_to: TransportTo,
) -> None:
    """A request that times out while it waits for a free connection is not marked."""
    async with Server(stall) as server:
        transport = transport_to(server.url, connections=1)
        first = asyncio.create_task(transport.exchange(SEND, within=5.0, mark=WriteMark()))
        await server.arrived.wait()

        found = await lost(transport, SEND, within=0.05)

        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert (Reason.TIMEOUT, False) == found
    assert 1 == len(server.requests)


@pytest.mark.parametrize("count", [0, 1], ids=["first", "later"])
@pytest.mark.parametrize("request_", [SEND, LARGE, CANCEL], ids=["small", "large", "empty"])
async def test_the_mark_is_set_before_the_first_byte(
    request_: Request,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
    transport_to: TransportTo,
) -> None:
    """The mark is set before the first byte is passed to the event loop's transport."""
    mark = WriteMark()
    writes: list[bool] = []

    class Watched:
        def __init__(self, transport: Any) -> None:
            self._transport = transport

        def __getattr__(self, name: str) -> Any:
            if name.startswith("write"):
                writes.append(mark.written)
            return getattr(self._transport, name)

    loop = asyncio.get_running_loop()
    connect = loop.create_connection

    async def connect_watched(*given: Any, **options: Any) -> Any:
        transport, protocol = await connect(*given, **options)
        protocol.transport = Watched(transport)
        return transport, protocol

    monkeypatch.setattr(loop, "create_connection", connect_watched)
    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        for _ in range(count):
            await transport.exchange(SEND, within=5.0, mark=WriteMark())
        writes.clear()
        await transport.exchange(request_, within=5.0, mark=mark)

    assert {True} == set(writes)


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
@pytest.mark.parametrize("effect", [Effect.ONCE, Effect.SENDS])
async def test_what_must_not_be_repeated_is_not_on_a_broken_connection(
    method: str, effect: Effect, transport_to: TransportTo
) -> None:
    """A DELETE or PUT is not repeated on a broken connection, as aiohttp alone would do."""
    request = Request(method, "/send/1", effect=effect)
    async with Server(answer(200), reset, answer(404)) as server:
        transport = transport_to(server.url)
        await transport.exchange(SEND, within=5.0, mark=WriteMark())
        found = await lost(transport, request)

    assert (Reason.CONNECTION_LOST, True) == found
    assert 1 == len([each for each in server.requests if each.line.startswith(method)])


async def test_a_server_that_always_breaks_off_is_not_asked_for_ever(
    transport_to: TransportTo,
) -> None:
    """A repeatable request is repeated once at most, and then its connection counts as lost."""
    async with Server(reset) as server:
        found = await lost(transport_to(server.url), Request("GET", "/x"))

    assert (Reason.CONNECTION_LOST, True) == found
    assert 2 >= len(server.requests)


async def test_no_request_is_remembered_after_its_end(transport_to: TransportTo) -> None:
    """A task that has sent requests leaves nothing of them behind, answered or not."""
    async with Server(answer(200), answer(200), reset) as server:
        transport = transport_to(server.url)
        for _ in range(2):
            await transport.exchange(SEND, within=5.0, mark=WriteMark())
        await lost(transport, SEND)

    assert asyncio.current_task() not in aiohttp_seam.sending


async def test_a_repeatable_request_is_repeated_whole(
    transport_to: TransportTo,
) -> None:
    """A repeatable request is repeated with its whole body if a kept connection breaks."""
    request = Request("PUT", "/x", b"body", effect=Effect.REPEATABLE, content_type="text/plain")
    async with Server(answer(200), reset, answer(200)) as server:
        transport = transport_to(server.url)
        for _ in range(2):
            response = await transport.exchange(request, within=5.0, mark=WriteMark())

    assert 200 == response.status
    assert [(b"body", "4", "text/plain")] * 3 == [
        (each.body, each.headers["content-length"], each.headers["content-type"])
        for each in server.requests
    ]


async def test_requests_of_one_context_have_marks_of_their_own(
    transport_to: TransportTo,
) -> None:
    """Concurrent requests of tasks that share a context have marks of their own."""
    marks = [WriteMark() for _ in range(5)]
    shared = contextvars.copy_context()
    async with Server(reset) as server:
        transport = transport_to(server.url)

        async def ask(mark: WriteMark) -> None:
            with pytest.raises(TransportFault):
                await transport.exchange(SEND, within=5.0, mark=mark)

        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(ask(mark), context=shared) for mark in marks]
        with anyio.fail_after(10):
            await asyncio.gather(*tasks)

    assert [True] * 5 == [mark.written for mark in marks]
    assert 5 == len(server.requests)


async def test_repeated_requests_of_one_context_have_marks_of_their_own(
    transport_to: TransportTo,
) -> None:
    """DELETEs of tasks that share a context have marks of their own, and are sent once."""
    marks = [WriteMark() for _ in range(5)]
    shared = contextvars.copy_context()
    async with Server(reset) as server:
        transport = transport_to(server.url)

        async def ask(number: int) -> None:
            cancel = evolve(CANCEL, url=f"/send/{number}")
            with pytest.raises(TransportFault):
                await transport.exchange(cancel, within=5.0, mark=marks[number])

        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(ask(number), context=shared) for number in range(5)]
        with anyio.fail_after(10):
            await asyncio.gather(*tasks)

    assert [True] * 5 == [mark.written for mark in marks]
    lines = sorted(each.line for each in server.requests)
    assert [f"DELETE /send/{number} HTTP/1.1" for number in range(5)] == lines
