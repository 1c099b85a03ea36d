"""An adapter that breaks its contract loses no message and sends none twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from support.adapters import (
    TEXT,
    FakeTransport,
    ManualClock,
    TinyAdapter,
    account_engine,
    close,
    references,
    send_batch,
    texts,
    tiny,
)

from omnimsg import (
    Accepted,
    Ambiguous,
    Fault,
    Limits,
    NotSent,
    OperationError,
    Policy,
    Reason,
    Rejected,
    Retry,
    RetryPolicy,
)
from omnimsg.adapter import Context, Effect, Flow, Request, Response
from omnimsg.engine.attempt.flow import MAX_REQUESTS
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg import Message, Outcome

pytestmark = pytest.mark.anyio


class RaisesAtOnce(TinyAdapter):
    """`send` is not a generator function: it raises when it is called."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Raise."""
        raise ValueError(messages[0].content.text)  # type: ignore[union-attr]


class RaisesBefore(TinyAdapter):
    """`send` raises before its first request."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Raise."""
        if messages:
            raise KeyError(TEXT)
        yield self.sending(messages, context)


class ExitsBefore(TinyAdapter):
    """`send` raises what ends a generator, before its first request."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Raise."""
        if messages:
            raise GeneratorExit
        yield self.sending(messages, context)


class ReturnsNothing(TinyAdapter):
    """`send` is not a generator function: it returns a list."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Return."""
        return []  # type: ignore[return-value]


class NeverAsks(TinyAdapter):
    """`send` returns without a request."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Return."""
        if messages:
            return [None for _ in messages]
        return self.outcomes(messages, (yield self.sending(messages, context)))


class YieldsNonsense(TinyAdapter):
    """`send` yields a string instead of a request."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Yield."""
        yield "POST /send"  # type: ignore[misc]


class RaisesAfter(TinyAdapter):
    """`send` raises when it receives the response."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Raise."""
        yield self.sending(messages, context)
        raise RuntimeError(TEXT)


class ExitsAfter(TinyAdapter):
    """`send` raises what ends a generator, when it receives the response."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Raise."""
        yield self.sending(messages, context)
        raise GeneratorExit


class NonsenseAfter(TinyAdapter):
    """`send` yields `None` when it receives the response."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Yield."""
        yield self.sending(messages, context)
        yield None  # type: ignore[misc]


class NeverStops(TinyAdapter):
    """`send` yields requests without end."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Yield for ever."""
        while True:
            yield self.sending(messages, context)


class Returns(TinyAdapter):
    """`send` returns what `returned` makes of its outcomes."""

    returned: Any = None

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
        """Return the changed outcomes."""
        response = yield self.sending(messages, context)
        return type(self).returned(self.outcomes(messages, response))


def returning(change: Callable[[list[Any]], Any]) -> type[Returns]:
    """Build an adapter class whose outcomes are changed by a function."""
    return type("Spoils", (Returns,), {"returned": staticmethod(change)})


async def send(adapter: TinyAdapter, wire: FakeTransport, count: int = 3) -> list[Outcome]:
    """Send a batch with retries."""
    return await send_batch(account_engine(adapter, wire), texts(count))


@pytest.mark.parametrize(
    "kind", [RaisesAtOnce, RaisesBefore, ExitsBefore, ReturnsNothing, NeverAsks, YieldsNonsense]
)
async def test_a_flow_that_fails_before_its_request_sends_nothing(
    kind: type[TinyAdapter], caplog: pytest.LogCaptureFixture
) -> None:
    """A flow that fails before its first request leaves every message unsent."""
    wire = FakeTransport()

    outcomes = await send(tiny(kind=kind), wire)

    assert ["r0", "r1", "r2"] == [each.reference for each in outcomes]
    for each in outcomes:
        assert isinstance(each, NotSent)
        assert (Retry.NEVER, Fault.CALLER) == (each.retry, each.fault)
    assert [] == wire.requests
    assert "the adapter of tiny" in caplog.text


