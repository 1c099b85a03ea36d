"""The receiver on real servers: refusals, handling, and the state of the connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import pytest
from aiohttp import web
from messente import callbacks as messente
from support.delivery import Watcher
from support.genuine_callbacks import (
    CONFIG,
    HOST,
    NUMBERS,
    PASSWORD,
    PUBLIC_URL,
    SECRETS,
    TEXTS,
    Sample,
    samples,
)
from support.raw_http import Connection, ask, ask_all, post
from support.web_servers import MOUNTED, SERVERS, on_aiohttp, serving

from omnimsg import Client
from omnimsg.delivery.request import RefusedBecause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from omnimsg.delivery.receiver import Receiver
    from omnimsg.domain.events import Event

pytestmark = pytest.mark.anyio


class Service:
    """An application with a receiver, and records of its events.

    Args:
        config: What differs in the table `[callbacks]`.
    """

    def __init__(self, **config: Any) -> None:
        callbacks = {"public_url": PUBLIC_URL, "body_limit": 100_000, **config}
        callbacks = {name: value for name, value in callbacks.items() if value is not None}
        self.watcher = Watcher()
        self.client = Client.from_config(
            {**CONFIG, "callbacks": callbacks}, observers=[self.watcher]
        )
        self.events: list[Event] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.working = asyncio.Event()
        self.fails = 0
        self.receiver: Receiver = self.client.receiver(self.handle)

    async def handle(self, event: Event) -> None:
        """Record an event when the gate is open, or fail."""
        self.working.set()
        await self.gate.wait()
        if self.fails:
            self.fails -= 1
            raise LookupError(str(event.raw))
        self.events.append(event)

    def refused(self) -> dict[str, int]:
        """Return the counts of refusals by cause; check that observers got each."""
        assert self.receiver.refused.total() == len(self.watcher.refusals)
        return {each.value: count for each, count in self.receiver.refused.items()}


@asynccontextmanager
async def served(name: str, **config: Any) -> AsyncIterator[tuple[Service, int]]:
    """Serve an application; yield it and its port."""
    # Reading the configuration's files blocks.
    service = await anyio.to_thread.run_sync(partial(Service, **config))
    async with service.client, serving(name, service.receiver) as port:
        yield service, port


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Any:
    """Fail a test in which a secret, a text or a number was logged."""
    caplog.set_level("DEBUG")
    yield
    said = caplog.text
    assert [] == [each for each in (*SECRETS, *TEXTS, *NUMBERS) if each in said]


def sample(name: str = "messente: reply") -> Sample:
    """Return a genuine callback."""
    return next(each for each in samples() if each.name == name)


@pytest.mark.parametrize("name", [*SERVERS, *MOUNTED])
async def test_every_provider_is_received_on_every_server(name: str) -> None:
    """On every server, each provider's callbacks are handled once, on one connection."""
    given = samples()

    async with served(name) as (service, port):
        connection = await Connection.open(port)
        answers = [await connection.ask(each.request()) for each in (*given, *given)]
        connection.close()

    assert {(204, b"", False)} == {(each.status, each.body, each.is_closed) for each in answers}
    assert [each.kind for each in given] == [each.kind for each in service.events]
    assert {"bird", "clickatell", "messente"} == {each.account for each in service.events}
    assert {} == service.refused()


def _refusals() -> dict[str, tuple[bytes, int, str]]:
    """Return invalid requests, each with its expected status and cause."""
    bird, clickatell, known = map(sample, ("bird: reply", "clickatell: reply", "messente: reply"))
    path, body, signature = "/callbacks/messente", known.body, known.headers
    large = b"x" * 200_000
    return {
        "another method": (known.request(method="PUT"), 405, "wrong_method"),
        "a page": (b"GET /callbacks/bird HTTP/1.1\r\nHost: x\r\n\r\n", 405, "wrong_method"),
        "another account": (post("/callbacks/nobody", b"{}"), 404, "no_such_account"),
        "an escaped account": (post("/callbacks/b%69rd", b"{}"), 404, "no_such_account"),
        "no signature": (post(path, body), 401, "not_genuine"),
        "of another body": (post(path, body + b" ", signature), 401, "not_genuine"),
        "a signature twice": (post(path, body, signature * 2), 401, "not_genuine"),
        "of another address": (
            post("/callbacks/bird?x=1", bird.body, bird.headers),
            401,
            "not_genuine",
        ),
        "no path secret": (
            post("/callbacks/clickatell", clickatell.body, clickatell.headers),
            401,
            "not_genuine",
        ),
        "a wrong path secret": (
            clickatell.request().replace(b"/q7Jt0", b"/Q7Jt0"),
            401,
            "not_genuine",
        ),
        "an escaped path secret": (
            clickatell.request().replace(b"/q7Jt0", b"/%717Jt0"),
            401,
            "not_genuine",
        ),
        "garbage": (post("/callbacks/bird", bytes(range(256))), 401, "not_genuine"),
        "deep nesting": (post("/callbacks/bird", b"[" * 50_000), 401, "not_genuine"),
        "a large body": (post(path, large), 413, "too_large"),
        "a large body to come": (post(path, b"x", length=10**9), 413, "too_large"),
        "a large body in chunks": (post(path, large, is_chunked=True), 413, "too_large"),
        "a body that does not come": (post(path, b"{", length=2), 408, "too_slow"),
    }


