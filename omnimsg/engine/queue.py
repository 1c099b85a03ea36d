"""What waits to leave through an account: batches, cut as the messages come, by priority.

A message joins the last batch of its kind while that has room, so that taking the next batch is
one step and costs nothing per message.
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from omnimsg.domain.message import Message, Priority
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.dispatcher import NO_DOUBTS

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

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


class Batch(Deadline):
    """Messages that will share a request, and its deadline: of one group, no reference twice.

    It started when the first message was handed over. It ends with the patience of the most
    impatient; never, until it is their turn, for owners that only then begin to be impatient.

    Attributes:
        patience: Seconds that the first message's caller gives it.
        owner: Who hears of them.
        group: What the adapter says they have in common.
        line: Where it waits, with what has the same priority.
        messages: What to send.
        keys: The owner's names for them, in the same order.
        is_perishable: Whether one of them may say for how long it is of use.
        begun: When it left last, monotonic seconds.
        spread: Seconds by which those who join may have waited less.
        references: Theirs, for as long as others may join; `None` from then on.
        is_retry: Whether they were tried before.
        doubts: By reference, what is known of those that may have been sent before.
        held: Why they were held back, where they were.
    """

    # In the class, not in each: one is made for every request, and few of them need these.
    references: set[str] | None = None
    spread: float = 0.0
    is_retry: bool = False
    doubts: Mapping[str, Ambiguous] = NO_DOUBTS
    held: str = ""

    def __init__(  # noqa: PLR0913, PLR0917 - by position, which costs half of what names do
        self,
        started: float,
        ends: float,
        clock: Callable[[], float],
        patience: float,
        owner: Owner,
        group: Hashable,
        line: Line,
        messages: list[Message],
        keys: list[Any],
        is_perishable: bool,
    ) -> None:
        self.started = started
        self.ends = ends
        self.clock = clock
        self.patience = patience
        self.owner = owner
        self.group = group
        self.line = line
        self.messages = messages
        self.keys = keys
        self.is_perishable = is_perishable
        self.begun = started

    def join(self, message: Message, key: object) -> bool:
        """Let a message of the same kind and time join, if it may, and say whether it did."""
        references, reference = self.references, message.reference
        if references is None or reference in references:
            return False
        self.messages.append(message)
        self.keys.append(key)
        references.add(reference)
        if not message.plain:
            self.is_perishable = True
        line = self.line
        line.messages += 1
        if len(references) == line.limit:
            line.shut(self)
        return True

    def join_all(self, messages: Sequence[Message], keys: Sequence[Any]) -> bool:
        """Let plain messages join for which there is room, all or, where one may not, none."""
        references = {each.reference for each in messages}
        mine = self.references
        if mine is None or len(references) < len(messages) or not mine.isdisjoint(references):
            return False
        self.messages += messages
        self.keys += keys
        mine |= references
        line = self.line
        line.messages += len(messages)
        if len(mine) == line.limit:
            line.shut(self)
        return True

    def is_of_time(self, since: float, ends: float) -> bool:
        """Say whether a message may join that was handed over then, whose patience ends then."""
        spread = self.spread
        return since - self.started <= spread and (
            ends == self.ends or -spread <= ends - self.ends <= spread
        )

    def part(self, places: Sequence[int], **changes: Any) -> Batch:  # noqa: ANN401 - fields
        """Return a batch of some of the messages, which nothing joins."""
        part = Batch(
            *(self.started, self.ends, self.clock, self.patience),
            *(self.owner, self.group, self.line),
            [self.messages[place] for place in places],
            [self.keys[place] for place in places],
            self.is_perishable,
        )
        part.begun = self.begun
        own = {"is_retry": self.is_retry, "doubts": self.doubts, "held": self.held, **changes}
        for name, value in own.items():
            setattr(part, name, value)
        return part

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
        priority: Theirs.
        limit: The most messages of one batch.
        batches: They.
        messages: How many are in them.
        producers: Those who wait for room to add another.
    """

    def __init__(self, priority: Priority, limit: int) -> None:
        self.priority = priority
        self.limit: int = limit
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

    def remove(self, batches: Sequence[Batch]) -> None:
        """Take these out, wherever they stand."""
        for batch in batches:
            self.batches.remove(batch)
            self.messages -= len(batch.messages)
            self.shut(batch)

    def shut(self, batch: Batch | None) -> None:
        """Let nothing more join a batch."""
        if batch is not None and batch.references is not None:
            batch.references = None
            del self._open[batch.owner, batch.group]


