"""Observers get the events of a send in the caller's context, and cannot break a send."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import (
    FakeTransport,
    accepted,
    account_engine,
    close,
    references,
    results,
    send_batch,
    texts,
    tiny,
)

from omnimsg import (
    AccountTrouble,
    AttemptBegun,
    AttemptEnded,
    CircuitChanged,
    HandedOver,
    Held,
    Limits,
    Observer,
    OutcomeKnown,
    Paused,
    Policy,
    RetryEvent,
    RetryPolicy,
)
from omnimsg.adapter import Request, Response
from omnimsg.engine.observers import Observers

if TYPE_CHECKING:
    from omnimsg import Message

pytestmark = pytest.mark.anyio

trace = contextvars.ContextVar("trace", default="none")


class Everything(Observer):
    """An observer that keeps every event, and the trace of the context at the hand-over."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.traces: list[str] = []

    def _keep(self, event: object) -> None:
        self.events.append(event)

    def handed_over(self, event: HandedOver) -> None:
        """Keep the event, and the caller's trace."""
        self._keep(event)
        self.traces.append(trace.get())

    def attempt_begun(self, event: AttemptBegun) -> None:
        """Keep the event."""
        self._keep(event)

    def attempt_ended(self, event: AttemptEnded) -> None:
        """Keep the event."""
        self._keep(event)

    def retry_scheduled(self, event: RetryEvent) -> None:
        """Keep the event."""
        self._keep(event)

    def held(self, event: Held) -> None:
        """Keep the event."""
        self._keep(event)

    def outcome_known(self, event: OutcomeKnown) -> None:
        """Keep the event."""
        self._keep(event)

    def circuit_changed(self, event: CircuitChanged) -> None:
        """Keep the event."""
        self._keep(event)

    def paused(self, event: Paused) -> None:
        """Keep the event."""
        self._keep(event)

    def kinds(self) -> list[str]:
        """Return the names of the events, in order."""
        return [type(each).__name__ for each in self.events]

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind."""
        return [each for each in self.events if isinstance(each, kind)]


async def test_what_is_no_message_is_not_handed_over() -> None:
    """A stream of anything but messages raises before an observer is called."""
    seen = Everything()
    account = account_engine(tiny(), FakeTransport(), observers=[seen])

    with pytest.raises(TypeError, match="only a Message can be sent"):
        async for _ in account.stream(["no message"], 10.0):  # type: ignore[list-item]
            pass

    assert [] == seen.events


async def test_a_message_that_goes_well_is_four_events() -> None:
    """An accepted message has four events: hand-over, attempt begun, attempt ended, outcome."""
    seen = Everything()
    account = account_engine(tiny(), FakeTransport(), observers=[seen])

    (outcome,) = await send_batch(account, texts(1))

    assert ["HandedOver", "AttemptBegun", "AttemptEnded", "OutcomeKnown"] == seen.kinds()
    handed_over, begun, ended, known = seen.events
    assert ("main", "r0") == (handed_over.account, handed_over.message.reference)
    assert ["r0"] == [each.reference for each in begun.messages]
    assert (begun.attempt, (outcome,)) == (ended.attempt, ended.outcomes)
    assert ended.seconds >= 0
    assert ("main", (outcome,)) == (known.account, known.outcomes)


async def test_the_hand_over_sees_the_context_of_its_caller() -> None:
    """`handed_over` runs in its caller's context, also for shared requests and streams."""
    seen = Everything()
    account = account_engine(tiny(), FakeTransport(), observers=[seen])

    def call(message: Message, name: str) -> Any:
        context = contextvars.copy_context()
        context.run(trace.set, name)
        return context.run(account.submit, message, 10)

    futures = [call(message, f"span {number}") for number, message in enumerate(texts(3))]
    for future in futures:
        await future
    trace.set("stream")
    streamed = [each async for each in account.stream(texts(2, start=3), 10)]
    await close(account)

    assert 2 == len(streamed)
    assert ["span 0", "span 1", "span 2", "stream", "stream"] == seen.traces
    assert len(seen.of(AttemptBegun)) < 5


async def test_a_retry_is_two_attempts_and_one_outcome() -> None:
    """A retried message has two attempts and one `outcome_known`, for its last outcome."""
    seen = Everything()
    words = iter(["slow-down", "ok"])
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), next(words))))
    account = account_engine(tiny(), wire, observers=[seen])

    await send_batch(account, texts(1))

    assert [
        "HandedOver",
        *("AttemptBegun", "AttemptEnded", "RetryEvent"),
        *("AttemptBegun", "AttemptEnded", "OutcomeKnown"),
    ] == seen.kinds()
    first, second = seen.of(AttemptBegun)
    assert (1, 2) == (first.attempt.number, second.attempt.number)
    assert first.attempt.token != second.attempt.token


