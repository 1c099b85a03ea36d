"""The outcome of each fault on the connection or in the answer, and what is never resent."""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from support.adapters import KEY, TEXT, seconds, texts, tiny
from support.servers import (
    Act,
    Server,
    answer,
    close,
    page,
    refusing_port,
    reset,
    reset_after_head,
    saying,
    stall,
)

from omnimsg import (
    Accepted,
    Ambiguous,
    Client,
    NotSent,
    Outcome,
    Reason,
    Retry,
    RetryPolicy,
    Scope,
)
from omnimsg.engine.attempt.runner import AttemptRunner
from omnimsg.engine.clock import SystemClock
from omnimsg.transport import TransportOptions
from omnimsg.transport.aiohttp_transport import HttpTransport

if TYPE_CHECKING:
    import ssl

    from omnimsg import Message

pytestmark = pytest.mark.anyio

YES = orjson.dumps({"results": [{"ref": "r0", "id": "id-r0"}]})
SOON = 0.2


@attrs.frozen
class Case:
    """A fault of the server, and the outcome that it must have.

    Attributes:
        name: For the report.
        acts: What the server does with each request.
        kind: The outcome's class.
        reason: Its reason.
        retry: Its retry.
        requests: How many whole requests the server must have read in the end.
        connecting: What the server does with each connection.
        scope: The scope of a `NotSent`.
        deadline: Seconds.
        retry_after: Seconds the outcome must carry.
    """

    name: str
    acts: tuple[Act, ...]
    kind: type[Outcome]
    reason: Reason
    retry: Retry
    requests: int = attrs.field(default=1, kw_only=True)
    connecting: Act | None = attrs.field(default=None, kw_only=True)
    scope: Scope | None = attrs.field(default=None, kw_only=True)
    deadline: float = attrs.field(default=10.0, kw_only=True)
    retry_after: float | None = attrs.field(default=None, kw_only=True)


def ambiguous(name: str, act: Act, reason: Reason, **more: Any) -> Case:
    """Build a case in which the message may have been sent: one request, never another."""
    return Case(name, (act,), Ambiguous, reason, Retry.UNSAFE, **more)


def account(status: int, reason: Reason, act: Act | None = None, name: str = "") -> Case:
    """Build a case in which the account is at fault: one request, never another."""
    return Case(
        f"{status}{name}",
        (act or answer(status),),
        NotSent,
        reason,
        Retry.AFTER_FIX,
        scope=Scope.ACCOUNT,
    )


def later(name: str, act: Act, reason: Reason, **more: Any) -> Case:
    """Build a case that is proven unsent and may pass: three attempts."""
    more = {"requests": 3, "scope": Scope.MESSAGE, **more}
    return Case(name, (act,), NotSent, reason, Retry.SAFE, **more)


LOST, GARBLED = Reason.CONNECTION_LOST, Reason.INVALID_RESPONSE
HEAD = b"HTTP/1.1 200 OK\r\n"
LONG = HEAD + b"Content-Length: 500\r\n\r\n" + YES
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

