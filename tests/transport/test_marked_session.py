"""`MarkedSession`: the choice between the two ways of marking, and failures of both."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from multidict import CIMultiDict
from support.servers import Server, Visit, answer, refusing_port, reset, stall

from omnimsg.adapter import Effect, Request
from omnimsg.transport import Network, TransportFault, WriteMark, marked_session
from omnimsg.transport.aiohttp_seam import TrackedRequest
from omnimsg.transport.marked_session import MarkedSession, Marking

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.transport.aiohttp_transport import HttpTransport

pytestmark = pytest.mark.anyio

SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")
CANCEL = Request("DELETE", "/send/1", effect=Effect.ONCE)


@pytest.fixture
def marking() -> Marking:
    """Start with the marking that a user's transport starts with."""
    return Marking.VERIFYING


async def ask(transport: HttpTransport, request: Request = SEND) -> bool:
    """Exchange a request, whether or not it is answered; return its mark."""
    mark = WriteMark()
    with suppress(TransportFault):
        await transport.exchange(request, within=5.0, mark=mark)
    return mark.written


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Return the level and the text of the transport's log lines."""
    return [
        (level, text) for name, level, text in caplog.record_tuples if name == "omnimsg.transport"
    ]


def rename_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let aiohttp no longer call the overridden `send`."""
    monkeypatch.delattr(TrackedRequest, "send")


async def test_the_fast_way_is_used_once_a_request_was_seen_to_be_tracked(
    transport_to: Callable[..., HttpTransport], caplog: pytest.LogCaptureFixture
) -> None:
    """After one tracked request the fast way is used on the same connection, without a log."""
    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        before = transport.marking
        marks = [await ask(transport) for _ in range(3)]

    assert (Marking.VERIFYING, Marking.TRACKED) == (before, transport.marking)
    assert [True] * 3 == marks
    assert 1 == server.connections
    assert [] == logged(caplog)


async def test_a_lost_answer_verifies_too(transport_to: Callable[..., HttpTransport]) -> None:
    """A tracked request verifies the fast way even if its answer is lost."""
    async with Server(reset) as server:
        transport = transport_to(server.url)
        await ask(transport)

    assert Marking.TRACKED is transport.marking


async def test_a_request_without_a_connection_verifies_nothing(
    transport_to: Callable[..., HttpTransport],
) -> None:
    """A request without a connection does not verify the fast way."""
    transport = transport_to(f"http://127.0.0.1:{refusing_port()}")
    mark = await ask(transport)

    assert (False, Marking.VERIFYING) == (mark, transport.marking)


async def test_the_first_lost_answer_counts_where_aiohttp_does_not_call_send(
    monkeypatch: pytest.MonkeyPatch, transport_to: Callable[..., HttpTransport]
) -> None:
    """A first request whose answer is lost is marked, even if aiohttp does not call `send`."""
    rename_send(monkeypatch)
    async with Server(reset) as server:
        mark = await ask(transport_to(server.url))

    assert mark
    assert 1 == len(server.requests)


async def test_the_public_way_is_used_where_aiohttp_does_not_call_send(
    monkeypatch: pytest.MonkeyPatch,
    transport_to: Callable[..., HttpTransport],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If aiohttp does not call `send`, the public way is used, and that is logged once."""
    rename_send(monkeypatch)
    async with Server(answer(200), answer(200), reset) as server:
        transport = transport_to(server.url)
        marks = [await ask(transport, request) for request in (SEND, SEND, CANCEL)]
    marks.append(await ask(transport))  # the server is closed

    assert Marking.TRACED is transport.marking
    assert [True, True, True, False] == marks
    assert 3 == len(server.requests)
    ((level, text),) = logged(caplog)
    assert logging.WARNING == level
    assert "it does not call ClientRequest.send" in text


async def test_the_public_way_is_used_where_send_is_called_in_another_task(
    monkeypatch: pytest.MonkeyPatch, transport_to: Callable[..., HttpTransport]
) -> None:
    """If aiohttp calls `send` in another task, the public way is used."""
    send = TrackedRequest.send

    async def in_another_task(
        self: TrackedRequest, conn: aiohttp.connector.Connection
    ) -> aiohttp.ClientResponse:
        return await asyncio.create_task(send(self, conn))

    monkeypatch.setattr(TrackedRequest, "send", in_another_task)
    async with Server(answer(200), reset) as server:
        transport = transport_to(server.url)
        marks = [await ask(transport) for _ in range(2)]

    assert (Marking.TRACED, [True, True]) == (transport.marking, marks)
    assert 2 == len(server.requests)


async def _with_more(self: object, conn: object, more: object) -> None:
    raise NotImplementedError


def _at_once(self: object, conn: object) -> None:
    raise NotImplementedError


def _no_headers(self: aiohttp.ClientRequest, headers: object) -> None:
    self.headers = CIMultiDict()


