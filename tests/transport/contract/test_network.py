"""An account's `Network` options: proxy, certificates, timeouts, idle connections."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
import support.servers
from support.servers import Gone, Server, Visit, answer, refusing_port, reset, saying, stall

from omnimsg import InvalidValue, Network, Proxy, Reason
from omnimsg.adapter import Multipart, Request, Source
from omnimsg.transport import (
    TransportFault,
    TransportOptions,
    WriteMark,
    create_http_transport,
)
from omnimsg.transport.endpoints import Endpoints
from omnimsg.transport.marked_session import Marking

if TYPE_CHECKING:
    import ssl

    from support.transports import AnyTransport, TransportTo

pytestmark = pytest.mark.anyio

CERTIFICATE = Path(support.servers.__file__).with_name("nobody.pem")
GET = Request("GET", "/x", authenticated=True)


async def tunnel(
    visit: Visit, *, head: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
) -> None:
    """Act as an HTTP proxy does for CONNECT."""
    method, target, _ = visit.received.line.split()
    assert method == "CONNECT"
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
        sink.close()

    try:
        await visit.say(head)
        await asyncio.gather(copy(visit.reader, writer), copy(reader, visit.writer))
    finally:
        writer.close()
    raise Gone


async def failed(
    transport: AnyTransport, request: Request = GET, *, within: float = 5.0
) -> tuple[TransportFault, bool]:
    """Exchange a request that gets no answer; return the fault, and whether a byte left."""
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await transport.exchange(request, within=within, mark=mark)
    return caught.value, mark.written


async def test_requests_go_through_the_tunnel_of_a_proxy(
    transport_to: TransportTo, certificate: ssl.SSLContext, marking: Marking | None
) -> None:
    """Through a proxy, each side gets only its own credentials."""
    async with Server(answer(200, b"{}"), tls=certificate) as server, Server(tunnel) as proxy:
        address = f"http://me:p%40ss@127.0.0.1:{proxy.port}"
        transport = transport_to(server.url, network=Network(proxy=address, ca_file=CERTIFICATE))
        mark = WriteMark()
        for _ in range(3):
            response = await transport.exchange(GET, within=5.0, mark=mark)
        await transport.aclose()

    # The traced way keeps no connection for the next request.
    assert (3 if marking is Marking.TRACED else 1) == len(proxy.requests)
    connect = proxy.requests[0]
    expected = base64.b64encode(b"me:p@ss").decode()
    assert (200, True) == (response.status, mark.written)
    assert f"CONNECT 127.0.0.1:{server.port} HTTP/1.1" == connect.line
    assert f"Basic {expected}" == connect.headers["proxy-authorization"]
    assert "authorization" not in connect.headers
    assert 3 == len(server.requests)
    assert {"Tiny s3cret"} == {each.headers["authorization"] for each in server.requests}
    assert not any("proxy-authorization" in each.headers for each in server.requests)


async def test_any_2xx_opens_the_tunnel(
    transport_to: TransportTo, certificate: ssl.SSLContext, marking: Marking | None
) -> None:
    """A 2xx other than 200 opens the tunnel too (RFC 9110, 9.3.6); aiohttp takes 200 only.

    aiohttp has no public way to change that; the refusal is named, and nothing has left.
    """
    created = partial(tunnel, head=b"HTTP/1.1 201 Created\r\n\r\n")
    async with Server(answer(200, b"{}"), tls=certificate) as server, Server(created) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        transport = transport_to(server.url, network=Network(proxy=address, ca_file=CERTIFICATE))
        if marking is None:
            response = await transport.exchange(GET, within=5.0, mark=WriteMark())

            assert 200 == response.status
        else:
            fault, left = await failed(transport)

            assert (Reason.MISCONFIGURED, False) == (fault.reason, left)
            assert f"the proxy 127.0.0.1:{proxy.port} answered with HTTP 201" in fault.detail


async def test_plain_http_does_not_go_through_a_proxy(
    transport_to: TransportTo,
) -> None:
    """Plain HTTP does not go through the proxy, which could read it."""
    async with Server(answer(200, b"{}")) as server:
        transport = transport_to(server.url, network=Network(proxy="http://127.0.0.1:9"))
        response = await transport.exchange(GET, within=5.0, mark=WriteMark())

    assert 200 == response.status


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (407, Reason.MISCONFIGURED),
        (403, Reason.MISCONFIGURED),
        (408, Reason.CONNECTION_FAILED),
        (429, Reason.CONNECTION_FAILED),
        (500, Reason.CONNECTION_FAILED),
        (502, Reason.CONNECTION_FAILED),
        (503, Reason.CONNECTION_FAILED),
    ],
)
async def test_a_proxy_that_refuses_is_named(
    transport_to: TransportTo, status: int, reason: Reason
) -> None:
    """A proxy that refuses CONNECT is named, and nothing has left for the provider.

    Where it only asks to come back, or fails itself, another attempt may succeed.
    """
    async with Server(answer(status)) as proxy:
        address = f"http://me:p4ssword@127.0.0.1:{proxy.port}"
        transport = transport_to("https://api.tiny.example", network=Network(proxy=address))
        fault, left = await failed(transport)

    assert (reason, False) == (fault.reason, left)
    assert f"the proxy 127.0.0.1:{proxy.port} answered with HTTP {status}" in fault.detail
    assert "p4ssword" not in fault.detail


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"<html>Hello</html>",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + 9000 * b"A: b\r\n",
    ],
    ids=lambda said: said[:12],
)
async def test_a_proxy_that_speaks_no_http_is_named(transport_to: TransportTo, said: bytes) -> None:
    """The error names a proxy that does not answer with HTTP, at once; nothing has left."""
    async with Server(saying(said, then=stall)) as proxy:
        network = Network(proxy=f"http://127.0.0.1:{proxy.port}", connect_timeout=600.0)
        transport = transport_to("https://api.tiny.example", network=network)
        with anyio.fail_after(20):
            fault, left = await failed(transport, within=600.0)

    assert (Reason.CONNECTION_FAILED, False) == (fault.reason, left)
    assert f"the proxy 127.0.0.1:{proxy.port} did not answer with HTTP" in fault.detail


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200\r\nContent-Length: 10\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\nVia: x\n\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_a_proxy_may_allow_a_tunnel_in_any_notation_of_http(
    transport_to: TransportTo, certificate: ssl.SSLContext, head: bytes
) -> None:
    """A tunnel is used whose answer has a bare LF, an empty line before it, or an interim one."""
    async with (
        Server(answer(200, b"{}"), tls=certificate) as server,
        Server(partial(tunnel, head=head)) as proxy,
    ):
        network = Network(proxy=f"http://127.0.0.1:{proxy.port}", ca_file=CERTIFICATE)
        transport = transport_to(server.url, network=network)
        response = await transport.exchange(GET, within=5.0, mark=WriteMark())
        await transport.aclose()

    assert 200 == response.status


async def test_a_refusal_of_a_proxy_may_have_bare_line_feeds(transport_to: TransportTo) -> None:
    """A proxy that ends its lines with LF is a wrong configuration at once, if it answers 407."""
    async with Server(saying(b"HTTP/1.1 407 No\nContent-Length: 0\n\n", then=stall)) as proxy:
        network = Network(proxy=f"http://127.0.0.1:{proxy.port}", connect_timeout=600.0)
        transport = transport_to("https://api.tiny.example", network=network)
        with anyio.fail_after(20):
            fault, left = await failed(transport, within=600.0)

    assert (Reason.MISCONFIGURED, False) == (fault.reason, left)
    assert f"the proxy 127.0.0.1:{proxy.port} answered with HTTP 407" in fault.detail


async def test_a_proxy_that_closes_the_connection_is_a_failed_one(
    transport_to: TransportTo,
) -> None:
    """A proxy that closes the connection in place of an answer fails at once; nothing has left."""
    async with Server(reset) as proxy:
        network = Network(proxy=f"http://127.0.0.1:{proxy.port}", connect_timeout=600.0)
        transport = transport_to("https://api.tiny.example", network=network)
        with anyio.fail_after(20):
            fault, left = await failed(transport, within=600.0)

    assert (Reason.CONNECTION_FAILED, False) == (fault.reason, left)


async def test_a_proxy_that_says_nothing_is_given_up(transport_to: TransportTo) -> None:
    """`connect_timeout` covers the proxy's answer, so that there is time to try again."""
    async with Server(stall) as proxy:
        network = Network(proxy=f"http://127.0.0.1:{proxy.port}", connect_timeout=0.05)
        transport = transport_to("https://api.tiny.example", network=network)
        with anyio.fail_after(20):
            fault, left = await failed(transport, within=60.0)

    assert (Reason.TIMEOUT, False) == (fault.reason, left)


