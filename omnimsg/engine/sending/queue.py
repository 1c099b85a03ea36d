"""Batches that wait to leave through an account, by priority.

A message joins the last open batch of its kind while that has room, so that taking the next batch
is one step and costs nothing per message. Timeouts are of one kind while they differ by a tenth or
less, so that callers with many different ones do not close each other's batches. Removing a batch
is one step, wherever it stands.
"""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from omnimsg.domain.message import Message, Priority
from omnimsg.engine.sending.batch import Batch, step_of
from omnimsg.engine.sending.lane import Lane

# Expiries beyond two per waiting batch, before those of batches that have left are dropped.
_MAX_STALE = 64

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.sending.batch import Owner
    from omnimsg.engine.sending.message_run import Run


class Queue:
    """The waiting batches, the highest priority first.

    Args:
        max_messages: The most messages of one batch.
        now: Reads the monotonic clock, seconds.

    Attributes:
        max_messages: The most messages of one batch.
    """

    def __init__(self, max_messages: int, *, now: Callable[[], float]) -> None:
        self.max_messages: int = max_messages
        self._now = now
        self._high = Lane(Priority.HIGH)
        self._normal = Lane(Priority.NORMAL)
        self._low = Lane(Priority.LOW)
        self.lanes: tuple[Lane, Lane, Lane] = (self._high, self._normal, self._low)
        # A heap of the deadlines of batches. Entries of batches that have left stay for a while.
        self._expiries: list[tuple[float, int, Batch]] = []
        self._serial = count()

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches in the order in which they would leave."""
        return (each for lane in self.lanes for each in lane.batches)

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return bool(self._normal.batches or self._high.batches or self._low.batches)

    def __len__(self) -> int:
        """Return the number of batches that wait."""
        return sum(len(each.batches) for each in self.lanes)

    @property
    def has_high(self) -> bool:
        """Whether messages of high priority wait."""
        return bool(self._high.batches)

    @property
    def earliest(self) -> float:
        """The earliest deadline of a message that waits, monotonic seconds.

        It may be that of a message that has left: too early, never too late.
        """
        return self._expiries[0][0] if self._expiries else math.inf

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
        lane = self.first()
        if lane is None:
            return None
        batch = lane.pop()
        if self._expiries and not self:
            self._expiries.clear()  # all are of batches that have left, and keep their messages
        return batch

    def put(  # noqa: PLR0913, PLR0917 - once a message: a value for these would cost more than it
        self,
        message: Message,
        key: object,
        owner: Owner,
        group: Hashable,
        started: float,
        timeout: float,
        ends: float,
    ) -> None:
        """Add a message, to the open batch of its kind where it fits.

        Args:
            message: The message.
            key: The owner's key of the message.
            owner: Receives its outcome.
            group: The adapter's group of the message.
            started: When it was handed over, monotonic seconds.
            timeout: Seconds that its caller gives it.
            ends: Its deadline, monotonic seconds; infinity where the timeout begins with its turn.
        """
        lane = self.lane(message.priority)
        if self.max_messages == 1:
            self._put_alone(message, key, lane, owner, group, started, timeout, ends)
            return
        kind = (owner, group, step_of(timeout))
        batch = lane.open_batch(kind)
        if batch is None or not batch.fits(started, ends) or not batch.join(message, key):
            batch = self._open(lane, kind, started, timeout, ends)
            batch.join(message, key)
        elif ends < batch.ends:
            batch.ends = ends
            self._expire(batch)
        lane.messages += 1
        if len(batch.messages) == self.max_messages:
            lane.close(batch)

    def put_all(self, run: Run, group: Hashable, ends: float) -> None:
        """Add the messages of a run: what `put` of each would do, at a third of the cost.

        Args:
            run: Messages of normal priority.
            group: The adapter's group of the messages.
            ends: Their deadline, as in `put`.
        """
        lane, owner, started, timeout = self._normal, run.owner, run.started, run.timeout
        messages, keys = run.messages, run.keys
        if self.max_messages == 1:
            for message, key in zip(messages, keys, strict=True):
                self._put_alone(message, key, lane, owner, group, started, timeout, ends)
            return
        kind = (owner, group, step_of(timeout))
        start = 0
        while start < len(messages):
            batch = lane.open_batch(kind)
            if batch is None or not batch.fits(started, ends):
                batch = self._open(lane, kind, started, timeout, ends)
            end = start + self.max_messages - len(batch.messages)
            some, their_keys = messages[start:end], keys[start:end]
            if batch.join_all(some, their_keys, run.ttl):
                if ends < batch.ends:
                    batch.ends = ends
                    self._expire(batch)
                lane.messages += len(some)
                if len(batch.messages) == self.max_messages:
                    lane.close(batch)
            else:
                # A reference comes twice: each message finds its own batch.
                for message, key in zip(some, their_keys, strict=True):
                    self.put(message, key, owner, group, started, timeout, ends)
            start = end

    def put_back(self, batches: Sequence[Batch]) -> None:
        """Add batches of one priority in front of all others of that priority."""
        self.lane(batches[0].priority).prepend(batches)
        for batch in batches:
            self._expire(batch)

    def take_expired(self, now: float) -> list[Batch]:
        """Take the batches whose deadline has passed."""
        taken: list[Batch] = []
        while self._expiries and self._expiries[0][0] <= now:
            entry = heappop(self._expiries)
            if self._is_current(entry):
                batch = entry[2]
                self.lane(batch.priority).remove(batch)
                taken.append(batch)
        return taken

    def take_failing_over(self) -> list[Batch]:
        """Take the batches that can fail over to another account."""
        return self._take([batch for lane in self.lanes for batch in lane.failing_over])

    def take_owned(self, owner: Owner) -> list[Batch]:
        """Take the batches of one owner."""
        return self._take([each for each in self if each.owner is owner])

    def end(self, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        """End some messages of a waiting batch, by index."""
        lane = self.lane(batch.priority)
        if len(outcomes) == len(batch.messages):
            lane.remove(batch)
        else:
            lane.messages -= len(outcomes)
        if batch.references is not None:
            batch.references -= {batch.messages[index].reference for index in outcomes}
        batch.end(outcomes)

    def take_all(self) -> list[Batch]:
        """Take all batches."""
        return self._take(list(self))

    def _put_alone(  # noqa: PLR0913, PLR0917 - as `put`
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
        """Add a message that shares its request with no other."""
        ttl = math.inf if message.ttl is None else message.ttl
        batch = Batch(
            *(started, ends, self._now, timeout, owner, group, lane.priority),
            *([message], [key], ttl),
        )
        lane.append_alone(batch)
        if ends != math.inf:
            self._expire(batch)

    def _open(
        self,
        lane: Lane,
        kind: tuple[Owner, Hashable, int],
        started: float,
        timeout: float,
        ends: float,
    ) -> Batch:
        """Add an empty batch that messages of a kind may join."""
        owner, group, _ = kind
        batch = Batch(
            *(started, ends, self._now, timeout), owner, group, lane.priority, [], [], math.inf
        )
        lane.append_open(batch, kind)
        self._expire(batch)
        return batch

    def _expire(self, batch: Batch) -> None:
        """Enter the deadline of a waiting batch for `take_expired`."""
        if batch.ends == math.inf:
            return
        expiries = self._expiries
        heappush(expiries, (batch.ends, next(self._serial), batch))
        if len(expiries) > _MAX_STALE and len(expiries) > _MAX_STALE + 2 * len(self):
            self._expiries = [each for each in expiries if self._is_current(each)]
            heapify(self._expiries)

    def _is_current(self, expiry: tuple[float, int, Batch]) -> bool:
        ends, _, batch = expiry
        return batch.ends == ends and batch in self.lane(batch.priority).batches

    def _take(self, batches: list[Batch]) -> list[Batch]:
        for batch in batches:
            self.lane(batch.priority).remove(batch)
        return batches
