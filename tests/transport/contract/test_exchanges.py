"""Exchanges: credentials, answers, time limits, faults and closing."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from support.servers import Server, Visit, answer, hold, refusing_port, saying, stall

from omnimsg import Reason
from omnimsg.adapter import Request
from omnimsg.transport import TransportFault, WriteMark
from omnimsg.transport.marked_session import Marking

if TYPE_CHECKING:
    import ssl

    from support.transports import AnyTransport, TransportTo

pytestmark = pytest.mark.anyio

BASE = "https://api.tiny.example"
GET = Request("GET", "/x")


async def refused(
    transport: AnyTransport, request: Request, *, within: float = 5.0
) -> TransportFault:
    """Exchange a request that must be refused before anything is opened."""
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await transport.exchange(request, within=within, mark=mark)
    assert (False, False) == (mark.written, transport.is_open)
    return caught.value


async def test_the_session_carries_no_credentials_and_no_cookies(
    transport_to: TransportTo,
) -> None:
    """Credentials and cookies of one request are never added to the next one."""
    async with Server(answer(200, set_cookie="id=1; Path=/")) as server:
        transport = transport_to(server.url)
        for authenticated in (True, False):
            request = Request("GET", "/x", authenticated=authenticated)
            await transport.exchange(request, within=5.0, mark=WriteMark())

    first, second = server.requests
    assert "Tiny s3cret" == first.headers["authorization"]
    assert "authorization" not in second.headers
    assert "cookie" not in second.headers


async def test_a_foreign_url_with_credentials_is_refused_before_connecting(
    transport_to: TransportTo,
) -> None:
    """Credentials for another host are refused without any connection."""
    async with Server(answer(200)) as server, Server(answer(200)) as other:
        request = Request("GET", f"{other.url}/x", authenticated=True)
        fault = await refused(transport_to(server.url), request)

    assert Reason.MISCONFIGURED is fault.reason
    assert [0, 0] == [server.connections, other.connections]


async def test_a_foreign_url_without_credentials_is_allowed(
    transport_to: TransportTo,
) -> None:
    """A request to another host without credentials is allowed."""
    async with Server(answer(200)) as server, Server(answer(204)) as other:
        response = await transport_to(server.url).exchange(
            Request("PUT", f"{other.url}/x", b"file"), within=5.0, mark=WriteMark()
        )

    assert 204 == response.status
    assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize("within", [0.0, -1.0])
async def test_no_time_left_is_a_timeout(within: float, transport_to: TransportTo) -> None:
    """A time limit of 0 or less is a timeout before connecting."""
    fault = await refused(transport_to(BASE), GET, within=within)

    assert Reason.TIMEOUT is fault.reason


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_an_answer_larger_than_the_limit_is_a_fault(
    framing: str, transport_to: TransportTo
) -> None:
    """An answer over the size limit is a fault, with and without an announced length."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    big = {
        "length": answer(200, b"x" * 101),
        "chunks": saying(head + b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n"),
    }
    mark = WriteMark()
    async with Server(big[framing]) as server:
        with pytest.raises(TransportFault) as caught:
            await transport_to(server.url, max_answer_bytes=100).exchange(
                GET, within=5.0, mark=mark
            )

    assert Reason.INVALID_RESPONSE is caught.value.reason
    assert mark.written


async def test_a_timeout_does_not_leave_its_task_cancelled(
    transport_to: TransportTo,
) -> None:
    """A timeout raises a fault and does not leave the task cancelled."""
    async with Server(stall) as server:
        with pytest.raises(TransportFault) as caught:
            await transport_to(server.url).exchange(GET, within=0.02, mark=WriteMark())

    task = asyncio.current_task()
    assert task is not None
    assert (Reason.TIMEOUT, 0) == (caught.value.reason, task.cancelling())


async def test_a_shorter_timeout_of_the_caller_is_its_own(
    transport_to: TransportTo,
) -> None:
    """The caller's `asyncio.timeout` raises `TimeoutError`, not a fault of the transport."""
    async with Server(stall) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await transport_to(server.url).exchange(GET, within=5.0, mark=WriteMark())


async def test_only_the_exchange_whose_time_is_over_ends(
    transport_to: TransportTo,
) -> None:
    """A timeout of one exchange does not end the others."""
    speak = asyncio.Event()

    async def slowly(visit: Visit) -> None:
        await speak.wait()
        await answer(200)(visit)

    async with Server(slowly) as server:
        transport = transport_to(server.url)
        exchanges = [
            asyncio.create_task(transport.exchange(GET, within=within, mark=WriteMark()))
            for within in (30.0, 1.0, 30.0)
        ]
        with pytest.raises(TransportFault) as caught:
            await exchanges[1]
        assert [False, True, False] == [each.done() for each in exchanges]
        speak.set()

        assert [200, 200] == [(await exchanges[index]).status for index in (0, 2)]
    assert Reason.TIMEOUT is caught.value.reason


