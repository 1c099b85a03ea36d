"""`Observer` and its events: the interface for metrics, traces, logs and trackers of messages.

Observers decide nothing. They are called synchronously, in the order given; their exceptions are
logged and have no effect on a message. What must be durable belongs in a journal.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs

from omnimsg.domain.failure import Failure
from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Outcome
from omnimsg.engine.journal import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omnimsg.engine.delivery_events import (
        CallbackRefused,
        DoubtEnded,
        EventReceived,
        StatusChanged,
    )
    from omnimsg.engine.leg_events import LegChanged

log: logging.Logger = logging.getLogger("omnimsg.engine")

E = TypeVar("E")


@attrs.frozen(kw_only=True)
class HandedOver:
    """A message was handed over by a caller.

    The observer runs in the caller's context, so that a trace can begin at its span. For
    `send_many` that is the context in which the stream was first read.

    A message is handed over again to each further account of its route; for `send_many` then in no
    caller's context. So is each fallback leg that omnimsg runs, in its caller's context, as a
    message of its own with the same reference.

    Attributes:
        account: The account's name.
        message: The message.
    """

    account: str
    message: Message


@attrs.frozen(kw_only=True)
class AttemptBegun:
    """A batch of messages is about to leave in one request.

    Attributes:
        attempt: The attempt.
        messages: Its messages.
    """

    attempt: Attempt
    messages: tuple[Message, ...]


@attrs.frozen(kw_only=True)
class AttemptEnded:
    """The attempt has an outcome for each message. It need not be the message's last one.

    Attributes:
        attempt: The attempt.
        outcomes: One per message that left, in order.
        seconds: How long the attempt took.
    """

    attempt: Attempt
    outcomes: tuple[Outcome, ...]
    seconds: float


@attrs.frozen(kw_only=True)
class RetryEvent:
    """A retry is scheduled.

    Attributes:
        account: The account's name.
        attempt: The number of the attempt to come; the first retry is attempt 2.
        attempts: How many attempts there will be at most.
        wait: Seconds until then.
        failure: The failure that is retried; of several messages, that of the first.
        references: The references of the messages; empty for an operation that sends none.
        doubtful: The references of messages that may have been sent before, and may now reach
            somebody twice. Empty unless `on_ambiguous` allows that.
        is_look_up: Whether the messages are looked up again by their references, and nothing is
            sent. The attempt to come follows only where they are not found.
    """

    account: str
    attempt: int
    attempts: int
    wait: float
    failure: Failure
    references: tuple[str, ...] = attrs.field(default=(), repr=False)
    doubtful: tuple[str, ...] = attrs.field(default=(), repr=False)
    is_look_up: bool = False


@attrs.frozen(kw_only=True)
class Held:
    """Messages are held back until an open circuit closes, or their deadline passes.

    Attributes:
        account: The account's name.
        references: The references of the messages.
        reasons: Why, as reasons in plain words.
    """

    account: str
    references: tuple[str, ...] = attrs.field(repr=False)
    reasons: tuple[str, ...]


@attrs.frozen
class OutcomeKnown:
    """Messages have their last outcome; their callers are told now.

    Of the accounts of a route, only the last one that was tried tells of the message. Each fallback
    leg that omnimsg runs has an outcome of its own.

    Attributes:
        account: The account of the first outcome. Of a stream through a route, the others may have
            another.
        messages: The messages.
        outcomes: The outcome of each, in the same order.
    """

    account: str
    messages: tuple[Message, ...] = attrs.field(repr=False)
    outcomes: tuple[Outcome, ...]


@attrs.frozen(kw_only=True)
class OutcomeUnclaimed:
    """A message has an outcome that nobody waits for: its caller was cancelled, or its loop ended.

    Attributes:
        account: The account's name.
        message: The message.
        outcome: The message's outcome.
    """

    account: str
    message: Message = attrs.field(repr=False)
    outcome: Outcome


@attrs.frozen(kw_only=True)
class CircuitChanged:
    """A circuit opened or closed.

    Attributes:
        account: The account's name.
        subject: What the circuit is for: the account, one of its channels, or its provider.
        failure: Why messages are held back; `None` when the circuit closed.
        probe_every: Seconds between two batches that try whether the failure is over.
    """

    account: str
    subject: str
    failure: Failure | None
    probe_every: float


@attrs.frozen(kw_only=True)
class Paused:
    """The provider asked the account to send nothing for a while.

    Attributes:
        account: The account's name.
        seconds: For how long.
    """

    account: str
    seconds: float


@attrs.frozen(kw_only=True)
class UnknownCodeMet:
    """An answer or a report had a code or a status without a row in the adapter's tables.

    Attributes:
        account: The account's name.
        provider: The provider's name.
        table: Which table has no row for it: `code` or `status`.
        code: The code or status as the provider gave it: at most 64 characters, numbers and
            addresses masked.
        http_status: The HTTP status of the answer; `None` in a report.
    """

    account: str
    provider: str
    table: str
    code: str
    http_status: int | None = None


class Observer:
    """Watches the accounts of a client. Override the methods for the events that are wanted.

    An event that no observer overrides is never built, so an observer of retries costs nothing for
    a message that needs none.
    """

    def handed_over(self, event: HandedOver) -> None:
        """A message was handed over; runs in its caller's context."""

    def attempt_begun(self, event: AttemptBegun) -> None:
        """A request is about to leave."""

    def attempt_ended(self, event: AttemptEnded) -> None:
        """A request was answered, or failed."""

    def retry_scheduled(self, event: RetryEvent) -> None:
        """Messages, or an operation, will be tried again."""

    def held(self, event: Held) -> None:
        """Messages are held back."""

    def outcome_known(self, event: OutcomeKnown) -> None:
        """Messages have their last outcome."""

    def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
        """A message has an outcome, and its caller is gone."""

    def circuit_changed(self, event: CircuitChanged) -> None:
        """A circuit opened or closed."""

    def paused(self, event: Paused) -> None:
        """The provider asked for a pause."""

    def unknown_code(self, event: UnknownCodeMet) -> None:
        """A provider gave a code or a status that the adapter's tables do not have."""

    def event_received(self, event: EventReceived) -> None:
        """A callback brought an event."""

    def status_changed(self, event: StatusChanged) -> None:
        """A message has another status."""

    def callback_refused(self, event: CallbackRefused) -> None:
        """A request to the receiver was refused."""

    def doubt_ended(self, event: DoubtEnded) -> None:
        """A doubtful message is known to be with the provider, or the doubt was given up."""

    def leg_changed(self, event: LegChanged) -> None:
        """A fallback leg that omnimsg runs itself has a new state."""


