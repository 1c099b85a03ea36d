"""What waits to leave through an account: batches, cut as the messages come, by priority.

A message joins the last batch of its kind while that has room, so that taking the next batch is
one step and costs nothing per message.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from omnimsg.domain.message import Message, Priority
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.dispatcher import NO_DOUBTS

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from omnimsg.domain.outcome import Outcome

# Messages of one request may have waited this much longer than each other, and be this much more
# patient: a tenth of their patience, at most a second. What is left of a `ttl` is told once for
# all of them, and the most impatient decides how long the request may take.
_SPREAD = 0.1
_MOST_SPREAD = 1.0


class Owner(Protocol):
    """Who hears what became of messages. A key is the owner's name for a message."""

    @property
    def may_leave(self) -> bool:
        """Whether somebody may have stopped waiting, so that it is worth asking who."""

    def gone(self, keys: Sequence[Any]) -> Sequence[int]:
        """Say at which places stand messages that nobody waits for any more."""

    def finish(self, keys: Sequence[Any], outcomes: Sequence[Outcome]) -> None:
        """Take the outcomes of messages, in the order of their keys."""


@attrs.define(eq=False)
class Batch(Deadline):
    """Messages that will share a request, and its deadline: of one group, no reference twice.

    It started when the first message was handed over. It ends with the patience of the most
    impatient; never, until it is their turn, for owners that only then begin to be impatient.

    Attributes:
        patience: Seconds that the first message's caller gives it.
        owner: Who hears of them.
        group: What the adapter says they have in common.
        priority: Theirs.
        messages: What to send.
        keys: The owner's names for them, in the same order.
        line: Where it waits.
        limit: The most messages.
        references: Theirs, for as long as others may join.
        is_open: Whether others may.
        is_retry: Whether they were tried before.
        doubts: By reference, what is known of those that may have been sent before.
        held: Why they were held back, where they were.
    """

    patience: float
    owner: Owner
    group: Hashable
    priority: Priority
    messages: list[Message]
    keys: list[Any]
    line: Line
    limit: int
    references: set[str] | None = None
    is_open: bool = False
    is_retry: bool = False
    doubts: Mapping[str, Ambiguous] = NO_DOUBTS
    held: str = ""

    def join(self, message: Message, key: object) -> bool:
        """Let a message of the same kind and time join, if it may, and say whether it did."""
        references, reference = self.references, message.reference
        if references is None or reference in references:
            return False
        self.messages.append(message)
        self.keys.append(key)
        references.add(reference)
        line = self.line
        line.messages += 1
        if len(references) == self.limit:
            line.shut(self)
        return True

    def is_of_time(self, since: float, ends: float) -> bool:
        """Say whether a message may join that was handed over then and has so much patience."""
        spread = min(_MOST_SPREAD, self.patience * _SPREAD)
        return since - self.started <= spread and (
            ends == self.ends or abs(ends - self.ends) <= spread
        )

    def part(self, places: Sequence[int], **changes: Any) -> Batch:  # noqa: ANN401 - fields
        """Return a batch of some of the messages, which nothing joins."""
        messages = [self.messages[place] for place in places]
        changes.setdefault("keys", [self.keys[place] for place in places])
        return attrs.evolve(self, messages=messages, references=None, is_open=False, **changes)

    def split(self, parts: int) -> list[Batch]:
        """Cut it into batches of about the same size that stay apart."""
        count = len(self.messages)
        size = max(1, math.ceil(count / parts))
        return [
            self.part(range(start, min(start + size, count))) for start in range(0, count, size)
        ]

    def finish(self, places: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Tell the owner what became of the messages at some places, but for what is known better.

        What may have been sent before is not undone by a refusal: only an acceptance betters it.
        """
        if self.doubts:
            outcomes = [
                each
                if isinstance(each, (Accepted, Ambiguous))
                else self.doubts.get(each.reference, each)
                for each in outcomes
            ]
        self.owner.finish([self.keys[place] for place in places], outcomes)


class Line:
    """The batches of one priority, the oldest first.

    Attributes:
        batches: They.
        messages: How many are in them.
        producers: Those who wait for room to add another.
    """

    def __init__(self) -> None:
        self.batches: deque[Batch] = deque()
        self.messages: int = 0
        self.producers: deque[asyncio.Future[None]] = deque()
        self._open: dict[tuple[Owner, Hashable], Batch] = {}

    def open_batch(self, owner: Owner, group: Hashable) -> Batch | None:
        """Find the batch that messages of this kind join."""
        return self._open.get((owner, group))

    def append(self, batch: Batch) -> None:
        """Let a batch wait that others may join."""
        self.shut(self._open.get((batch.owner, batch.group)))
        self._open[batch.owner, batch.group] = batch
        self.batches.append(batch)

    def prepend(self, batches: Sequence[Batch]) -> None:
        """Let batches wait in front, in their order; none of them is open."""
        self.batches.extendleft(reversed(batches))
        self.messages += sum(len(each.messages) for each in batches)

    def pop(self) -> Batch:
        """Take the oldest."""
        batch = self.batches.popleft()
        self.messages -= len(batch.messages)
        if batch.is_open:
            self.shut(batch)
        return batch

    def remove(self, batches: Sequence[Batch]) -> None:
        """Take these out, wherever they stand."""
        for batch in batches:
            self.batches.remove(batch)
            self.messages -= len(batch.messages)
            self.shut(batch)

    def shut(self, batch: Batch | None) -> None:
        """Let nothing more join a batch."""
        if batch is not None and batch.is_open:
            batch.is_open = False
            batch.references = None
            del self._open[batch.owner, batch.group]


class Queue:
    """What waits, the highest priority first.

    Args:
        limit: The most messages of one batch.
        clock: The monotonic clock, seconds.

    Attributes:
        limit: The same.
    """

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit: int = limit
        self._clock = clock
        self._high, self._normal, self._low = Line(), Line(), Line()
        self._lines = (self._high, self._normal, self._low)
        self._last: Batch | None = None

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches in the order in which they would leave."""
        return (each for line in self._lines for each in line.batches)

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self._normal.batches or self._high.batches or self._low.batches)

    def line(self, priority: Priority) -> Line:
        """Return what waits of one priority."""
        # Not a mapping: hashing a member of an enumeration costs more than all of `put`.
        if priority is Priority.NORMAL:
            return self._normal
        return self._high if priority is Priority.HIGH else self._low

    def first(self) -> Line | None:
        """Find the line whose turn it is; `None` where nothing waits."""
        if self._high.batches:
            return self._high
        if self._normal.batches:
            return self._normal
        return self._low if self._low.batches else None

    def put(  # noqa: PLR0913, PLR0917 - once a message: a value for these would cost more than it
        self,
        message: Message,
        key: object,
        owner: Owner,
        group: Hashable,
        since: float,
        patience: float,
        ends: float,
    ) -> Batch:
        """Let a message wait, together with others of its kind where there are any.

        Args:
            message: What to send.
            key: The owner's name for it.
            owner: Who hears of it.
            group: What the adapter says it has in common with others.
            since: When it was handed over, monotonic seconds.
            patience: Seconds that its caller gives it.
            ends: When that patience ends, monotonic seconds; infinity where it begins with the
                message's turn.

        Returns:
            The batch that it is in now.
        """
        priority = message.priority
        line = self._normal if priority is Priority.NORMAL else self.line(priority)
        batch = self._last
        if (
            batch is None
            or not batch.is_open
            or batch.owner is not owner
            or batch.priority is not priority
            or batch.group != group
        ):
            batch = line.open_batch(owner, group) if self.limit > 1 else None
        if batch is not None and batch.is_of_time(since, ends) and batch.join(message, key):
            batch.ends = min(batch.ends, ends)
            self._last = batch
            return batch
        batch = Batch(
            *(since, ends, patience, owner, group, priority),
            *([message], [key], line, self.limit),
            clock=self._clock,
        )
        line.messages += 1
        if self.limit == 1:
            line.batches.append(batch)
            return batch
        batch.references, batch.is_open = {message.reference}, True
        line.append(batch)
        self._last = batch
        return batch

    def put_back(self, batches: Sequence[Batch]) -> None:
        """Let batches of one priority wait in front of all others of theirs."""
        self.line(batches[0].priority).prepend(batches)

    def expired(self, now: float) -> list[Batch]:
        """Take out the batches whose patience is over."""
        return self._taken([each for each in self if each.ends <= now])

    def withdraw(self, owner: Owner) -> list[Batch]:
        """Take out the batches of one owner."""
        return self._taken([each for each in self if each.owner is owner])

    def clear(self) -> list[Batch]:
        """Take out everything."""
        return self._taken(list(self))

    def _taken(self, batches: list[Batch]) -> list[Batch]:
        for line in self._lines:
            line.remove([each for each in batches if self.line(each.priority) is line])
        return batches
