"""`Batch`: messages that will share a request, with their deadline and their owner."""

from __future__ import annotations

import math
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.engine.attempt.earlier_doubts import NO_DOUBTS
from omnimsg.engine.deadline import Deadline

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Container, Hashable, Mapping, Sequence
    from datetime import datetime

    from omnimsg.domain.message import Message, Priority
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.journal import Attempt

reference_of: attrgetter[str] = attrgetter("reference")

# How far apart the hand-overs, and the deadlines, of the messages of one request may be: a tenth of
# the first one's timeout, at most a second. The remaining ttl is computed once for all of them, and
# the earliest deadline limits the request.
_SPREAD = 0.1
_MAX_SPREAD = 1.0

# Above this timeout, a second is less than a tenth of it. Up to it, each step is a tenth longer
# than the one before.
_LONG = _MAX_SPREAD / _SPREAD
_GROWTH = math.log1p(_SPREAD)
_SHORTEST, _LONGEST = 1e-9, 1e9


def step_of(timeout: float) -> int:
    """Return the step of a timeout; timeouts of one step may share a request."""
    if timeout <= _LONG:
        return math.ceil(math.log(max(timeout, _SHORTEST) / _LONG) / _GROWTH)
    return math.ceil((min(timeout, _LONGEST) - _LONG) / _MAX_SPREAD)


# Owner, group, and step of the timeout; empty where nothing joins.
Kind: TypeAlias = tuple[Any, ...]

FailsOver: TypeAlias = "Callable[[Outcome], bool]"
"""Returns whether, after an outcome, another account may send the message."""


def has_named(report: asyncio.Future[Accepted]) -> bool:
    """Return whether the future of a report is done because a report has come."""
    return report.done() and not report.cancelled() and report.exception() is None


class Owner(Protocol):
    """Has handed messages over, and receives their outcomes by keys of its own."""

    @property
    def may_abandon(self) -> bool:
        """Whether a caller may have stopped waiting, so that `abandoned` is worth a call."""

    @property
    def fails_over(self) -> FailsOver | None:
        """Returns whether a failure goes to the owner at once, as another account may send.

        The account does not retry such a failure. `None` where it retries all that its policy says.
        """

    def abandoned(self, keys: Sequence[Any]) -> Sequence[int]:
        """Return the indexes of messages that nobody waits for any more."""

    def finish(
        self,
        keys: Sequence[Any],
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
        deadline: Deadline | None = None,
    ) -> None:
        """Take the outcomes of messages, in the order of their keys.

        Args:
            keys: The owner's keys of the messages.
            messages: The messages.
            outcomes: Their outcomes.
            deadline: Their deadline; `None` where they have not waited for anything.
        """


