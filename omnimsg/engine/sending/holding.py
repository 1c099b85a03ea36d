"""Batches that are held back because a circuit is open, until they may try again."""

from __future__ import annotations

import math
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from omnimsg.domain.outcome import Accepted
from omnimsg.engine.limits.circuit_breaker import plain_reason
from omnimsg.engine.observers import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.observers import Observers
    from omnimsg.engine.sending.batch import Batch
    from omnimsg.engine.sending.requeue import Requeue


class Holding:
    """The held batches of one account; there are none unless `account_trouble` is `"hold"`.

    Args:
        account: The account's name.
        pause: Seconds after which held batches try again.
        requeue: Puts batches back into the queue.
        now: Reads the monotonic clock, seconds.
        observers: Told what is held.
        is_closed: Whether nothing is ever held, because the policy is to fail.

    Attributes:
        batches: The held batches, as keys: any of them can be removed in one step.
        release_at: When the held batches should try again, monotonic seconds; infinity where none
            are held.
        is_closed: Whether nothing can be held any more.
    """

    def __init__(
        self,
        account: str,
        pause: float,
        requeue: Requeue,
        *,
        now: Callable[[], float],
        observers: Observers,
        is_closed: bool,
    ) -> None:
        self._account = account
        self._pause = pause
        self._requeue = requeue
        self._now = now
        self._held = observers.held
        self.batches: dict[Batch, None] = {}
        # A heap of their deadlines. Entries of batches that have ended stay for a while.
        self._expiries: list[tuple[float, int, Batch]] = []
        self._serial = count()
        self.release_at: float = math.inf
        self.is_closed: bool = is_closed

    def __iter__(self) -> Iterator[Batch]:
        """Iterate over the held batches."""
        return iter(self.batches)

    @property
    def messages(self) -> int:
        """The number of messages that are held."""
        return sum(len(each.messages) for each in self.batches)

    def hold(self, batch: Batch, indexes: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Hold some messages of a batch; `outcomes` say why."""
        reasons = sorted(
            {plain_reason(each.reason) for each in outcomes if not isinstance(each, Accepted)}
        )
        held = batch.part(indexes, held_for=", ".join(reasons))
        self.batches[held] = None
        heappush(self._expiries, (held.ends, next(self._serial), held))
        self.release_at = min(self.release_at, self._now() + self._pause)
        if self._held is not None:
            references = tuple(each.reference for each in held.messages)
            self._held(Held(account=self._account, references=references, reasons=tuple(reasons)))

    def end(self, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        """End some messages of a held batch, by index."""
        if len(outcomes) == len(batch.messages):
            del self.batches[batch]
            if not self.batches:
                self._take_all()
        batch.end(outcomes)

    @property
    def wake_at(self) -> float:
        """When to release the batches, or end the first expired one, monotonic seconds.

        It may be the deadline of a batch that has already ended: too early, never too late.
        """
        return min(self.release_at, self._expiries[0][0]) if self._expiries else self.release_at

    def take_expired(self, now: float) -> list[Batch]:
        """Take the batches whose deadline has passed; the others go on being held."""
        taken: list[Batch] = []
        while self._expiries and self._expiries[0][0] <= now:
            batch = heappop(self._expiries)[2]
            if batch in self.batches:
                del self.batches[batch]
                taken.append(batch)
        if not self.batches:
            self.release_at = math.inf
        return taken

    def release(self) -> None:
        """Put all held batches back into the queue."""
        for batch in reversed(self._take_all()):
            self._requeue.put_back([batch])

    def close(self) -> list[Batch]:
        """Hold nothing any more, as nothing would release it; remove and return all batches."""
        self.is_closed = True
        return self._take_all()

    def _take_all(self) -> list[Batch]:
        batches, self.batches, self._expiries = list(self.batches), {}, []
        self.release_at = math.inf
        return batches