async def test_a_query_is_escaped_and_keeps_its_order(
    transport_to: TransportTo,
) -> None:
    """A query is escaped, keeps its order and may repeat names."""
    query = (("to", "+372"), ("tag", "a&b"), ("tag", "c d"))
    async with Server(answer(200)) as server:
        request = Request("GET", "/x?first=1", query=query)
        await transport_to(server.url).exchange(request, within=5.0, mark=WriteMark())

    assert "GET /x?first=1&to=%2B372&tag=a%26b&tag=c+d HTTP/1.1" == server.requests[0].line


async def test_no_request_is_taken_for_another(transport_to: TransportTo) -> None:
    """Requests that differ in one thing each are sent as they are, in any order."""
    requests = [
        Request("GET", "/x"),
        Request("GET", "/y"),
        Request("DELETE", "/x"),
        Request("GET", "/x", query=(("page", "1"),)),
        Request("GET", "/x", query=(("page", "2"),)),
        Request("GET", "/x", headers={"Accept": "*/*"}),
        Request("GET", "/x", headers={"Accept": "text/plain"}),
        Request("GET", "/x", authenticated=True),
        Request("POST", "/x", b"1", content_type="text/plain"),
        Request("POST", "/x", b"1", content_type="text/html"),
    ]
    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        for each in [*requests, *reversed(requests)]:
            await transport.exchange(each, within=5.0, mark=WriteMark())

    sent = [
        (each.line, *map(each.headers.get, ("accept", "authorization", "content-type")))
        for each in server.requests
    ]
    assert 10 == len(set(sent[:10]))
    assert sent[:10] == sent[:9:-1]


async def test_an_answer_in_pieces_is_read_to_its_end(
    transport_to: TransportTo, marking: Marking | None
) -> None:
    """A body may come with its head, later in pieces, or not at all."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"

    async def in_pieces(visit: Visit) -> None:
        for piece in (head, b"abc", b"def"):
            await visit.say(piece)
            await asyncio.sleep(0.01)

    async with Server(in_pieces, saying(head + b"abcdef"), answer(204)) as server:
        transport = transport_to(server.url)
        bodies = [
            (await transport.exchange(GET, within=5.0, mark=WriteMark())).body for _ in range(3)
        ]

    assert [b"abcdef", b"abcdef", b""] == bodies
    assert (3 if marking is Marking.TRACED else 1) == server.connections


async def test_closing_waits_for_the_answer_and_then_refuses(
    transport_to: TransportTo,
) -> None:
    """Closing waits for answers in flight, and then requests are refused."""
    speak = asyncio.Event()

    async def slowly(visit: Visit) -> None:
        await speak.wait()
        await answer(200, b"{}")(visit)

    async with Server(slowly) as server:
        transport = transport_to(server.url)
        exchange = asyncio.create_task(transport.exchange(GET, within=5.0, mark=WriteMark()))
        await server.arrived.wait()
        closing = asyncio.create_task(transport.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        speak.set()

        assert 200 == (await exchange).status
        await closing
        fault = await refused(transport, GET)

    assert Reason.CANCELLED is fault.reason


async def test_closing_waits_for_the_last_answer(transport_to: TransportTo) -> None:
    """Closing waits for all answers in flight, not for the first of them."""
    turns = {"/1": asyncio.Event(), "/2": asyncio.Event()}
    arrived: asyncio.Queue[str] = asyncio.Queue()

    async def slowly(visit: Visit) -> None:
        path = visit.received.line.split()[1]
        arrived.put_nowait(path)
        await turns[path].wait()
        await answer(200, b"{}")(visit)

    async with Server(slowly) as server:
        transport = transport_to(server.url)
        first, second = (
            asyncio.create_task(
                transport.exchange(Request("GET", path), within=5.0, mark=WriteMark())
            )
            for path in turns
        )
        await arrived.get()
        await arrived.get()
        closing = asyncio.create_task(transport.aclose())
        turns["/1"].set()
        assert 200 == (await first).status
        await asyncio.sleep(0.01)
        turns["/2"].set()

        assert 200 == (await second).status
        await closing


async def test_a_closed_transport_leaves_no_timer(
    monkeypatch: pytest.MonkeyPatch, transport_to: TransportTo
) -> None:
    """Closing cancels the timer of past exchanges."""
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    call_at = loop.call_at

    def noted(*given: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(call_at(*given, **options))
        return timers[-1]

    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        monkeypatch.setattr(loop, "call_at", noted)
        for _ in range(3):
            await transport.exchange(GET, within=500.0, mark=WriteMark())
        monkeypatch.undo()
        long = [timer for timer in timers if timer.when() > loop.time() + 100]
        assert [False] == [timer.cancelled() for timer in long]
        await transport.aclose()

    assert [True] == [timer.cancelled() for timer in long]


@pytest.mark.parametrize("how", ["scope", "task"])
async def test_a_cancelled_close_still_closes_the_connections(
    how: str, transport_to: TransportTo
) -> None:
    """A cancelled `aclose` still closes the connections."""
    async with Server(hold) as server:
        transport = transport_to(server.url)
        exchange = asyncio.create_task(transport.exchange(GET, within=5, mark=WriteMark()))
        await server.arrived.wait()

        if how == "scope":
            with anyio.CancelScope() as scope:
                scope.cancel()
                await transport.aclose()
        else:
            closing = asyncio.create_task(transport.aclose())
            await asyncio.sleep(0)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing

        with pytest.raises(TransportFault):
            await exchange
        with anyio.fail_after(5):
            await server.left.wait()


async def test_closing_during_a_name_look_up_is_no_cancellation(
    transport_to: TransportTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing ends a request that looks up a name with a fault, not with a cancellation."""
    asked, over = threading.Event(), threading.Event()

    def slowly(*_: object, **__: object) -> None:
        asked.set()
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    transport, mark = transport_to(BASE), WriteMark()
    exchange = asyncio.create_task(transport.exchange(GET, within=60, mark=mark))
    try:
        await asyncio.to_thread(asked.wait, 20)
        with anyio.move_on_after(0):
            await transport.aclose()
    finally:
        over.set()
    with pytest.raises(TransportFault) as caught:
        await exchange

    assert (False, False) == (mark.written, transport.is_open)
    assert caught.value.reason in {Reason.CANCELLED, Reason.CONNECTION_FAILED}