@pytest.mark.parametrize(
    "kind",
    [
        RaisesAfter,
        ExitsAfter,
        NonsenseAfter,
        returning(lambda outcomes: outcomes[:-1]),
        returning(lambda outcomes: [*outcomes, None]),
        returning(lambda _: None),
        returning(lambda _: 5),
        returning(lambda outcomes: ["yes" for _ in outcomes]),
        returning(lambda outcomes: outcomes[::-1]),
        returning(lambda outcomes: [attrs.evolve(each, account="other") for each in outcomes]),
        returning(lambda outcomes: [outcomes[1], outcomes[0], outcomes[2]]),
        returning(lambda outcomes: [*outcomes[:2], attrs.evolve(outcomes[2], account="other")]),
    ],
)
async def test_a_flow_that_fails_after_its_request_is_ambiguous(
    kind: type[TinyAdapter], caplog: pytest.LogCaptureFixture
) -> None:
    """A flow that fails after its request left makes its messages ambiguous; none is resent."""
    wire = FakeTransport()

    outcomes = await send(tiny(kind=kind), wire)

    assert ["r0", "r1", "r2"] == [each.reference for each in outcomes]
    for each in outcomes:
        assert isinstance(each, Ambiguous)
        assert (Retry.UNSAFE, Fault.CALLER) == (each.retry, each.fault)
    assert 1 == len(wire.requests)
    assert "the adapter of tiny" in caplog.text


async def test_the_log_names_the_adapter_and_the_kind_of_error_and_its_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log and the failure have the adapter, the exception's type and its line, not its text."""
    (outcome, *_) = await send(tiny(kind=RaisesAfter), FakeTransport())

    assert not isinstance(outcome, Accepted)
    assert (
        "the adapter of tiny raised RuntimeError at test_broken_adapters.py:"
        in outcome.failure.detail
    )
    assert outcome.failure.detail in caplog.text
    assert TEXT not in repr(outcome)


async def test_a_flow_that_never_stops_is_stopped() -> None:
    """A flow may make at most `MAX_REQUESTS` requests."""
    wire = FakeTransport()

    outcomes = await send(tiny(kind=NeverStops), wire)

    assert MAX_REQUESTS == len(wire.requests)
    assert {Ambiguous} == {type(each) for each in outcomes}


async def test_an_error_while_a_flow_is_closed_is_only_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An exception while a flow is closed is logged; the outcome has the transport's fault."""

    class Objects(TinyAdapter):
        def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
            try:
                yield self.sending(messages, context)
            finally:
                raise ValueError(TEXT)

    def lost(_: Request) -> Response:
        raise TransportFault(Reason.CONNECTION_LOST, "gone")

    outcomes = await send(tiny(kind=Objects), FakeTransport(lost))

    assert {Reason.CONNECTION_LOST} == {
        each.reason for each in outcomes if not isinstance(each, Accepted)
    }
    assert "raised ValueError at test_broken_adapters.py:" in caplog.text


async def test_a_second_request_that_never_left_leaves_the_message_ambiguous() -> None:
    """A message whose first request left is ambiguous, even if a second request never left."""

    class Twice(TinyAdapter):
        def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
            yield self.sending(messages, context)
            yield self.sending(messages, context)

    class SecondRefused(FakeTransport):
        async def exchange(self, request: Request, **more: Any) -> Response:
            if self.requests:
                self.requests.append(request)
                raise TransportFault(Reason.CONNECTION_FAILED, "no connection")
            return await super().exchange(request, **more)

    wire = SecondRefused()
    outcomes = await send(tiny(kind=Twice), wire)

    assert {Ambiguous} == {type(each) for each in outcomes}
    assert 2 == len(wire.requests)