async def test_a_proxy_is_not_named_where_it_is_not_used(transport_to: TransportTo) -> None:
    """A failed connection to this machine, which uses no proxy, does not name the proxy."""
    network = Network(proxy="http://127.0.0.1:9")
    fault, _ = await failed(transport_to(f"http://127.0.0.1:{refusing_port()}", network=network))

    assert "proxy" not in fault.detail


async def test_a_proxy_that_is_not_there_is_named(
    transport_to: TransportTo,
) -> None:
    """If the proxy cannot be reached, the error names host, proxy and cause."""
    port = refusing_port()
    network = Network(proxy=f"http://127.0.0.1:{port}")
    fault, left = await failed(transport_to("https://api.tiny.example", network=network))

    assert (Reason.CONNECTION_FAILED, False) == (fault.reason, left)
    assert (
        f"no connection to api.tiny.example by the proxy 127.0.0.1:{port}: connection refused"
        in fault.detail
    )


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_a_proxy_in_the_environment_is_mentioned_and_not_used(
    transport_to: TransportTo, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A proxy in the environment is not used; a failed connection's error names the key to set."""
    monkeypatch.setenv(variable, "http://me:p4ssword@127.0.0.1:9")
    port = refusing_port()
    fault, _ = await failed(transport_to(f"https://127.0.0.1:{port}"))

    assert f"no connection to 127.0.0.1:{port}: connection refused" in fault.detail
    assert f"{variable} is set but is not used" in fault.detail
    assert "`proxy`" in fault.detail
    assert "p4ssword" not in fault.detail


async def test_an_untrusted_certificate_names_the_key(
    transport_to: TransportTo, certificate: ssl.SSLContext
) -> None:
    """The error for an untrusted certificate names the host and `ca_file`, which can trust it."""
    async with Server(answer(200, b"{}"), tls=certificate) as server:
        fault, left = await failed(transport_to(server.url))
        trusting = transport_to(server.url, network=Network(ca_file=CERTIFICATE))
        response = await trusting.exchange(GET, within=5.0, mark=WriteMark())

    assert (Reason.MISCONFIGURED, False) == (fault.reason, left)
    assert f"the certificate of 127.0.0.1:{server.port} is not trusted: self" in fault.detail
    assert "`ca_file`" in fault.detail
    assert 200 == response.status


@pytest.mark.parametrize(("keepalive", "connections"), [(60.0, 1), (1e-9, 3), (0, 3)])
async def test_a_connection_that_was_idle_too_long_is_not_used(
    transport_to: TransportTo, marking: Marking | None, keepalive: float, connections: int
) -> None:
    """A connection that was idle for longer than `keepalive` is not used."""
    async with Server(answer(200, b"{}")) as server:
        transport = transport_to(server.url, network=Network(keepalive=keepalive))
        for _ in range(3):
            await transport.exchange(GET, within=5.0, mark=WriteMark())
        await transport.aclose()

    # The traced way keeps no connection for the next request.
    expected = 3 if marking is Marking.TRACED else connections
    assert expected == server.connections


async def test_the_default_is_below_what_servers_wait() -> None:
    """The default `keepalive` is below the shortest known of a common server, 2 s (gunicorn)."""
    assert 0 < Network().keepalive < 1


async def test_a_connection_that_is_not_made_in_time(
    transport_to: TransportTo, certificate: ssl.SSLContext
) -> None:
    """`connect_timeout` covers the TLS handshake, and nothing has left."""
    async with Server(connecting=stall) as server:
        url = f"https://127.0.0.1:{server.port}"
        transport = transport_to(url, network=Network(connect_timeout=0.01))
        fault, left = await failed(transport, within=60.0)

    assert (Reason.TIMEOUT, False) == (fault.reason, left)
    assert f"no connection in time to 127.0.0.1:{server.port}" in fault.detail


async def test_a_resolver_that_does_not_answer(
    transport_to: TransportTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`connect_timeout` covers the name resolution."""
    over = threading.Event()

    def never(*_: object, **__: object) -> None:
        over.wait()

    monkeypatch.setattr(socket, "getaddrinfo", never)
    transport = transport_to("https://x.example", network=Network(connect_timeout=0.01))
    try:
        fault, left = await failed(transport, within=60.0)
    finally:
        over.set()

    assert (Reason.TIMEOUT, False) == (fault.reason, left)
    assert "x.example" in fault.detail


async def test_a_request_timeout_is_not_for_files(
    transport_to: TransportTo,
) -> None:
    """`request_timeout` ends a request, but not the transfer of a file."""
    async with Server(answer(200, b"{}")) as server:
        transport = transport_to(server.url, network=Network(request_timeout=1e-9))
        fault, _ = await failed(transport, Request("POST", "/x", b"{}"))
        file = Source(data=b"{}", size=2, sha256="0" * 64)
        form = Multipart(
            fields=(), file_field="file", file_name="a", content_type="text/plain", source=file
        )
        responses = [
            await transport.exchange(Request("POST", "/x", body), within=5.0, mark=WriteMark())
            for body in (file, form)
        ]

    assert Reason.TIMEOUT is fault.reason
    assert [200, 200] == [each.status for each in responses]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("/x", True),
        ("http://box.example:8700/file", True),
        ("http://box.example:9000/file", True),
        ("https://elsewhere.example/file", True),
        ("http://elsewhere.example/file", False),
    ],
)
async def test_plain_http_is_for_the_host_of_the_base_url(url: str, allowed: bool) -> None:
    """`allow_http` allows plain HTTP to the base URL's host only."""
    base = "http://box.example:8700"
    endpoints = Endpoints(
        base, hosts=frozenset({"box.example:8700"}), authorization={}, allow_http=True
    )
    closed = Endpoints(base, hosts=frozenset({"box.example:8700"}), authorization={})

    if allowed:
        assert endpoints.resolve(Request("GET", url))[0].host
    else:
        with pytest.raises(TransportFault, match="is not encrypted"):
            endpoints.resolve(Request("GET", url))
    if not url.startswith("https"):
        with pytest.raises(TransportFault, match="allow_http"):
            closed.resolve(Request("GET", url))


@pytest.mark.parametrize(
    ("base_url", "warned"),
    [("http://box.example:8700", True), ("https://box.example", False), ("http://[::1]:1", False)],
)
async def test_unencrypted_traffic_is_said_at_the_start(
    caplog: pytest.LogCaptureFixture, base_url: str, warned: bool
) -> None:
    """A transport without encryption to another machine logs a warning when it is built."""
    caplog.set_level(logging.WARNING)
    options = TransportOptions(
        base_url=base_url,
        hosts=frozenset(),
        authorization={},
        connections=1,
        network=Network(allow_http=True),
    )
    await create_http_transport(options).aclose()

    assert warned == ("is not encrypted" in caplog.text)


async def test_each_request_is_logged_where_that_is_wanted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At DEBUG, each request logs method, host, masked path, answer and time."""
    caplog.set_level(logging.DEBUG, "omnimsg.transport")
    async with Server(answer(200, b"{}")) as server:
        options = TransportOptions(
            base_url=server.url, hosts=frozenset(), authorization={}, connections=1
        )
        transport = create_http_transport(options)
        request = Request("POST", "/to/+37255500001", b"{}", query=(("q", "secret"),))
        await transport.exchange(request, within=5.0, mark=WriteMark())
        await transport.aclose()
        with pytest.raises(TransportFault):
            await transport.exchange(request, within=5.0, mark=WriteMark())

    lines = [each.getMessage() for each in caplog.records if each.name == "omnimsg.transport"]
    where = f"POST 127.0.0.1:{server.port}/to/+372******01: "
    assert [True, True] == [each.startswith(where) for each in lines]
    assert "HTTP 200 after " in lines[0]
    assert "the client is closed after " in lines[1]


@pytest.mark.parametrize(
    ("url", "logged"),
    [
        (
            "https://u:hunter22@cdn.example/a\x85b\x1b[2J\u202e",
            r"cdn.example/a\x85b\x1b[2J\u202e: the address has ",
        ),
        ("https://[", "an invalid URL: "),
    ],
)
async def test_a_url_that_a_provider_named_is_logged_safely(
    caplog: pytest.LogCaptureFixture, url: str, logged: str
) -> None:
    """The log shows no credentials of a URL and no character that could forge a line."""
    caplog.set_level(logging.DEBUG, "omnimsg.transport")
    options = TransportOptions(
        base_url="https://api.example", hosts=frozenset(), authorization={}, connections=1
    )
    transport = create_http_transport(options)
    with pytest.raises(TransportFault) as caught:
        await transport.exchange(Request("GET", url), within=5.0, mark=WriteMark())
    await transport.aclose()

    (line,) = [each for each in caplog.records if each.name == "omnimsg.transport"]
    assert line.getMessage().startswith(f"GET {logged}")
    assert caught.value.detail in line.getMessage()


@pytest.mark.parametrize(
    "text",
    [
        *("", "proxy.example:3128", "socks5://p:1", "https://p.example:1", "http://:3128"),
        *("http://p.example:port", "http://p.example/path", "http://p.example?a=b"),
        *("http://u:hunter22@p example:1", "http://u:hunter22@p.example:1\n", "http://[::1"),
    ],
)
async def test_what_is_no_proxy(text: str) -> None:
    """An invalid proxy URL is refused, and the error shows neither URL nor password."""
    with pytest.raises(InvalidValue) as caught:
        Network(proxy=text)

    assert "Network.proxy: must be" in str(caught.value)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://p.example:3128", "http://p.example:3128"),
        ("http://p.example/", "http://p.example"),
        ("http://me:pw@[::1]:3128", "http://[::1]:3128"),
    ],
)
async def test_a_proxy_shows_no_credentials(text: str, url: str) -> None:
    """A proxy's `repr` and `url` have no credentials."""
    proxy = Proxy.parse(text)

    assert url == proxy.url
    assert (proxy.authorization is not None) == ("@" in text)
    assert "pw" not in repr(proxy)