CASES = [
    # The connection
    ambiguous("reset on accept", close, LOST, connecting=reset, requests=0),
    ambiguous("close on accept", close, LOST, connecting=close, requests=0),
    ambiguous("reset after the head", close, LOST, connecting=reset_after_head, requests=0),
    ambiguous("reset after the body", reset, LOST),
    ambiguous("close without an answer", close, LOST),
    ambiguous(
        "silence from the start", stall, Reason.TIMEOUT, connecting=stall, requests=0, deadline=SOON
    ),
    ambiguous("silence after the body", stall, Reason.TIMEOUT, deadline=SOON),
    # The answer
    ambiguous("half a status line", saying(b"HTTP/1.1 20", then=close), LOST),
    ambiguous("half a header", saying(HEAD + b"Content-Le", then=close), LOST),
    ambiguous("garbage", saying(b"\x00\xffwhat?\r\n\r\n", then=close), GARBLED),
    ambiguous("body cut off by a close", saying(LONG, then=close), LOST),
    ambiguous("body cut off by a reset", saying(LONG, then=reset), LOST),
    ambiguous("slow body", saying(LONG, then=stall), Reason.TIMEOUT, deadline=SOON),
    ambiguous("malformed chunk", saying(CHUNKED + b"zz\r\nnope\r\n", then=close), GARBLED),
    ambiguous("chunks that do not end", saying(CHUNKED + b'5\r\n{"res\r\n', then=close), LOST),
    ambiguous(
        "two lengths", saying(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"), GARBLED
    ),
    # A 2xx that cannot be read
    ambiguous("200 empty", answer(200), GARBLED),
    ambiguous("200 page", page(200), GARBLED),
    ambiguous("202 page", page(202), GARBLED),
    ambiguous("200 half JSON", answer(200, YES[:-5]), GARBLED),
    ambiguous("200 about somebody else", answer(200, YES.replace(b"r0", b"r9")), GARBLED),
    # Redirects
    *(account(status, Reason.MISCONFIGURED) for status in (300, 301, 307, 308)),
    *(ambiguous(f"{status}", answer(status), GARBLED) for status in (302, 303, 304)),
    # Refusals
    account(400, Reason.MISCONFIGURED),
    account(400, Reason.MISCONFIGURED, page(400), " page"),
    account(422, Reason.MISCONFIGURED, answer(422, b"{}"), " empty object"),
    account(401, Reason.UNAUTHORIZED),
    account(402, Reason.INSUFFICIENT_FUNDS),
    account(403, Reason.FORBIDDEN),
    account(404, Reason.MISCONFIGURED),
    account(404, Reason.MISCONFIGURED, page(404), " page"),
    account(405, Reason.MISCONFIGURED),
    account(407, Reason.MISCONFIGURED),
    account(410, Reason.MISCONFIGURED),
    account(413, Reason.MISCONFIGURED),
    account(413, Reason.MISCONFIGURED, page(413), " page"),
    ambiguous("408", answer(408), Reason.TIMEOUT),
    ambiguous("409", answer(409), Reason.UNKNOWN),
    ambiguous("425", answer(425), Reason.PROVIDER_UNAVAILABLE),
    ambiguous("460", answer(460), Reason.TIMEOUT),
    ambiguous("499", answer(499), Reason.TIMEOUT),
    # Not now
    later("421", answer(421), Reason.PROVIDER_UNAVAILABLE),
    later("429", answer(429), Reason.RATE_LIMITED),
    later("429 at once", answer(429, retry_after="0"), Reason.RATE_LIMITED, retry_after=0.0),
    later("429 nonsense", answer(429, retry_after="soon"), Reason.RATE_LIMITED),
    later(
        "429 too long",
        answer(429, retry_after="60"),
        Reason.RATE_LIMITED,
        requests=1,
        retry_after=60.0,
    ),
    later(
        "429 long gone",
        answer(429, retry_after=formatdate(0, usegmt=True)),
        Reason.RATE_LIMITED,
        retry_after=0.0,
    ),
    # Failures of the provider
    ambiguous("500", answer(500, b"{}"), Reason.PROVIDER_ERROR),
    ambiguous("502 page", page(502), Reason.PROVIDER_ERROR),
    ambiguous("503 empty", answer(503), Reason.PROVIDER_UNAVAILABLE),
    ambiguous(
        "503 come back", answer(503, retry_after="0"), Reason.PROVIDER_UNAVAILABLE, retry_after=0.0
    ),
    ambiguous("504", answer(504), Reason.TIMEOUT),
    ambiguous("599", answer(599), Reason.PROVIDER_ERROR),
]


async def send_one(url: str, *, deadline: float = 10.0, message: Message | None = None) -> Outcome:
    """Send one message through the whole client."""
    async with Client([tiny(url)], retry=RetryPolicy(base=0)) as client:
        (outcome,) = [
            each async for each in client.send_many([message or texts(1)[0]], deadline=deadline)
        ]
    return outcome


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_fault_becomes_its_outcome_and_no_request_too_many(case: Case) -> None:
    """Each fault has one outcome, and only a message proven unsent is sent again."""
    async with Server(*case.acts, connecting=case.connecting) as server:
        outcome = await send_one(server.url, deadline=case.deadline)

    assert not isinstance(outcome, Accepted)
    assert (case.kind, case.reason, case.retry) == (type(outcome), outcome.reason, outcome.retry)
    assert case.scope == getattr(outcome, "scope", None)
    assert case.retry_after == outcome.retry_after
    assert case.requests == len(server.requests)
    assert server.connections <= max(1, case.requests)
    assert ("r0", "main") == (outcome.reference, outcome.account)


async def test_without_a_fault_the_message_is_accepted() -> None:
    """The same server without a fault accepts the message, so the cases test the faults."""
    async with Server(answer(200, YES)) as server:
        outcome = await send_one(server.url)

    assert isinstance(outcome, Accepted)
    assert "main:id-r0" == str(outcome.id)
    (request,) = server.requests
    assert "POST /send HTTP/1.1" == request.line
    assert f"Tiny {KEY}" == request.headers["authorization"]
    assert TEXT == orjson.loads(request.body)["messages"][0]["text"]


async def test_nobody_listens() -> None:
    """A refused connection leaves the message unsent and safe to retry."""
    outcome = await send_one(f"http://127.0.0.1:{refusing_port()}")

    assert isinstance(outcome, NotSent)
    assert (Reason.CONNECTION_FAILED, Retry.SAFE) == (outcome.reason, outcome.retry)


async def test_a_server_that_recovers_is_tried_again() -> None:
    """A 429 with `Retry-After: 0` is followed by a second attempt, which is accepted."""
    async with Server(answer(429, retry_after="0"), answer(200, YES)) as server:
        outcome = await send_one(server.url)

    assert isinstance(outcome, Accepted)
    assert 2 == len(server.requests)
    assert server.requests[0].body == server.requests[1].body


async def test_a_certificate_nobody_knows(certificate: ssl.SSLContext) -> None:
    """A server with an untrusted certificate gets no request, and the account is at fault."""
    async with Server(answer(200, YES), tls=certificate) as server:
        outcome = await send_one(server.url)

    assert isinstance(outcome, NotSent)
    assert (Reason.MISCONFIGURED, Scope.ACCOUNT) == (outcome.reason, outcome.scope)
    assert [] == server.requests


async def test_tls_to_a_plain_port() -> None:
    """A failed TLS handshake leaves the message unsent and safe to retry."""
    async with Server(connecting=saying(b"220 mail.example ESMTP\r\n", then=close)) as server:
        outcome = await send_one(server.url.replace("http:", "https:"))

    assert isinstance(outcome, NotSent)
    assert (Reason.CONNECTION_FAILED, Retry.SAFE) == (outcome.reason, outcome.retry)
    assert [] == server.requests


async def test_plain_to_a_tls_port(certificate: ssl.SSLContext) -> None:
    """Plain HTTP to a TLS port is ambiguous: the request's bytes have left."""
    async with Server(answer(200, YES), tls=certificate) as server:
        outcome = await send_one(server.url.replace("https:", "http:"))

    assert isinstance(outcome, Ambiguous)
    assert [] == server.requests


async def test_a_stale_connection_is_not_tried_again() -> None:
    """A message whose kept connection breaks is ambiguous and is not resent."""
    first, second = texts(2)
    async with (
        Server(answer(200, YES), reset) as server,
        Client([tiny(server.url)], retry=RetryPolicy(base=0)) as client,
    ):
        kept = [each async for each in client.send_many([first])]
        lost = [each async for each in client.send_many([second])]

    assert [Accepted, Ambiguous] == [type(each) for each in (*kept, *lost)]
    assert (1, 2) == (server.connections, len(server.requests))


async def test_no_connection_in_time() -> None:
    """A TLS handshake that outlasts the deadline leaves the message unsent."""
    async with Server(connecting=stall) as server:
        outcome = await send_one(server.url.replace("http:", "https:"), deadline=SOON)

    assert isinstance(outcome, NotSent)
    assert (Reason.TIMEOUT, Retry.SAFE) == (outcome.reason, outcome.retry)


async def test_no_free_connection_in_time() -> None:
    """A deadline that passes while a message waits for a free connection leaves it unsent."""
    adapter = tiny()
    async with Server(stall) as server:
        options = TransportOptions(
            base_url=server.url,
            hosts=frozenset({server.url[7:]}),
            authorization={},
            connections=1,
        )
        wire = HttpTransport(options)
        runner = AttemptRunner(adapter, wire, SystemClock())
        first = asyncio.create_task(runner.send(texts(1), seconds(10)))
        await server.arrived.wait()

        outcomes = await runner.send(texts(1, start=1), seconds(0.05))
        assert isinstance(outcomes, list)
        (outcome,) = outcomes

        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await wire.aclose()
    assert isinstance(outcome, NotSent)
    assert (Reason.TIMEOUT, Retry.SAFE) == (outcome.reason, outcome.retry)
    assert 1 == len(server.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_carries_nothing_away(status: int) -> None:
    """A redirect is not followed: its target gets no connection."""
    async with (
        Server(answer(200, YES)) as elsewhere,
        Server(answer(status, location=f"{elsewhere.url}/send")) as server,
    ):
        outcome = await send_one(server.url)

    expected = Ambiguous if status in (302, 303) else NotSent
    assert expected is type(outcome)
    assert 1 == len(server.requests)
    assert 0 == elsewhere.connections