@pytest.mark.parametrize("name", [*SERVERS, *MOUNTED])
async def test_what_is_refused(name: str) -> None:
    """Each invalid request gets its status and an empty body, is counted, and is not handled."""
    refusals = _refusals()
    found: dict[str, tuple[int, str, bytes]] = {}
    kept: set[int] = set()

    async with served(name, read_timeout=0.1) as (service, port):
        for what, (request, status, _) in refusals.items():
            before = service.receiver.refused.copy()
            answer = await ask(port, request)
            why = ",".join((service.receiver.refused - before).keys())
            found[what] = (answer.status, why, answer.body)
            if not answer.is_closed:
                kept.add(status)
        assert [] == service.events
        assert 0 == service.receiver.handled
        assert 204 == (await ask(port, sample().request())).status
        assert len(refusals) == sum(service.refused().values())

    assert {what: (status, why, b"") for what, (_, status, why) in refusals.items()} == found
    # After a request that was not read to its end, the connection cannot be reused.
    assert kept <= {401, 404, 405}


@pytest.mark.parametrize("name", SERVERS)
async def test_what_is_genuine_and_unknown_is_kept(name: str) -> None:
    """Signed bodies that cannot be parsed are answered 204 and handled as unparsed events."""
    given = (b"[" * 50_000, bytes(range(256)), b'{"service": ' + b"9" * 50_000 + b"}", b"")
    signed = [messente.signed(each, PASSWORD) for each in given]

    async with served(name) as (service, port):
        statuses = [
            (await ask(port, post("/callbacks/messente", each.body, each.headers))).status
            for each in signed
        ]

    assert [204] * 4 == statuses
    assert ["unparsed"] * 4 == [each.kind for each in service.events]


@pytest.mark.parametrize("name", SERVERS)
async def test_what_fails_comes_again(name: str) -> None:
    """A failed event is answered 503 with Retry-After, and its repetition is handled once."""
    async with served(name) as (service, port):
        service.fails = 1
        first = await ask(port, sample().request())
        seen = len(service.events)
        repeated = await ask_all(port, [sample().request()] * 3)

    assert (503, b"5", 0) == (first.status, first.head[b"retry-after"], seen)
    assert [204, 204, 204] == repeated
    assert 1 == len(service.events)
    assert {"not_handled": 1} == service.refused()


@pytest.mark.parametrize("name", SERVERS)
async def test_a_handler_that_takes_too_long_has_not_handled(name: str) -> None:
    """A handler over its time limit is answered 503, and the repetition is handled."""
    async with served(name, handler_timeout=0.05) as (service, port):
        service.gate.clear()
        late = await ask(port, sample().request())
        service.gate.set()
        again = await ask(port, sample().request())

    assert (503, 204) == (late.status, again.status)
    assert 1 == len(service.events)


@pytest.mark.parametrize("name", SERVERS)
async def test_too_many_at_once_are_refused(name: str) -> None:
    """A request over the backlog gets a 503 with Retry-After, and its connection is closed."""
    async with served(name, backlog=2, concurrency=1) as (service, port):
        service.gate.clear()
        waiting = [
            asyncio.ensure_future(ask(port, each.request()))
            for each in (sample(), sample("clickatell: reply"))
        ]
        await service.working.wait()
        async with asyncio.timeout(20):
            while True:
                refused = await ask(port, sample("bird: reply").request())
                if refused.status == 503:
                    break
                assert 401 == refused.status
        service.gate.set()
        taken = [(await each).status for each in waiting]

    assert (b"5", True) == (refused.head[b"retry-after"], refused.is_closed)
    assert [204, 204] == taken
    assert 2 == len(service.events)


@pytest.mark.parametrize("name", SERVERS)
async def test_a_provider_that_hangs_up_while_it_is_read(name: str) -> None:
    """A request that breaks off is refused and counted, and does not reach the handler."""
    async with served(name) as (service, port):
        for leave in (Connection.close, Connection.abort):
            connection = await Connection.open(port)
            await connection.write(post("/callbacks/messente", b"{", sample().headers, length=9))
            leave(connection)
        async with asyncio.timeout(20):
            while service.receiver.refused.total() < 2:  # noqa: ASYNC110 - of a server
                await asyncio.sleep(0.005)
        assert 204 == (await ask(port, sample().request())).status

    assert {"broken_off": 2} == service.refused()
    assert 1 == len(service.events)


