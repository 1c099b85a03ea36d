"""What the wire promises: nothing leaves before its mark, and nothing goes where it must not."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import pytest
from support.servers import Server, Visit, answer, reset, saying, stall

from omnimsg import Reason
from omnimsg.adapter import Effect, Request, Source
from omnimsg.transport import aiohttp_transport, tracked_request
from omnimsg.transport.aiohttp_transport import HttpTransport, TransportFault
from omnimsg.transport.loopback import is_loopback
from omnimsg.transport.tracked_request import WriteMark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio

SECRET = {"Authorization": "Tiny s3cret"}
OPEN = "https://api.tiny.example"


class Listener:
    """Takes every byte until the other side closes."""

    def __init__(self) -> None:
        self.taken = asyncio.get_running_loop().create_future()

    async def __call__(self, visit: Visit) -> None:
        """Read to the end."""
        self.taken.set_result(await visit.reader.read())


def wire_to(url: str, *, hosts: frozenset[str] | None = None) -> HttpTransport:
    """Build the wire of an account that lives at a URL."""
    own = frozenset({url.partition("://")[2].partition("/")[0]})
    return HttpTransport(url, hosts=own if hosts is None else hosts, authorization=SECRET)


@pytest.fixture
async def wires() -> AsyncIterator[Callable[..., HttpTransport]]:
    """Build wires that are closed after the test."""
    made: list[HttpTransport] = []

    def make(url: str, *, hosts: frozenset[str] | None = None) -> HttpTransport:
        made.append(wire_to(url, hosts=hosts))
        return made[-1]

    yield make
    for each in made:
        await each.aclose()


async def refused(wire: HttpTransport, request: Request, *, within: float = 5.0) -> TransportFault:
    """Exchange a request that must not leave."""
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await wire.exchange(request, within=within, mark=mark)
    assert not mark.written
    assert wire._session is None
    return caught.value


async def test_a_hook_that_raises_keeps_every_byte_back(
    monkeypatch: pytest.MonkeyPatch, wires: Callable[[str], HttpTransport]
) -> None:
    """The hook runs before the first byte: if it raises, the server has read nothing at all."""

    async def refuse(*_: object) -> None:
        raise LookupError("not yet")

    monkeypatch.setattr(tracked_request.TrackedRequest, "send", refuse)
    listener = Listener()
    async with Server(connecting=listener) as server:
        with pytest.raises(LookupError):
            await wires(server.url).exchange(
                Request("POST", "/send", b"body"), within=5.0, mark=WriteMark()
            )

        assert b"" == await listener.taken


async def test_a_hook_that_waits_keeps_every_byte_back(
    monkeypatch: pytest.MonkeyPatch, wires: Callable[[str], HttpTransport]
) -> None:
    """The hook is awaited: while it waits nothing leaves, even where it is then cancelled."""
    reached = asyncio.Event()

    async def wait(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(tracked_request.TrackedRequest, "send", wait)
    listener = Listener()
    async with Server(connecting=listener) as server:
        sending = asyncio.create_task(
            wires(server.url).exchange(
                Request("POST", "/send", b"body"), within=5.0, mark=WriteMark()
            )
        )
        await reached.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

        assert b"" == await listener.taken


async def test_the_mark_is_set_when_the_server_has_read_something(
    wires: Callable[[str], HttpTransport],
) -> None:
    """Once a server holds a request, the mark of that request is set, whatever follows."""
    mark = WriteMark()
    async with Server(stall) as server:
        sending = asyncio.create_task(
            wires(server.url).exchange(Request("POST", "/send", b"body"), within=5.0, mark=mark)
        )
        await server.arrived.wait()

        assert mark.written
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_the_session_carries_no_credentials_and_no_cookies(
    wires: Callable[[str], HttpTransport],
) -> None:
    """What one request was told or given never reaches the next one by itself."""
    async with Server(answer(200, set_cookie="id=1; Path=/")) as server:
        wire = wires(server.url)
        for authenticated in (True, False):
            request = Request("GET", "/x", authenticated=authenticated)
            await wire.exchange(request, within=5.0, mark=WriteMark())
        assert wire._session is not None
        assert "Authorization" not in wire._session.headers

    first, second = server.requests
    assert SECRET["Authorization"] == first.headers["authorization"]
    assert "authorization" not in second.headers
    assert "cookie" not in second.headers


async def test_credentials_stay_with_the_declared_hosts(
    wires: Callable[[str], HttpTransport],
) -> None:
    """An absolute URL on an undeclared host is refused before anything is connected."""
    async with Server(answer(200)) as server, Server(answer(200)) as other:
        wire = wires(server.url)
        for url in (
            f"{other.url}/x",
            f"http://127.0.0.1:{server.port}@127.0.0.1:{other.port}/x",
            f"http://localhost:{server.port}/x",
        ):
            fault = await refused(wire, Request("GET", url, authenticated=True))
            assert Reason.MISCONFIGURED is fault.reason

    assert 0 == other.connections
    assert 0 == server.connections


async def test_without_credentials_a_foreign_url_is_fine(
    wires: Callable[[str], HttpTransport],
) -> None:
    """An upload's second step goes to another host, without the key."""
    async with Server(answer(200)) as server, Server(answer(204)) as other:
        response = await wires(server.url).exchange(
            Request("PUT", f"{other.url}/x", b"file"), within=5.0, mark=WriteMark()
        )

    assert 204 == response.status
    assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize(
    "hosts", [{"API.tiny.example"}, {"api.tiny.example:443"}, {"x.example", "api.tiny.example"}]
)
async def test_a_host_is_the_same_in_any_spelling(hosts: set[str]) -> None:
    """The case of a host and a port that is the usual one make no difference."""
    wire = wire_to(OPEN, hosts=frozenset(hosts))

    _, headers = wire._addresses.of(Request("GET", "/x", authenticated=True))

    assert SECRET["Authorization"] == headers["Authorization"]


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (OPEN, "http://api.tiny.example/x"),
        (OPEN, "http://127.0.0.1:1/x"),
        ("http://127.0.0.1:1", "http://api.tiny.example/x"),
        ("http://127.0.0.1:1", "http://localhost.tiny.example/x"),
        ("http://127.0.0.1:1", "http://127.0.0.1.tiny.example/x"),
        ("http://127.0.0.1:1", "http://127.tiny.example/x"),
        ("http://127.0.0.1:1", "http://127.0.0.1@tiny.example/x"),
        ("http://api.tiny.example", "/x"),
        (OPEN, "ftp://api.tiny.example/x"),
        (OPEN, "file:///etc/passwd"),
        (OPEN, "x"),
        (OPEN, ""),
        (OPEN, "https://api.tiny.example:port/x"),
        (OPEN, "https://[::1/x"),
    ],
)
async def test_nothing_leaves_unencrypted_or_for_nowhere(base: str, url: str) -> None:
    """Plain http is for a sandbox on this machine only, and only an account that lives there."""
    fault = await refused(wire_to(base), Request("GET", url))

    assert Reason.MISCONFIGURED is fault.reason


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("127.example", False),
        ("", False),
        (None, False),
    ],
)
def test_loopback_is_this_machine_and_no_name_that_looks_like_it(
    host: str | None, expected: bool
) -> None:
    """Only the exact name and the loopback addresses count."""
    assert expected is is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [
        "/messages/..",
        "/messages/.",
        "/messages/../balance",
        "/messages/%2e%2E",
        "/messages/..?page=1",
        "/messages/..#top",
        f"{OPEN}/messages/../balance",
    ],
)
async def test_a_path_leads_where_it_says(url: str) -> None:
    """An id of dots would be folded away, and the request would mean all messages."""
    fault = await refused(wire_to(OPEN), Request("DELETE", url, authenticated=True))

    assert Reason.MISCONFIGURED is fault.reason