class Batch(Deadline):
    """Messages that will share a request: of one group and priority, no reference twice.

    The batch is its own deadline. `started` is when the first message was handed over. `ends` is
    the earliest deadline of its messages; infinity until its turn for an owner whose timeouts begin
    only then (a stream).

    Attributes:
        timeout: The timeout of the first message, seconds.
        owner: Receives the outcomes.
        group: The adapter's group of the messages.
        priority: The priority of the messages.
        messages: The messages.
        keys: The owner's keys of the messages, in the same order.
        ttl: Their shortest ttl, or less, in seconds; infinity where none has one.
        left_at: When the batch left last, monotonic seconds.
        kind: The owner, the group and the step of the timeouts of messages that may join.
        spread: Seconds by which messages that join may differ in time.
        references: The references of the messages while others may join; `None` from then on.
        is_part: Whether it is a part of a batch that was split.
        is_retry: Whether they were tried before.
        doubts: The outcomes, by reference, of messages that may have been sent before.
        absent_until: Until when the messages count as missing, where they were looked up and not
            found, monotonic seconds.
        reports: By reference, the future that is done when a report names one of those.
        held_for: Why they were held back, in plain words, where they were.
        attempts: The last attempt at each message, by reference, where a journal or an observer
            wants to know. The parts of a batch share this mapping, so that the whole batch knows
            the attempts at its parts.
    """

    # Defaults of the class: one batch is made for every request, and few of them need these.
    references: set[str] | None = None
    kind: Kind = ()
    spread: float = 0.0
    is_part: bool = False
    is_retry: bool = False
    doubts: Mapping[str, Ambiguous] = NO_DOUBTS
    absent_until: float = math.inf
    reports: Mapping[str, asyncio.Future[Accepted]] = MappingProxyType({})
    held_for: str = ""
    attempts: dict[str, Attempt] | None = None
    first_left_at: datetime | None = None

    def __init__(  # noqa: PLR0913, PLR0917 - by position, which costs half of what names do
        self,
        started: float,
        ends: float,
        now: Callable[[], float],
        timeout: float,
        owner: Owner,
        group: Hashable,
        priority: Priority,
        messages: list[Message],
        keys: list[Any],
        ttl: float,
    ) -> None:
        self.started = started
        self.ends = ends
        self.now = now
        self.timeout = timeout
        self.owner = owner
        self.group = group
        self.priority: Priority = priority
        self.messages: list[Message] = messages
        self.keys: list[Any] = keys
        self.ttl: float = ttl
        self.left_at = started

    def open(self, kind: Kind) -> None:
        """Let other messages of its kind join."""
        self.kind = kind
        self.references = set()
        self.spread = min(_MAX_SPREAD, self.timeout * _SPREAD)

    def join(self, message: Message, key: object) -> bool:
        """Add a message, and return whether it could join."""
        references, reference = self.references, message.reference
        if references is None or reference in references:
            return False
        self.messages.append(message)
        self.keys.append(key)
        references.add(reference)
        if message.ttl is not None and message.ttl < self.ttl:
            self.ttl = message.ttl
        return True

    def join_all(self, messages: Sequence[Message], keys: Sequence[Any], ttl: float) -> bool:
        """Add messages, all or none, and return whether they could join.

        Args:
            messages: The messages.
            keys: The owner's keys of the messages.
            ttl: Their shortest ttl, in seconds; infinity where none has one.
        """
        references = set(map(reference_of, messages))
        mine = self.references
        if mine is None or len(references) < len(messages) or not mine.isdisjoint(references):
            return False
        self.messages += messages
        self.keys += keys
        if mine:
            mine |= references
        else:
            self.references = references
        self.ttl = min(self.ttl, ttl)
        return True

    def fits(self, started: float, ends: float) -> bool:
        """Return whether a message of that hand-over and deadline is close enough in time."""
        spread = self.spread
        return started - self.started <= spread and (
            ends == self.ends or -spread <= ends - self.ends <= spread
        )

    @property
    def longest_linger(self) -> float:
        """The most seconds that it waits for others, so that it leaves well before its end."""
        return min(self.spread, self.ttl * _SPREAD)

    def is_reported(self, message: Message) -> bool:
        """Return whether a report has named a message that was not found."""
        report = self.reports.get(message.reference)
        return report is not None and has_named(report)

    def expect_no_reports(self) -> None:
        """Cancel the futures of reports."""
        for report in self.reports.values():
            report.cancel()
        self.reports = {}

    def track_attempts(self) -> dict[str, Attempt]:
        """Return the last attempts by reference, for this batch and for its parts from now on."""
        if self.attempts is None:
            self.attempts = {}
        return self.attempts

    def part(self, indexes: Sequence[int], **changes: Any) -> Batch:  # noqa: ANN401 - fields
        """Return a batch of some of the messages, which nothing joins."""
        part = Batch(
            *(self.started, self.ends, self.now, self.timeout),
            *(self.owner, self.group, self.priority),
            [self.messages[index] for index in indexes],
            [self.keys[index] for index in indexes],
            self.ttl,
        )
        part.left_at, part.first_left_at = self.left_at, self.first_left_at
        kept = ("is_part", "is_retry", "doubts", "absent_until", "reports", "held_for", "attempts")
        for name, value in ({each: getattr(self, each) for each in kept} | changes).items():
            setattr(part, name, value)
        return part

    def end(self, outcomes: Mapping[int, Outcome]) -> None:
        """Finish some messages, by index, and keep the others in this batch."""
        self.finish(list(outcomes), list(outcomes.values()))
        self.drop(outcomes)

    def drop(self, indexes: Container[int]) -> None:
        """Keep only the other messages in this batch."""
        rest = [index for index in range(len(self.messages)) if index not in indexes]
        self.messages = [self.messages[index] for index in rest]
        self.keys = [self.keys[index] for index in rest]

    def split(self, parts: int) -> list[Batch]:
        """Split it into batches of about the same size that stay apart."""
        count = len(self.messages)
        size = max(1, math.ceil(count / parts))
        return [
            self.part(range(start, min(start + size, count)), is_part=True)
            for start in range(0, count, size)
        ]

    def finish(self, indexes: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Tell the owner the outcomes of some messages.

        A message that may have been sent before keeps that doubt: only an acceptance is better
        evidence.
        """
        if self.doubts:
            outcomes = [
                each
                if isinstance(each, (Accepted, Ambiguous))
                else self.doubts.get(each.reference, each)
                for each in outcomes
            ]
        messages = [self.messages[index] for index in indexes]
        self.owner.finish([self.keys[index] for index in indexes], messages, outcomes, self)

    def finish_all(self, outcomes: Sequence[Outcome]) -> None:
        """Tell the owner the outcomes of all messages."""
        self.finish(range(len(self.messages)), outcomes)
