"""The transport over `asyncio.Protocol`: what it does beyond the contract or unlike aiohttp."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import support.servers
from attrs import evolve
from support.servers import Server, Visit, answer, reset, saying, stall
from support.transports import asked, lost

from omnimsg import ConfigError, Network, Reason
from omnimsg.adapter import Effect, Request
from omnimsg.transport import (
    TransportFault,
    TransportKind,
    TransportOptions,
    WriteMark,
    create_http_transport,
)
from omnimsg.transport.protocol.connection import Connection
from omnimsg.transport.protocol.origin import Origin

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from omnimsg.transport.marked_session import Marking
    from omnimsg.transport.protocol.protocol_transport import ProtocolTransport

    TransportTo = Callable[..., ProtocolTransport]

pytestmark = pytest.mark.anyio

CERTIFICATE = Path(support.servers.__file__).with_name("nobody.pem")
SEND = Request("POST", "/send", b"{}", effect=Effect.SENDS, content_type="application/json")
OPTIONS = TransportOptions(
    base_url="https://a.example",
    hosts=frozenset({"a.example"}),
    authorization={},
    connections=1,
    network=Network(transport="protocol"),
)


@pytest.fixture
def marking() -> Marking | None:
    """Use the transport without aiohttp."""
    return None


def test_the_key_of_the_account_selects_it(caplog: pytest.LogCaptureFixture) -> None:
    """`transport = "protocol"` selects the transport; aiohttp is the default."""
    caplog.set_level(logging.WARNING)

    assert Network(transport=TransportKind.PROTOCOL) == OPTIONS.network
    assert TransportKind.AIOHTTP is Network().transport
    assert "ProtocolTransport('https://a.example')" == repr(create_http_transport(OPTIONS))


def test_it_does_not_import_aiohttp() -> None:
    """The transport does not import aiohttp."""
    code = (
        "import sys; from omnimsg.transport import *;"
        "create_http_transport(TransportOptions(base_url='https://a.example', hosts=frozenset(),"
        " authorization={}, connections=1, network=Network(transport='protocol')));"
        "print({'aiohttp', 'httptools'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)  # noqa: S603 - our own code

    assert "{'httptools'}" == done.stdout.strip()


@pytest.mark.parametrize("missing", ["httptools", "aiohappyeyeballs"])
def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """A missing package is named, with the command that installs it."""
    for name in list(sys.modules):
        if name.startswith("omnimsg.transport.protocol"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)  # not installed

    with pytest.raises(ConfigError) as caught:
        create_http_transport(OPTIONS)

    expected = f"needs {missing}, which is not installed: pip install 'omnimsg[protocol]'"
    assert f'transport = "protocol" {expected}' == str(caught.value)


async def test_the_first_byte_of_a_foreign_answer_is_seen(transport_to: TransportTo) -> None:
    """A connection with a single unsolicited byte is not used for the next request.

    Over aiohttp that byte cannot be seen, and the next request is ambiguous.
    """
    surplus = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}H"
    async with Server(saying(surplus), answer(201)) as server:
        transport = transport_to(server.url)
        statuses = [(await asked(transport, SEND)).status for _ in range(2)]

    assert [200, 201] == statuses
    assert 2 == server.connections


async def test_a_connection_on_which_the_server_speaks_first_is_not_used(
    transport_to: TransportTo,
) -> None:
    """A connection on which the server speaks first fails, and the mark says whether bytes left."""

    async def greet(visit: Visit) -> None:
        await visit.say(b"220 mail.example ESMTP\r\n")
        await stall(visit)

    mark = WriteMark()
    async with Server(connecting=greet) as server:
        transport = transport_to(server.url)
        with pytest.raises(TransportFault) as caught:
            await transport.exchange(SEND, within=5.0, mark=mark)

    # The server's greeting may come after the request has left.
    assert caught.value.reason in (Reason.CONNECTION_FAILED, Reason.INVALID_RESPONSE)
    assert mark.written is (caught.value.reason is Reason.INVALID_RESPONSE)


async def test_many_interim_responses_are_no_answer(transport_to: TransportTo) -> None:
    """An endless series of interim responses fails before the timeout."""
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    async with Server(saying(interim * 1000)) as server:
        reason = await lost(transport_to(server.url), SEND)

    assert Reason.INVALID_RESPONSE is reason


async def test_many_interim_responses_of_a_proxy_are_no_answer(
    transport_to: TransportTo, caplog: pytest.LogCaptureFixture
) -> None:
    """An endless series of interim responses of a proxy is a failed connection, without a log."""
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    async with Server(saying(interim * 2000, then=stall)) as proxy:
        network = Network(proxy=f"http://127.0.0.1:{proxy.port}")
        transport = transport_to("https://a.example", network=network)
        with pytest.raises(TransportFault) as caught:
            await transport.exchange(SEND, within=5.0, mark=WriteMark())

    logged = [each.name for each in caplog.records if each.levelno >= logging.WARNING]
    assert (Reason.CONNECTION_FAILED, []) == (caught.value.reason, logged)


@pytest.mark.parametrize("status", ["000", "099"])
async def test_a_status_below_100_is_no_interim_response(
    transport_to: TransportTo, status: str
) -> None:
    """An answer whose status is no status of HTTP is not waited beyond."""
    line = f"HTTP/1.1 {status} Odd\r\nContent-Length: 0\r\n\r\n"
    async with Server(saying(line.encode(), then=stall)) as server:
        reason = await lost(transport_to(server.url), SEND)

    assert Reason.INVALID_RESPONSE is reason


@pytest.mark.parametrize(
    "request_",
    [
        evolve(SEND, headers={"Content-Length": "3"}),
        evolve(SEND, headers={"Content-Length": "x"}),
        evolve(SEND, headers={"transfer-encoding": "chunked"}),
        evolve(SEND, headers={"X Y": "1"}),
        evolve(SEND, headers={"X:": "1"}),
        Request("GE T", "/x"),
        Request("GET\r\n", "/x"),
    ],
    ids=lambda each: f"{each.method!r} {dict(each.headers)}",
)
async def test_what_cannot_be_written_is_refused(
    transport_to: TransportTo, request_: Request
) -> None:
    """A request with an invalid method or header is refused before connecting."""
    transport = transport_to("https://api.tiny.example")
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await transport.exchange(request_, within=5.0, mark=mark)

    assert (Reason.MISCONFIGURED, False, False) == (
        caught.value.reason,
        mark.written,
        transport.is_open,
    )


async def test_a_repetition_may_meet_another_stale_connection(transport_to: TransportTo) -> None:
    """A repeated request that meets another stale connection is repeated once more."""
    get = evolve(SEND, effect=Effect.READ)
    acts = [answer(200), reset, answer(201), reset, answer(202)]
    async with Server(*acts) as server:
        transport = transport_to(server.url, connections=1)
        await asked(transport, get)
        responses = await asyncio.gather(asked(transport, get), asked(transport, SEND))

    assert [202, 201] == [each.status for each in responses]
    assert (5, 3) == (len(server.requests), server.connections)


async def test_a_small_exchange_needs_one_future_and_no_task(
    monkeypatch: pytest.MonkeyPatch, transport_to: TransportTo
) -> None:
    """A small exchange on an open connection starts no task."""
    loop = asyncio.get_running_loop()
    made: list[str] = []
    create_future = loop.create_future

    def noted() -> asyncio.Future[Any]:
        made.append("future")
        return create_future()

    def start(loop: asyncio.AbstractEventLoop, work: Any, **named: Any) -> asyncio.Task[Any]:
        made.append("task")
        return asyncio.Task(work, loop=loop, **named)

    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        await asked(transport, SEND)
        monkeypatch.setattr(loop, "create_future", noted)
        loop.set_task_factory(start)
        try:
            await asked(transport, SEND)
        finally:
            loop.set_task_factory(None)
            monkeypatch.undo()
        served = len(server.requests)

    assert 2 == served
    # Futures are not counted, because the server in this loop creates some too.
    assert "task" not in made


async def test_an_answer_that_nobody_waits_for_is_forgotten() -> None:
    """The answer to a cancelled request leaves nothing behind for the next request."""
    kept: list[Connection] = []

    class Owner:
        def release(self, connection: Connection) -> None:
            kept.append(connection)

        def forget(self, connection: Connection) -> None:
            raise AssertionError

        lost = forget

    class Wire(asyncio.Transport):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            """Discard the data."""

    origin = Origin("http", "a.example", 80, "a.example")
    connection = Connection(asyncio.get_running_loop(), Owner(), origin, 100)
    connection.connection_made(Wire())
    first = connection.send(b"first", WriteMark())
    first.cancel()
    connection.data_received(b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 99\r\n\r\n" + b"x" * 99)
    connection.give_up(first)
    second = connection.send(b"second", WriteMark())
    connection.data_received(b"HTTP/1.1 201 OK\r\nContent-Length: 99\r\n\r\n" + b"y" * 98)
    connection.data_received(b"z")

    response = await second
    assert (201, b"y" * 98 + b"z", None) == (response.status, response.body, response.header("x"))
    assert [connection, connection] == kept


class TestOnUvloop:
    """The transport on uvloop."""

    @pytest.fixture
    def anyio_backend(self) -> tuple[str, dict[str, Any]]:
        """Run these tests on uvloop."""
        pytest.importorskip("uvloop")
        return "asyncio", {"use_uvloop": True}

    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_requests_are_exchanged(
        self, transport_to: TransportTo, certificate: ssl.SSLContext, scheme: str
    ) -> None:
        """Small and large requests are exchanged on uvloop, with TLS and without."""
        tls = certificate if scheme == "https" else None
        large = bytes(range(256)) * 4096
        async with Server(answer(200, b"{}"), answer(200, large), tls=tls) as server:
            transport = transport_to(server.url, network=Network(ca_file=CERTIFICATE))
            small = await asked(transport, SEND)
            answers = [await asked(transport, evolve(SEND, body=large)) for _ in range(2)]
            await transport.aclose()

        assert [b"{}", large, large] == [small.body, *(each.body for each in answers)]
        assert large == server.requests[-1].body
        assert 1 == server.connections

    async def test_an_unused_connection_that_speaks_is_closed(
        self, transport_to: TransportTo
    ) -> None:
        """An idle connection with unsolicited bytes is closed on uvloop."""
        writers: list[asyncio.StreamWriter] = []

        async def answering(visit: Visit) -> None:
            writers.append(visit.writer)
            await answer(200)(visit)

        async with Server(answering, answer(201)) as server:
            transport = transport_to(server.url)
            await asked(transport, SEND)
            writers[0].write(b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n")
            await asyncio.sleep(0.05)
            response = await asked(transport, SEND)

        assert (201, 2) == (response.status, server.connections)


@pytest.mark.parametrize(
    ("method", "length"),
    [
        *((method, None) for method in ("DELETE", "GET", "HEAD", "OPTIONS", "TRACE")),
        *((method, "0") for method in ("PATCH", "POST", "PUT")),
    ],
)
async def test_only_methods_that_have_a_body_announce_an_empty_one(
    method: str, length: str | None, transport_to: TransportTo
) -> None:
    """A request without a body has a length if servers expect a body, and no media type."""
    async with Server(answer(200)) as server:
        await asked(transport_to(server.url), Request(method, "/x"))

    (received,) = server.requests
    assert (f"{method} /x HTTP/1.1", length, None) == (
        received.line,
        received.headers.get("content-length"),
        received.headers.get("content-type"),
    )


async def test_requests_to_one_url_have_header_lines_of_their_own(
    transport_to: TransportTo,
) -> None:
    """What one request has of body, media type and credentials is not what the next one has."""
    untyped = evolve(SEND, content_type=None)
    requests = [evolve(untyped, body=None), untyped, SEND, evolve(SEND, authenticated=True)]
    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        for request in requests * 2:
            await asked(transport, request)

    binary, json = "application/octet-stream", "application/json"
    expected = [(None, None), (binary, None), (json, None), (json, "Tiny s3cret")]
    assert expected * 2 == [
        (each.headers.get("content-type"), each.headers.get("authorization"))
        for each in server.requests
    ]


@pytest.mark.parametrize(("keepalive", "line"), [(0.0, "close"), (60.0, None)])
async def test_a_server_is_told_that_its_connection_is_not_kept(
    keepalive: float, line: str | None, transport_to: TransportTo
) -> None:
    """Without keepalive a request says so, and the server need not wait for another one."""
    async with Server(answer(200)) as server:
        await asked(transport_to(server.url, network=Network(keepalive=keepalive)), SEND)

    assert line == server.requests[0].headers.get("connection")


async def test_each_host_has_connections_of_its_own(transport_to: TransportTo) -> None:
    """A connection carries no request to another host, not even at the same port."""
    async with Server(answer(200)) as server:
        transport = transport_to(server.url)
        hosts = [f"127.0.0.1:{server.port}", f"localhost:{server.port}"]
        for host in hosts * 2:
            await asked(transport, Request("GET", f"http://{host}/x"))

    assert hosts * 2 == [each.headers["host"] for each in server.requests]
    assert 2 == server.connections