async def test_a_look_up_before_the_message_makes_nothing_ambiguous() -> None:
    """A lost answer to a read-only request before the send leaves the messages unsent."""

    class AsksFirst(TinyAdapter):
        def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
            yield Request("GET", "/ready", effect=Effect.READ)
            return self.outcomes(messages, (yield self.sending(messages, context)))

    def unready(request: Request) -> Response:
        raise TransportFault(Reason.TIMEOUT, "no answer in time")

    wire = FakeTransport(unready)
    outcomes = await send(tiny(kind=AsksFirst), wire)

    assert {(NotSent, Retry.SAFE)} == {
        (type(each), each.retry) for each in outcomes if not isinstance(each, Accepted)
    }
    assert ["GET"] * 3 == [each.method for each in wire.requests]


async def test_a_check_that_raises_costs_one_message() -> None:
    """An exception in `check` refuses only the message that was checked."""

    class Picky(TinyAdapter):
        def check(self, message: Message) -> Any:
            raise ZeroDivisionError(TEXT)

    checks = MessageChecks(tiny(kind=Picky))

    refusal = checks.refusal(texts(1)[0])

    assert refusal is not None
    assert (Retry.NEVER, Fault.CALLER) == (refusal.retry, refusal.fault)


async def test_a_group_that_raises_lets_the_message_travel_alone() -> None:
    """A message for which `group` raises shares its request with no other message."""

    class Ungrouped(TinyAdapter):
        def group(self, message: Message) -> Any:
            raise ZeroDivisionError(TEXT)

    checks = MessageChecks(tiny(kind=Ungrouped))
    first, second = texts(2)

    assert checks.group(first) != checks.group(second)


async def test_a_batch_too_long_is_cut_before_anything_is_written() -> None:
    """A batch over the size limit is split before it is sent, and each message is sent once."""
    wire = FakeTransport()

    outcomes = await send(tiny(max_bytes=300), wire, count=10)

    assert [f"r{number}" for number in range(10)] == [each.reference for each in outcomes]
    assert {Accepted} == {type(each) for each in outcomes}
    assert all(len(each.body) <= 300 for each in wire.requests if isinstance(each.body, bytes))
    assert [each.reference for each in outcomes] == sorted(
        ref for each in wire.requests for ref in references(each)
    )


async def test_a_request_of_exactly_the_largest_size_is_sent() -> None:
    """A request of exactly `max_bytes` is sent whole."""
    unlimited, limited = FakeTransport(), FakeTransport()
    await send(tiny(), unlimited)
    body = unlimited.requests[0].body
    assert isinstance(body, bytes)

    outcomes = await send(tiny(max_bytes=len(body)), limited)

    assert [Accepted] * 3 == [type(each) for each in outcomes]
    assert [body] == [each.body for each in limited.requests]


async def test_a_single_message_too_long_for_a_request_is_refused() -> None:
    """A message over the size limit is refused as too large; the others are sent."""
    wire = FakeTransport()
    adapter = tiny(max_bytes=300)
    small, large = texts(2)
    large = attrs.evolve(large, content="x" * 300)

    outcomes = await send_batch(account_engine(adapter, wire), [small, large])

    assert [Accepted, NotSent] == [type(each) for each in outcomes]
    assert isinstance(outcomes[1], NotSent)
    assert (Reason.CONTENT_TOO_LARGE, "content") == (outcomes[1].reason, outcomes[1].failure.path)
    assert 1 == len(wire.requests)


async def test_a_deadline_that_has_passed_sends_nothing() -> None:
    """Messages whose deadline has passed are not sent, and no request is made."""
    wire = FakeTransport()

    outcomes = await send_batch(account_engine(tiny(), wire), texts(2), 0)

    assert {(NotSent, Reason.DEADLINE_EXCEEDED, Retry.NEVER)} == {
        (type(each), each.reason, each.retry) for each in outcomes if not isinstance(each, Accepted)
    }
    assert [] == wire.requests