async def test_an_invalid_request_raises_pythons_own_error(
    transport_to: TransportTo,
) -> None:
    """An invalid `Request` of an adapter raises Python's own error, not a fault."""
    async with Server(answer(200)) as server:
        with pytest.raises((AttributeError, TypeError)):  # depends on aiohttp's version
            await transport_to(server.url).exchange(
                Request(5, "/x"),  # type: ignore[arg-type]  # on purpose
                within=5.0,
                mark=WriteMark(),
            )


def test_the_repr_shows_no_credentials(transport_to: TransportTo) -> None:
    """The repr shows the base URL only."""
    transport = transport_to(BASE)

    assert f"{type(transport).__name__}({BASE!r})" == repr(transport)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (socket.EAI_NONAME, "there is no host api.tiny.example; check base_url"),
        (socket.EAI_AGAIN, "no connection to api.tiny.example: the resolver's text"),
    ],
)
async def test_a_host_that_is_not_found_is_a_failed_connection(
    code: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    transport_to: TransportTo,
    marking: Marking | None,
) -> None:
    """A host name that is not found is a failed connection; the text names the host."""

    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "the resolver's text")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await transport_to(BASE).exchange(GET, within=5, mark=mark)

    assert (Reason.CONNECTION_FAILED, False) == (caught.value.reason, mark.written)
    error = "gaierror" if marking is None else "ClientConnectorDNSError"
    assert f"{expected} ({error})" == caught.value.detail


async def test_a_host_without_addresses_is_a_failed_connection(
    monkeypatch: pytest.MonkeyPatch, transport_to: TransportTo
) -> None:
    """A look-up that succeeds without an address is a failed connection, and not an error."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await transport_to(BASE).exchange(GET, within=5, mark=mark)

    assert (Reason.CONNECTION_FAILED, False) == (caught.value.reason, mark.written)
    assert "there is no host api.tiny.example; check base_url" in caught.value.detail


@pytest.mark.parametrize("speaks_tls", [False, True], ids=["plain", "tls"])
async def test_a_failed_connection_names_the_host_and_the_cause(
    speaks_tls: bool, transport_to: TransportTo, certificate: ssl.SSLContext
) -> None:
    """A failed connection names host and cause, without the path and the credentials."""
    port = refusing_port()
    async with Server(answer(200), tls=certificate) as server:
        transport = transport_to(server.url if speaks_tls else f"http://127.0.0.1:{port}")
        with pytest.raises(TransportFault) as caught:
            await transport.exchange(
                Request("GET", "/secret", authenticated=True), within=5, mark=WriteMark()
            )

    expected = (
        f"the certificate of 127.0.0.1:{server.port} is not trusted: self-signed certificate; see"
        " `ca_file`"
        if speaks_tls
        else f"no connection to 127.0.0.1:{port}: connection refused"
    )
    said, _, error = caught.value.detail.replace("self signed", "self-signed").rpartition(" (")
    assert expected == said
    assert error.removesuffix(")").isidentifier()


async def test_long_and_many_header_lines_are_read(
    transport_to: TransportTo,
) -> None:
    """Answers with a header line of 9 KB or with 200 lines are read, as gateways send them."""
    lines = {f"x-{number}": "1" for number in range(200)}
    long = "x" * 9 * 1024
    async with Server(answer(200, b"{}", content_security_policy=long, **lines)) as server:
        response = await transport_to(server.url).exchange(GET, within=5.0, mark=WriteMark())

    assert (long, "1") == (response.header("Content-Security-Policy"), response.header("X-199"))
    assert b"{}" == response.body


async def test_only_encodings_that_python_decodes_are_advertised(
    transport_to: TransportTo,
) -> None:
    """`Accept-Encoding` is gzip and deflate, whatever else is installed."""
    async with Server(answer(200, gzip.compress(b"{}"), content_encoding="gzip")) as server:
        response = await transport_to(server.url).exchange(GET, within=5.0, mark=WriteMark())

    assert b"{}" == response.body
    assert "gzip, deflate" == server.requests[0].headers["accept-encoding"]