class Queue:
    """What waits, the highest priority first.

    Args:
        limit: The most messages of one batch.
        clock: The monotonic clock, seconds.

    Attributes:
        earliest: When the patience of something that waits may end, monotonic seconds.
    """

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._high = Line(Priority.HIGH, limit)
        self._normal = Line(Priority.NORMAL, limit)
        self._low = Line(Priority.LOW, limit)
        self._lines = (self._high, self._normal, self._low)
        self._last: Batch | None = None
        self.earliest: float = math.inf

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches in the order in which they would leave."""
        return (each for line in self._lines for each in line.batches)

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self._normal.batches or self._high.batches or self._low.batches)

    def line(self, message: Message) -> Line:
        """Return the line in which a message waits."""
        # Not a mapping: hashing a member of an enumeration costs more than all of `put`.
        if message.plain or message.priority is Priority.NORMAL:
            return self._normal
        return self._high if message.priority is Priority.HIGH else self._low

    def lines(self) -> tuple[Line, ...]:
        """Return all lines, the highest priority first."""
        return self._lines

    def first(self) -> Line | None:
        """Find the line whose turn it is; `None` where nothing waits."""
        if self._high.batches:
            return self._high
        if self._normal.batches:
            return self._normal
        return self._low if self._low.batches else None

    def pop(self) -> Batch | None:
        """Take the batch whose turn it is; `None` where nothing waits."""
        line = self._normal
        if self._high.batches:
            line = self._high
        elif not line.batches:
            line = self._low
            if not line.batches:
                return None
        batch = line.batches.popleft()
        line.messages -= len(batch.messages)
        if batch.references is not None:
            line.shut(batch)
        return batch

    def put(  # noqa: PLR0913, PLR0917 - once a message: a value for these would cost more than it
        self,
        message: Message,
        key: object,
        line: Line,
        owner: Owner,
        group: Hashable,
        since: float,
        patience: float,
        ends: float,
    ) -> None:
        """Let a message wait, together with others of its kind where there are any.

        Args:
            message: What to send.
            key: The owner's name for it.
            line: The message's.
            owner: Who hears of it.
            group: What the adapter says it has in common with others.
            since: When it was handed over, monotonic seconds.
            patience: Seconds that its caller gives it.
            ends: When that patience ends, monotonic seconds; infinity where it begins with the
                message's turn.
        """
        self.earliest = min(self.earliest, ends)
        batch = self._last
        if (
            batch is None
            or batch.references is None
            or batch.owner is not owner
            or batch.line is not line
            or batch.group != group
        ):
            batch = line.open_batch(owner, group)
        if batch is None or not batch.is_of_time(since, ends) or not batch.join(message, key):
            batch = self._begun(line, owner, group, since, patience, ends)
            batch.join(message, key)
        elif ends < batch.ends:
            batch.ends = ends
        self._last = batch

    def extend(  # noqa: PLR0913, PLR0917 - as above
        self,
        messages: Sequence[Message],
        keys: Sequence[Any],
        owner: Owner,
        group: Hashable,
        since: float,
        patience: float,
        ends: float,
    ) -> None:
        """Let messages wait that are plain, which is all that `put` of each would do."""
        self.earliest = min(self.earliest, ends)
        line = self._normal
        if self._limit == 1:
            clock = self._clock
            line.batches.extend(
                [
                    Batch(since, ends, clock, patience, owner, group, line, [each], [key], False)
                    for each, key in zip(messages, keys, strict=True)
                ]
            )
            line.messages += len(messages)
            return
        start = 0
        while start < len(messages):
            batch = line.open_batch(owner, group)
            if batch is None or not batch.is_of_time(since, ends):
                batch = self._begun(line, owner, group, since, patience, ends)
            end = start + self._limit - len(batch.messages)
            some, named = messages[start:end], keys[start:end]
            if batch.join_all(some, named):
                batch.ends = min(batch.ends, ends)
            else:
                # A reference comes twice.
                for message, key in zip(some, named, strict=True):
                    self.put(message, key, line, owner, group, since, patience, ends)
            start = end

    def _begun(
        self,
        line: Line,
        owner: Owner,
        group: Hashable,
        since: float,
        patience: float,
        ends: float,
    ) -> Batch:
        """Begin a batch that others may join."""
        batch = Batch(since, ends, self._clock, patience, owner, group, line, [], [], False)
        batch.references = set()
        batch.spread = min(_MOST_SPREAD, patience * _SPREAD)
        line.append(batch)
        return batch

    def put_back(self, batches: Sequence[Batch]) -> None:
        """Let batches of one priority wait in front of all others of theirs."""
        batches[0].line.prepend(batches)
        self.earliest = min(self.earliest, *(each.ends for each in batches))

    def expired(self, now: float) -> list[Batch]:
        """Take out the batches whose patience is over."""
        taken = self._taken([each for each in self if each.ends <= now])
        self.earliest = min((each.ends for each in self), default=math.inf)
        return taken

    def withdraw(self, owner: Owner) -> list[Batch]:
        """Take out the batches of one owner."""
        return self._taken([each for each in self if each.owner is owner])

    def clear(self) -> list[Batch]:
        """Take out everything."""
        return self._taken(list(self))

    def _taken(self, batches: list[Batch]) -> list[Batch]:
        for line in self._lines:
            line.remove([each for each in batches if each.line is line])
        return batches
