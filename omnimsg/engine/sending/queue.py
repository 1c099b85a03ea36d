"""Batches that wait to leave through an account, by priority.

A message joins the last open batch of its kind while that has room, so that taking the next batch
is one step and costs nothing per message.
"""

from __future__ import annotations

import math
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
        priority: Their priority.
        batches: The batches.
        messages: How many messages are in them.
        waiting: Callers that wait for room to add another message.
    """

    def __init__(self, priority: Priority) -> None:
        self.priority = priority
        self.batches: deque[Batch] = deque()
        self.messages: int = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
        self._open: dict[tuple[Owner, Hashable], Batch] = {}

    def open_batch(self, owner: Owner, group: Hashable) -> Batch | None:
        """Return the batch that messages of this owner and group join."""
        return self._open.get((owner, group))

    def append_open(self, batch: Batch) -> None:
        """Add a batch that others may join, in the place of the open one of its kind."""
        self.close(self._open.get((batch.owner, batch.group)))
        self._open[batch.owner, batch.group] = batch
        self.batches.append(batch)

    def prepend(self, batches: Sequence[Batch]) -> None:
        """Add closed batches in front, in their order.

        Parts of a batch that was split go behind the parts that wait already: two refused halves
        tell more than a half and its quarter.
        """
        parts: list[Batch] = []
        while batches[0].is_part and self.batches and self.batches[0].is_part:
            parts.append(self.batches.popleft())
        self.batches.extendleft(reversed([*parts, *batches]))
        self.messages += sum(len(each.messages) for each in batches)

    def remove(self, batches: Sequence[Batch]) -> None:
        """Remove these batches, wherever they stand."""
        for batch in batches:
            self.batches.remove(batch)
            self.messages -= len(batch.messages)
            self.close(batch)

    def close(self, batch: Batch | None) -> None:
        """Let nothing more join a batch."""
        if batch is not None and batch.references is not None:
            batch.references = None
            del self._open[batch.owner, batch.group]


class Queue:
    """The waiting batches, the highest priority first.

    Args:
        max_messages: The most messages of one batch.
        now: Reads the monotonic clock, seconds.

    Attributes:
        earliest: The earliest deadline of a waiting message, monotonic seconds. Messages that have
            left do not move it, so it may be too early.
    """

    def __init__(self, max_messages: int, *, now: Callable[[], float]) -> None:
        self._max_messages = max_messages
        self._now = now
        self._high = Lane(Priority.HIGH)
        self._normal = Lane(Priority.NORMAL)
        self._low = Lane(Priority.LOW)
        self.lanes: tuple[Lane, Lane, Lane] = (self._high, self._normal, self._low)
        self.earliest: float = math.inf

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches in the order in which they would leave."""
        return (each for lane in self.lanes for each in lane.batches)

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return bool(self._normal.batches or self._high.batches or self._low.batches)

    def lane(self, priority: Priority) -> Lane:
        """Return the lane of a priority."""
        # Not a mapping: hashing a member of an enumeration costs more than all of `put`.
        if priority is Priority.NORMAL:
            return self._normal
        return self._high if priority is Priority.HIGH else self._low

    def first(self) -> Lane | None:
        """Return the lane whose turn it is; `None` where nothing waits."""
        if self._high.batches:
            return self._high
        if self._normal.batches:
            return self._normal
        return self._low if self._low.batches else None

    def pop(self) -> Batch | None:
        """Take the batch whose turn it is; `None` where nothing waits."""
        lane = self._normal
        if self._high.batches:
            lane = self._high
        elif not lane.batches:
            lane = self._low
            if not lane.batches:
                return None
        batch = lane.batches.popleft()
        lane.messages -= len(batch.messages)
        if batch.references is not None:
            lane.close(batch)
        return batch

    def put(  # noqa: PLR0913, PLR0917 - once a message: a value for these would cost more than it
        self,
        message: Message,
        key: object,
        lane: Lane,
        owner: Owner,
        group: Hashable,
        started: float,
        timeout: float,
        ends: float,
    ) -> None:
        """Add a message, to the open batch of its kind where it fits.

        Args:
            message: The message.
            key: The owner's name for it.
            lane: The lane of its priority.
            owner: Told its outcome.
            group: The adapter's group of the message.
            started: When it was handed over, monotonic seconds.
            timeout: Seconds that its caller gives it.
            ends: Its deadline, monotonic seconds; infinity where the timeout begins with its turn.
        """
        self.earliest = min(self.earliest, ends)
        batch = lane.open_batch(owner, group)
        if batch is None or not batch.fits(started, ends) or not batch.join(message, key):
            batch = self._open(lane, owner, group, started, timeout, ends)
            batch.join(message, key)
        elif ends < batch.ends:
            batch.ends = ends
        lane.messages += 1
        if len(batch.messages) == self._max_messages:
            lane.close(batch)

    def put_plain(  # noqa: PLR0913, PLR0917 - as above
        self,
        messages: Sequence[Message],
        keys: Sequence[Any],
        owner: Owner,
        group: Hashable,
        started: float,
        timeout: float,
        ends: float,
    ) -> None:
        """Add plain texts together: what `put` of each would do, at a third of the cost."""
        self.earliest = min(self.earliest, ends)
        lane = self._normal
        if self._max_messages == 1:
            now, normal = self._now, Priority.NORMAL
            lane.batches.extend(
                [
                    Batch(started, ends, now, timeout, owner, group, normal, [each], [key], False)
                    for each, key in zip(messages, keys, strict=True)
                ]
            )
            lane.messages += len(messages)
            return
        start = 0
        while start < len(messages):
            batch = lane.open_batch(owner, group)
            if batch is None or not batch.fits(started, ends):
                batch = self._open(lane, owner, group, started, timeout, ends)
            end = start + self._max_messages - len(batch.messages)
            some, their_keys = messages[start:end], keys[start:end]
            if batch.join_all(some, their_keys):
                batch.ends = min(batch.ends, ends)
                lane.messages += len(some)
                if len(batch.messages) == self._max_messages:
                    lane.close(batch)
            else:
                # A reference comes twice: each finds its own batch.
                for message, key in zip(some, their_keys, strict=True):
                    self.put(message, key, lane, owner, group, started, timeout, ends)
            start = end

    def put_back(self, batches: Sequence[Batch]) -> None:
        """Add batches of one priority in front of all others of that priority."""
        self.lane(batches[0].priority).prepend(batches)
        self.earliest = min(self.earliest, *(each.ends for each in batches))

    def take_expired(self, now: float) -> list[Batch]:
        """Take the batches whose deadline has passed."""
        taken = self._take([each for each in self if each.ends <= now])
        self.earliest = min((each.ends for each in self), default=math.inf)
        return taken

    def take_owned(self, owner: Owner) -> list[Batch]:
        """Take the batches of one owner."""
        return self._take([each for each in self if each.owner is owner])

    def take_all(self) -> list[Batch]:
        """Take everything."""
        return self._take(list(self))

    def _open(
        self,
        lane: Lane,
        owner: Owner,
        group: Hashable,
        started: float,
        timeout: float,
        ends: float,
    ) -> Batch:
        """Add an empty batch that messages may join."""
        batch = Batch(
            *(started, ends, self._now, timeout), owner, group, lane.priority, [], [], False
        )
        batch.open()
        lane.append_open(batch)
        return batch

    def _take(self, batches: list[Batch]) -> list[Batch]:
        for lane in self.lanes:
            lane.remove([each for each in batches if each.priority is lane.priority])
        return batches