EVENTS: tuple[str, ...] = tuple(name for name in vars(Observer) if not name.startswith("_"))
"""The names of all events, which are those of the methods of `Observer`."""

Notify: TypeAlias = "Callable[[E], None]"
"""Passes an event to all observers that listen to its kind."""


class Observers:
    """All observers of an account, one attribute per event: a function, or `None` for no listener.

    Args:
        observers: Called in this order.
    """

    handed_over: Notify[HandedOver] | None
    attempt_begun: Notify[AttemptBegun] | None
    attempt_ended: Notify[AttemptEnded] | None
    retry_scheduled: Notify[RetryEvent] | None
    held: Notify[Held] | None
    outcome_known: Notify[OutcomeKnown] | None
    outcome_unclaimed: Notify[OutcomeUnclaimed] | None
    circuit_changed: Notify[CircuitChanged] | None
    paused: Notify[Paused] | None
    unknown_code: Notify[UnknownCodeMet] | None
    event_received: Notify[EventReceived] | None
    status_changed: Notify[StatusChanged] | None
    callback_refused: Notify[CallbackRefused] | None
    doubt_ended: Notify[DoubtEnded] | None
    leg_changed: Notify[LegChanged] | None

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._set(tuple(observers))

    def add(self, observer: Observer) -> None:
        """Add an observer.

        One of hand-overs, attempts, retries or holds must be added before the account is first
        used, because the parts of the account look these listeners up once.
        """
        self._set((*self._observers, observer))

    def _set(self, given: tuple[Observer, ...]) -> None:
        self._observers = given
        for event in EVENTS:
            setattr(self, event, _notifier(given, event))

    @property
    def watch_attempts(self) -> bool:
        """Whether anybody listens to the beginning or the end of attempts."""
        return self.attempt_begun is not None or self.attempt_ended is not None


def _notifier(observers: tuple[Observer, ...], method: str) -> Callable[[Any], None] | None:
    """Return a function that calls the observers of an event; `None` where there are none."""
    listeners = [
        getattr(each, method)
        for each in observers
        if getattr(type(each), method, None) is not getattr(Observer, method)
    ]
    if not listeners:
        return None

    def notify(event: object) -> None:
        for listener in listeners:
            try:
                listener(event)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - breaks no send
                # Without its text, which may quote the event.
                kind = type(error).__name__
                log.error(  # noqa: TRY400
                    "an observer of %s raised %s",
                    method,
                    kind,
                    extra=log_fields(observer_event=method, error=kind),
                )

    return notify
