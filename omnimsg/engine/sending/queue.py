"""What waits to leave through an account: batches, cut as the messages come, by priority.

A message joins the last batch of its kind while that has room, so that taking the next batch is
one step and costs nothing per message.
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from omnimsg.domain.message import Message, Priority
from omnimsg.engine.sending.batch import Batch

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from omnimsg.engine.sending.batch import Owner


class Lane:
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
        self._high = Lane(Priority.HIGH, limit)
        self._normal = Lane(Priority.NORMAL, limit)
        self._low = Lane(Priority.LOW, limit)
        self._lines = (self._high, self._normal, self._low)
        self.earliest: float = math.inf

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches in the order in which they would leave."""
        return (each for line in self._lines for each in line.batches)

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self._normal.batches or self._high.batches or self._low.batches)

    def line(self, message: Message) -> Lane:
        """Return the line in which a message waits."""
        # Not a mapping: hashing a member of an enumeration costs more than all of `put`.
        if message.priority is Priority.NORMAL:
            return self._normal
        return self._high if message.priority is Priority.HIGH else self._low

    def lines(self) -> tuple[Lane, ...]:
        """Return all lines, the highest priority first."""
        return self._lines

    def first(self) -> Lane | None:
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
        line: Lane,
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
        batch = line.open_batch(owner, group)
        if batch is None or not batch.is_of_time(since, ends) or not batch.join(message, key):
            batch = self._begun(line, owner, group, since, patience, ends)
            batch.join(message, key)
        elif ends < batch.ends:
            batch.ends = ends

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
        line: Lane,
        owner: Owner,
        group: Hashable,
        since: float,
        patience: float,
        ends: float,
    ) -> Batch:
        """Begin a batch that others may join."""
        batch = Batch(since, ends, self._clock, patience, owner, group, line, [], [], False)
        batch.open()
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