async def test_a_message_whose_ttl_has_passed_is_not_sent() -> None:
    """A message whose ttl ran out in the queue is not sent; the others of its batch are."""
    wire, clock = FakeTransport(), ManualClock()
    account = account_engine(tiny(), wire, clock=clock)
    stale, fresh, plain = texts(3)
    stale, fresh = attrs.evolve(stale, ttl=60), attrs.evolve(fresh, ttl=90)

    handed_over = [account.submit(each, 100) for each in (stale, fresh, plain)]
    clock.now += 60
    outcomes = await asyncio.gather(*handed_over)

    assert [NotSent, Accepted, Accepted] == [type(each) for each in outcomes]
    assert isinstance(outcomes[0], NotSent)
    assert (Reason.DEADLINE_EXCEEDED, "ttl") == (outcomes[0].reason, outcomes[0].failure.path)
    assert ["r1", "r2"] == references(wire.requests[0])
    assert b'"ttl":30' in bytes(wire.requests[0].body)  # type: ignore[arg-type]


async def test_the_adapters_own_words_are_kept() -> None:
    """A verdict of the adapter takes precedence over the HTTP status."""

    def refusing(request: Request) -> Response:
        body = b'{"results": [{"ref": "r0", "error": "no-such-number"}]}'
        return Response(503, body, {"Retry-After": "7"})

    outcomes = await send(tiny(), FakeTransport(refusing), count=2)

    assert [Rejected, Ambiguous] == [type(each) for each in outcomes]
    assert [7.0, 7.0] == [each.retry_after for each in outcomes if not isinstance(each, Accepted)]
    assert isinstance(outcomes[0], Rejected)
    assert "no-such-number" == outcomes[0].failure.code


@pytest.mark.parametrize(
    ("writes", "kind", "reason"),
    [
        (False, "not_sent", Reason.CONNECTION_FAILED),
        (True, "ambiguous", Reason.CONNECTION_LOST),
    ],
)
async def test_a_cancelled_error_of_the_transport_is_a_broken_connection(
    writes: bool, kind: str, reason: Reason
) -> None:
    """A transport that raises `CancelledError` by itself fails like a connection that broke.

    Neither is a message said to be cancelled by its caller, nor does a task that asks for a
    balance look like one that was cancelled.
    """

    async def cancelled() -> Response:
        raise asyncio.CancelledError

    wire = FakeTransport(lambda _: cancelled(), writes=writes)
    policy = Policy(retry=RetryPolicy(attempts=1))
    account = account_engine(tiny(), wire, policy=policy)

    with pytest.raises(OperationError) as caught:
        await account.balance(10.0)
    (outcome,) = await send_batch(account, texts(1))

    assert not isinstance(outcome, Accepted)
    assert (kind, reason, reason) == (outcome.kind, outcome.reason, caught.value.reason)
    assert "the transport raised CancelledError" in outcome.failure.detail


async def test_an_error_that_ends_the_task_leaves_no_caller_waiting() -> None:
    """An adapter that raises a `BaseException` has ambiguous messages, and others leave after it.

    Such errors are those of test frameworks and of timeouts of gevent.
    """

    class Odd(BaseException):
        pass

    class RaisesOdd(TinyAdapter):
        def send(self, messages: Sequence[Message], context: Context) -> Flow[Any]:
            outcomes = yield from super().send(messages, context)
            if len(wire.requests) == 1:
                raise Odd
            return outcomes

    wire = FakeTransport()
    policy = Policy(limits=Limits(concurrency=1))
    account = account_engine(tiny(kind=RaisesOdd), wire, policy=policy)

    with anyio.fail_after(20):
        first = await account.submit(texts(1)[0], 10.0)
        second = await account.submit(texts(1)[0], 10.0)
    await close(account)

    assert isinstance(first, Ambiguous)
    assert "raised Odd at test_broken_adapters.py:" in first.failure.detail
    assert isinstance(second, Accepted)