async def test_refused_messages_have_no_attempt() -> None:
    """A message refused before sending has a hand-over and an outcome, but no attempt."""
    seen = Everything()
    account = account_engine(tiny(), FakeTransport(), observers=[seen])
    (message,) = texts(1)

    await send_batch(account, [attrs.evolve(message, callback_url="https://example.test/")])
    streamed = [each async for each in account.stream([], 10)]

    assert [] == streamed
    assert ["HandedOver", "OutcomeKnown"] == seen.kinds()
    assert "not_sent" == seen.events[1].outcomes[0].kind


async def test_open_circuits_pauses_and_held_messages_are_told() -> None:
    """Observers get the opened circuit and the held messages, with the reasons."""
    seen = Everything()
    policy = Policy(retry=RetryPolicy(attempts=1), account_trouble=AccountTrouble.HOLD)
    account = account_engine(
        tiny(max_messages=1),
        FakeTransport(lambda _: Response(401)),
        policy=policy,
        observers=[seen],
    )
    waiting = [account.submit(each, 0.5) for each in texts(3)]
    for each in waiting:
        await each
    await close(account)

    (opened,) = seen.of(CircuitChanged)
    assert ("account 'main'", "unauthorized") == (opened.subject, opened.failure.reason.value)
    assert {"r0", "r1", "r2"} == {each for event in seen.of(Held) for each in event.references}
    assert ("unauthorized",) == seen.of(Held)[0].reasons


async def test_a_pause_is_told() -> None:
    """Observers get a pause with its seconds."""
    seen = Everything()
    throttled = FakeTransport(lambda _: Response(429, headers={"Retry-After": "120"}))
    policy = Policy(retry=RetryPolicy(attempts=1), limits=Limits(concurrency=1))
    account = account_engine(tiny(), throttled, policy=policy, observers=[seen])

    await send_batch(account, texts(1))

    assert [Paused(account="main", seconds=120.0)] == seen.of(Paused)


async def test_an_observer_that_raises_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An observer that raises stops neither the send nor the events of other observers."""

    class Broken(Everything):
        def _keep(self, event: object) -> None:
            super()._keep(event)
            raise LookupError(str(event))

    broken, seen = Broken(), Everything()
    account = account_engine(tiny(), FakeTransport(), observers=[broken, seen])

    outcomes = await send_batch(account, texts(3))

    assert ["accepted"] * 3 == [each.kind for each in outcomes]
    assert broken.kinds() == seen.kinds()
    assert "an observer of attempt_begun raised LookupError" in caplog.text


async def test_a_cancelled_error_of_an_observer_breaks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A `CancelledError`, such as that of a cancelled future, is an error like any other."""

    class ReadsCancelledFuture(Everything):
        def _keep(self, event: object) -> None:
            super()._keep(event)
            raise asyncio.CancelledError

    broken, seen = ReadsCancelledFuture(), Everything()
    account = account_engine(tiny(), FakeTransport(), observers=[broken, seen])

    async with asyncio.timeout(20):
        streamed = [each async for each in account.stream(texts(3), 30.0)]
        outcomes = await send_batch(account, texts(3))

    assert ["accepted"] * 6 == [each.kind for each in (*streamed, *outcomes)]
    assert broken.kinds() == seen.kinds()
    assert "an observer of outcome_known raised CancelledError" in caplog.text


def test_an_event_without_listeners_is_not_built() -> None:
    """An event that no observer handles is not built."""

    class Retries(Observer):
        def retry_scheduled(self, event: RetryEvent) -> None:
            """Handle the event."""

    observers = Observers([Retries()])

    assert observers.retry_scheduled is not None
    assert not observers.watch_attempts
    assert (None, None) == (observers.handed_over, observers.outcome_known)


async def test_a_cancelled_attempt_has_ended_too() -> None:
    """An attempt that is cancelled has its `attempt_ended`, so a span can be closed."""
    seen = Everything()

    async def stuck(request: Request) -> Response:
        await wire.asked(2)
        return accepted(request)

    wire = FakeTransport(stuck)
    account = account_engine(tiny(), wire, observers=[seen])
    waiting = account.submit(texts(1)[0], 10)
    await wire.asked(1)

    await close(account)

    (ended,) = seen.of(AttemptEnded)
    assert ["ambiguous"] == [each.kind for each in ended.outcomes]
    assert "ambiguous" == waiting.result().kind