@pytest.mark.parametrize("name", SERVERS)
async def test_a_provider_that_hangs_up_while_it_is_handled(name: str) -> None:
    """An event is handled once, even if the provider hangs up meanwhile and repeats it."""
    async with served(name) as (service, port):
        service.gate.clear()
        connection = await Connection.open(port)
        await connection.write(sample().request())
        await service.working.wait()
        connection.abort()
        await asyncio.sleep(0)
        service.gate.set()
        again = await ask(port, sample().request())

    assert 204 == again.status
    assert 1 == len(service.events)


@pytest.mark.parametrize("name", SERVERS)
async def test_bytes_that_are_no_http_are_the_servers(name: str) -> None:
    """Bytes that are not HTTP do not reach the handler."""
    given = (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n\r\n",
        b"POST /callbacks/messente HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /callbacks/messente HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n{}",
        b"POST /callbacks/messente HTTP/9.9\r\n\r\n",
    )

    async with served(name, read_timeout=0.1) as (service, port):
        for each in given:
            connection = await Connection.open(port)
            await connection.write(each)
            connection.abort()
        assert 204 == (await ask(port, sample().request())).status

    assert 1 == len(service.events)
    assert {"broken_off", "too_slow", "not_genuine"} >= set(service.refused())


@pytest.mark.parametrize("name", [*SERVERS, *MOUNTED])
async def test_a_trusted_proxy_tells_the_address(name: str) -> None:
    """Bird's signed address is taken from a trusted proxy's lines, and is unknown without them."""
    lines = [(b"X-Forwarded-Proto", b"https"), (b"X-Forwarded-Host", HOST.encode())]
    bird = sample("bird: query")
    trusting = {"public_url": None, "trusted_proxies": ["127.0.0.0/8"]}
    asked = post(f"/callbacks{bird.target}", bird.body, (*bird.headers, *lines))

    async with served(name, **trusting) as (service, port):
        answers = [await ask(port, each) for each in (asked, bird.request())]

    assert [204, 401] == [each.status for each in answers]
    assert ["inbound"] == [each.kind for each in service.events]
    assert {"unknown_address": 1} == service.refused()


@pytest.mark.parametrize("name", SERVERS)
async def test_a_stranger_is_no_trusted_proxy(name: str) -> None:
    """The header lines of a peer that is not a trusted proxy are ignored."""
    lines = [(b"X-Forwarded-Proto", b"https"), (b"X-Forwarded-Host", HOST.encode())]
    bird = sample("bird: query")
    asked = post(f"/callbacks{bird.target}", bird.body, (*bird.headers, *lines))

    async with served(name, public_url=None, trusted_proxies=["10.0.0.0/8"]) as (service, port):
        answer = await ask(port, asked)

    assert 401 == answer.status
    assert [] == service.events
    assert {"unknown_address": 1} == service.refused()


@pytest.mark.parametrize("name", MOUNTED)
async def test_what_is_beside_the_receiver_is_the_frameworks(name: str) -> None:
    """A path outside the receiver is the framework's 404, and not counted."""
    async with served(name) as (service, port):
        answer = await ask(port, post("/elsewhere/messente", sample().body, sample().headers))

    assert 404 == answer.status
    assert {} == service.refused()


async def test_a_middleware_may_have_read_the_body() -> None:
    """A body that a middleware has read already is still received completely."""

    @web.middleware
    async def curious(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        await request.read()
        return await handler(request)

    service = await anyio.to_thread.run_sync(Service)
    app = web.Application(middlewares=[curious])
    app.add_subapp("/callbacks", service.receiver.aiohttp_app())
    asked = [each.request() for each in samples()]
    async with service.client, on_aiohttp(app) as port:
        statuses = await ask_all(port, [*asked, post("/callbacks/messente", b"")])

    assert [*[204] * len(asked), 401] == statuses
    assert len(asked) == len(service.events)


async def test_a_refusal_costs_no_memory_of_the_account() -> None:
    """Unverified callbacks reach neither the tracker nor the store."""
    async with served("aiohttp") as (service, port):
        wrong = [post("/callbacks/messente", sample("messente: status").body)] * 20
        statuses = await ask_all(port, wrong)

    assert [401] * 20 == statuses
    assert await service.client.tracked("messente:5d6f0c1a-0f7e-4c1d-8a54-1b0f6f0c9d11") is None
    assert {RefusedBecause.NOT_GENUINE: 20} == service.receiver.refused