@pytest.mark.parametrize(
    "path", ["/messages/a..b", "/messages/...", "/x/..%2Fbalance", "/x?page=../.."]
)
def test_dots_elsewhere_are_only_dots(path: str) -> None:
    """Only a segment of one or two dots leads away."""
    url, _ = wire_to(OPEN)._addresses.of(Request("GET", path))

    assert f"{OPEN}{path}" == str(url)


def test_the_scheme_of_an_account_is_the_same_in_any_spelling() -> None:
    """`HTTP://` is plain http, and is for this machine as well."""
    url, _ = wire_to("HTTP://127.0.0.1:1")._addresses.of(Request("GET", "/x", authenticated=True))

    assert "http://127.0.0.1:1/x" == str(url)


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\0b"])
async def test_a_header_cannot_smuggle_another(value: str) -> None:
    """A line break in a header is refused before the request is announced."""
    fault = await refused(wire_to(OPEN), Request("GET", "/x", headers={"X-One": value}))

    assert Reason.MISCONFIGURED is fault.reason
    assert "X-Other" not in fault.detail


@pytest.mark.parametrize("within", [0.0, -1.0])
async def test_no_time_is_not_any_time(within: float) -> None:
    """A deadline that has passed is not the absence of one."""
    fault = await refused(wire_to(OPEN), Request("GET", "/x"), within=within)

    assert Reason.TIMEOUT is fault.reason


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_an_answer_too_large_to_hold_is_given_up(
    framing: str, monkeypatch: pytest.MonkeyPatch, wires: Callable[[str], HttpTransport]
) -> None:
    """The bound holds whether or not the server says how much will come."""
    monkeypatch.setattr(aiohttp_transport, "MOST_ANSWER", 100)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    big = {
        "length": answer(200, b"x" * 101),
        "chunks": saying(head + b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n"),
    }
    mark = WriteMark()
    async with Server(big[framing]) as server:
        with pytest.raises(TransportFault) as caught:
            await wires(server.url).exchange(Request("GET", "/x"), within=5.0, mark=mark)

    assert Reason.INVALID_RESPONSE is caught.value.reason
    assert mark.written


async def test_the_time_that_is_over_is_no_cancellation(
    wires: Callable[[str], HttpTransport],
) -> None:
    """An exchange that takes too long is a fault, and leaves its task as it was."""
    async with Server(stall) as server:
        with pytest.raises(TransportFault) as caught:
            await wires(server.url).exchange(Request("GET", "/x"), within=0.02, mark=WriteMark())

    task = asyncio.current_task()
    assert task is not None
    assert (Reason.TIMEOUT, 0) == (caught.value.reason, task.cancelling())


async def test_a_shorter_limit_around_it_is_its_own(
    wires: Callable[[str], HttpTransport],
) -> None:
    """The caller's own time limit ends as the caller's, not as the wire's."""
    async with Server(stall) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await wires(server.url).exchange(Request("GET", "/x"), within=5.0, mark=WriteMark())


async def test_a_query_is_escaped_and_keeps_its_order(
    wires: Callable[[str], HttpTransport],
) -> None:
    """Names may repeat; what is special in a URL is not special in a value."""
    query = (("to", "+372"), ("tag", "a&b"), ("tag", "c d"))
    async with Server(answer(200)) as server:
        request = Request("GET", "/x?first=1", query=query)
        await wires(server.url).exchange(request, within=5.0, mark=WriteMark())

    assert "GET /x?first=1&to=%2B372&tag=a%26b&tag=c+d HTTP/1.1" == server.requests[0].line


@pytest.mark.parametrize("kind", ["bytes", "path"])
async def test_a_file_is_sent_as_it_is(
    kind: str, tmp_path: Path, wires: Callable[[str], HttpTransport]
) -> None:
    """A `Source` is the whole body, with its length and the media type it was given."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    source = Source(data=b"content" if kind == "bytes" else path, size=7, sha256="0" * 64)
    request = Request("PUT", "/x", source, content_type="image/png")
    async with Server(answer(204)) as server:
        await wires(server.url).exchange(request, within=5.0, mark=WriteMark())

    (received,) = server.requests
    assert b"content" == received.body
    assert "content-disposition" not in received.headers
    assert ("7", "image/png") == (
        received.headers["content-length"],
        received.headers["content-type"],
    )


@pytest.mark.parametrize("kind", [None, "application/json"])
async def test_a_small_body_arrives_whole(
    kind: str | None, wires: Callable[[str], HttpTransport]
) -> None:
    """It has its length and its type, and leaves the connection to the next one."""
    bodies = [b"", b"x", b"x" * 2**20]
    async with Server(answer(200, b"{}")) as server:
        wire = wires(server.url)
        for body in bodies:
            request = Request("POST", "/x", body, content_type=kind)
            assert b"{}" == (await wire.exchange(request, within=5.0, mark=WriteMark())).body

    assert 1 == server.connections
    assert bodies == [each.body for each in server.requests]
    for each in server.requests:
        assert (str(len(each.body)), kind or "application/octet-stream") == (
            each.headers["content-length"],
            each.headers["content-type"],
        )
        assert "transfer-encoding" not in each.headers


async def test_a_body_that_aiohttp_repeats_is_whole_again(
    wires: Callable[[str], HttpTransport],
) -> None:
    """Where a kept connection breaks, what may be repeated is, with all of its body."""
    request = Request("PUT", "/x", b"body", effect=Effect.REPEATABLE, content_type="text/plain")
    async with Server(answer(200), reset, answer(200)) as server:
        wire = wires(server.url)
        for _ in range(2):
            response = await wire.exchange(request, within=5.0, mark=WriteMark())

    assert 200 == response.status
    assert [(b"body", "4", "text/plain")] * 3 == [
        (each.body, each.headers["content-length"], each.headers["content-type"])
        for each in server.requests
    ]


async def test_an_answer_that_comes_late_is_read_to_its_end(
    wires: Callable[[str], HttpTransport],
) -> None:
    """Whether a body comes with its head or long after, in pieces or none, makes no difference."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"

    async def in_pieces(visit: Visit) -> None:
        for piece in (head, b"abc", b"def"):
            await visit.say(piece)
            await asyncio.sleep(0.01)

    async with Server(in_pieces, saying(head + b"abcdef"), answer(204)) as server:
        wire = wires(server.url)
        request = Request("GET", "/x")
        bodies = [
            (await wire.exchange(request, within=5.0, mark=WriteMark())).body for _ in range(3)
        ]

    assert [b"abcdef", b"abcdef", b""] == bodies
    assert 1 == server.connections


async def test_only_the_exchange_whose_time_is_over_ends(
    wires: Callable[[str], HttpTransport],
) -> None:
    """The others of the same account go on, before and after it."""
    speak = asyncio.Event()

    async def slowly(visit: Visit) -> None:
        await speak.wait()
        await answer(200)(visit)

    async with Server(slowly) as server:
        wire = wires(server.url)
        asking = [
            asyncio.create_task(
                wire.exchange(Request("GET", "/x"), within=within, mark=WriteMark())
            )
            for within in (30.0, 0.05, 30.0)
        ]
        with pytest.raises(TransportFault) as caught:
            await asking[1]
        assert [False, True, False] == [each.done() for each in asking]
        speak.set()

        assert [200, 200] == [(await asking[at]).status for at in (0, 2)]
    assert Reason.TIMEOUT is caught.value.reason


async def test_a_large_body_arrives_whole(wires: Callable[[str], HttpTransport]) -> None:
    """What is written in pieces keeps its length and its type, with or without a `Source`."""
    large = b"x" * (2**20 + 1)
    source = Source(data=large, size=len(large), sha256="0" * 64)
    async with Server(answer(204)) as server:
        for body in (large, source):
            request = Request("PUT", "/x", body, content_type="image/png")
            await wires(server.url).exchange(request, within=5.0, mark=WriteMark())

    for received in server.requests:
        assert large == received.body
        assert (str(len(large)), "image/png") == (
            received.headers["content-length"],
            received.headers["content-type"],
        )


async def test_closing_waits_for_the_answer_and_then_refuses(
    wires: Callable[[str], HttpTransport],
) -> None:
    """An answer under way is not thrown away; afterwards nothing leaves any more."""
    speak = asyncio.Event()

    async def slowly(visit: Visit) -> None:
        await speak.wait()
        await answer(200, b"{}")(visit)

    async with Server(slowly) as server:
        wire = wires(server.url)
        asking = asyncio.create_task(
            wire.exchange(Request("GET", "/x"), within=5.0, mark=WriteMark())
        )
        await server.arrived.wait()
        closing = asyncio.create_task(wire.aclose())
        await asyncio.sleep(0)
        assert not closing.done()
        speak.set()

        assert 200 == (await asking).status
        await closing
        fault = await refused(wire, Request("GET", "/x"))

    assert Reason.CANCELLED is fault.reason


async def test_a_closed_wire_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of exchanges that are long over is not kept any longer."""
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    call_at = loop.call_at

    def noted(*given: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(call_at(*given, **options))
        return timers[-1]

    async with Server(answer(200)) as server:
        wire = wire_to(server.url)
        monkeypatch.setattr(loop, "call_at", noted)
        for _ in range(3):
            await wire.exchange(Request("GET", "/x"), within=500.0, mark=WriteMark())
        monkeypatch.undo()
        long = [timer for timer in timers if timer.when() > loop.time() + 100]
        assert [False] == [timer.cancelled() for timer in long]
        await wire.aclose()

    assert [True] == [timer.cancelled() for timer in long]


async def test_what_is_no_fault_of_the_wire_passes(
    wires: Callable[[str], HttpTransport],
) -> None:
    """A request that makes no sense is its author's mistake, not the network's."""
    async with Server(answer(200)) as server:
        with pytest.raises((AttributeError, TypeError)):  # as aiohttp's version has it
            await wires(server.url).exchange(
                Request(5, "/x"),  # type: ignore[arg-type]  # on purpose
                within=5.0,
                mark=WriteMark(),
            )


def test_the_wire_shows_no_credentials() -> None:
    """Its repr says where it leads and nothing more."""
    assert f"HttpTransport({OPEN!r})" == repr(wire_to(OPEN))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (socket.EAI_NONAME, Reason.MISCONFIGURED),
        (socket.EAI_AGAIN, Reason.CONNECTION_FAILED),
    ],
)
async def test_a_name_that_does_not_exist_is_no_passing_trouble(
    code: int,
    reason: Reason,
    monkeypatch: pytest.MonkeyPatch,
    wires: Callable[[str], HttpTransport],
) -> None:
    """A mistyped host stays mistyped; a resolver that is busy does not stay busy."""

    async def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "the resolver's words")

    monkeypatch.setattr(aiohttp.resolver.ThreadedResolver, "resolve", resolve)
    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", aiohttp.resolver.ThreadedResolver)
    mark = WriteMark()
    with pytest.raises(TransportFault) as caught:
        await wires(OPEN).exchange(Request("GET", "/x"), within=5, mark=mark)

    assert (reason, False) == (caught.value.reason, mark.written)


@pytest.mark.parametrize("how", ["scope", "task"])
async def test_a_wire_is_closed_for_a_caller_who_is_gone(how: str) -> None:
    """The wait for an answer ends, and the connections are closed all the same."""
    async with Server(stall) as server:
        wire = wire_to(server.url)
        asking = asyncio.create_task(
            wire.exchange(Request("GET", "/x"), within=5, mark=WriteMark()), name="asking"
        )
        await server.arrived.wait()
        session = wire._session
        assert session is not None

        if how == "scope":
            with anyio.CancelScope() as scope:
                scope.cancel()
                await wire.aclose()
        else:
            closing = asyncio.create_task(wire.aclose())
            await asyncio.sleep(0)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing

        assert session.closed
        with pytest.raises(TransportFault):
            await asking


def test_an_unusable_address_found_late_is_still_nobodys_message() -> None:
    """What aiohttp finds wrong with an address before writing is the account's trouble."""
    fault = aiohttp_transport._fault(aiohttp.InvalidURL("x"), written=False)

    assert Reason.MISCONFIGURED is fault.reason