def _no_body(self: object) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("target", "name", "value", "problem"),
    [
        (aiohttp.ClientRequest, "send", None, "there is no ClientRequest.send"),
        (aiohttp.ClientRequest, "send", _with_more, "ClientRequest.send takes other arguments"),
        (aiohttp.ClientRequest, "send", _at_once, "ClientRequest.send is a plain function"),
        (aiohttp.ClientRequest, "update_headers", _with_more, "ClientRequest.update_headers takes"),
        (
            aiohttp.ClientRequest,
            "update_auto_headers",
            None,
            "no ClientRequest.update_auto_headers",
        ),
        (aiohttp, "http", None, "there is no http.StreamWriter.__init__"),
        (aiohttp.ClientResponse, "__init__", _at_once, "ClientResponse.__init__ takes other"),
        (aiohttp.connector.Connection, "protocol", None, "no connector.Connection.protocol"),
        (BaseProtocol, "writing_paused", None, "no base_protocol.BaseProtocol.writing_paused"),
        (aiohttp.ClientRequest, "request_info", None, "there is no ClientRequest.request_info"),
        (aiohttp.ClientRequest, "__init__", _at_once, "a request cannot be built (TypeError)"),
        (
            TrackedRequest,
            "update_headers",
            _no_headers,
            "does not keep its header lines as they are",
        ),
        (aiohttp.ClientRequest, "body", property(_no_body), "a request does not keep its body"),
    ],
)
async def test_a_changed_aiohttp_is_noticed_before_the_first_request(
    target: Any,
    name: str,
    value: object,
    problem: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If aiohttp lacks a method that is needed, the public way is used, and the log says why."""
    with pytest.MonkeyPatch.context() as patch:
        if value is None:
            patch.delattr(target, name)
        else:
            patch.setattr(target, name, value)
        session = MarkedSession(
            connections=1, marking=Marking.VERIFYING, network=Network(), tls=None
        )
    await session.aclose()

    ((level, text),) = logged(caplog)
    assert (Marking.TRACED, logging.WARNING) == (session.marking, level)
    assert problem in text
    assert f"aiohttp {aiohttp.__version__}" in text


async def test_an_unmarked_answer_makes_every_request_count_as_written(
    monkeypatch: pytest.MonkeyPatch,
    transport_to: Callable[..., HttpTransport],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After an answer to an unmarked request, every request counts as written."""
    rename_send(monkeypatch)
    async with Server(answer(200), answer(200), reset) as server:
        transport = transport_to(server.url, marking=Marking.TRACKED)
        marks = [await ask(transport, request) for request in (SEND, SEND, CANCEL)]
    marks.append(await ask(transport))  # the server is closed

    assert [True] * 4 == marks
    assert 3 == len(server.requests)
    ((level, text),) = logged(caplog)
    assert logging.ERROR == level
    assert "every request counts as written" in text


async def test_a_request_counts_from_its_start_once_marks_have_failed(
    monkeypatch: pytest.MonkeyPatch, transport_to: Callable[..., HttpTransport]
) -> None:
    """Once marking has failed, a request's mark is set before it is sent."""
    rename_send(monkeypatch)
    monkeypatch.setattr(marked_session, "mark_tracing", aiohttp.TraceConfig)
    mark = WriteMark()
    async with Server(answer(200), stall) as server:
        transport = transport_to(server.url)
        await ask(transport)
        server.arrived.clear()
        under_way = asyncio.create_task(transport.exchange(SEND, within=5.0, mark=mark))
        await server.arrived.wait()

        assert mark.written
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)


async def test_a_request_under_way_counts_when_the_mark_is_found_to_fail(
    monkeypatch: pytest.MonkeyPatch, transport_to: Callable[..., HttpTransport]
) -> None:
    """A request in flight when marking is found to fail counts as written."""
    rename_send(monkeypatch)
    proven = asyncio.Event()

    async def lose_later(visit: Visit) -> None:
        await proven.wait()
        await reset(visit)

    async with Server(lose_later, answer(200)) as server:
        transport = transport_to(server.url, marking=Marking.TRACKED)
        under_way = asyncio.create_task(ask(transport))
        await server.arrived.wait()
        await ask(transport)
        proven.set()

        assert await under_way


@pytest.mark.parametrize("first", [Marking.VERIFYING, Marking.TRACED])
async def test_a_tracing_that_is_silent_is_noticed_too(
    first: Marking,
    monkeypatch: pytest.MonkeyPatch,
    transport_to: Callable[..., HttpTransport],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If both ways fail, every request after the first answer counts as written."""
    rename_send(monkeypatch)
    monkeypatch.setattr(marked_session, "mark_tracing", aiohttp.TraceConfig)
    async with Server(answer(200), answer(200), reset) as server:
        transport = transport_to(server.url, marking=first)
        marks = [await ask(transport, request) for request in (SEND, SEND, CANCEL)]

    assert [True] * 3 == marks
    assert 3 == len(server.requests)
    assert logging.ERROR == logged(caplog)[-1][0]


async def test_a_small_request_needs_no_task(transport_to: Callable[..., HttpTransport]) -> None:
    """A small request on an open connection starts no task."""
    started: list[object] = []

    def start(loop: asyncio.AbstractEventLoop, work: Any, **named: Any) -> asyncio.Task[Any]:
        started.append(work)
        return asyncio.Task(work, loop=loop, **named)

    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        await ask(transport)
        loop = asyncio.get_running_loop()
        loop.set_task_factory(start)
        try:
            await ask(transport)
        finally:
            loop.set_task_factory(None)

    assert [] == started
    assert 1 == server.connections
