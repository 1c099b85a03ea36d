"""What of a batch may leave now: deadlines, callers that left, ttl, open circuits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from omnimsg.engine.deadline import has_outlived_ttl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
    from omnimsg.engine.sending.batch import Batch
    from omnimsg.engine.sending.completion import Completion
    from omnimsg.engine.sending.local_outcomes import LocalOutcomes


class Clearance:
    """Decides for a batch whose turn it is which of its messages leave.

    Args:
        breakers: Hold messages back while a circuit is open.
        completion: Takes over what is held back.
        local: Builds the outcomes of messages that end here.
        now: Reads the monotonic clock, seconds.
    """

    def __init__(
        self,
        breakers: CircuitBreakers,
        completion: Completion,
        local: LocalOutcomes,
        *,
        now: Callable[[], float],
    ) -> None:
        self._breakers = breakers
        self._completion = completion
        self._local = local
        self._now = now

    def clear(self, batch: Batch) -> Batch | None:
        """Return the part of a batch that leaves now; the other messages are taken care of."""
        batch.left_at = now = self._now()
        if batch.ends == math.inf:
            # The timeout of a stream's messages begins with their turn.
            batch.ends = now + batch.timeout
        elif batch.ends <= now:
            batch.finish_all([self._too_late(batch, each) for each in batch.messages])
            return None
        abandoned = batch.owner.abandoned(batch.keys) if batch.owner.may_abandon else ()
        if abandoned or batch.is_perishable:
            rest = self._end_useless(batch, abandoned, now - batch.started)
            if rest is None:
                return None
            batch = rest
        return self._hold_back(batch) if self._breakers.circuits else batch

    def _end_useless(self, batch: Batch, abandoned: Sequence[int], waited: float) -> Batch | None:
        """End messages that nobody waits for or whose ttl has passed, and return the rest."""
        ended: dict[int, Outcome] = {
            index: self._local.cancelled(batch.messages[index], left=False) for index in abandoned
        }
        for index, message in enumerate(batch.messages):
            if index not in ended and has_outlived_ttl(message, waited):
                ended[index] = self._local.ttl_exceeded(message)
        if not ended:
            return batch
        batch.finish(list(ended), list(ended.values()))
        return batch.without(list(ended))

    def _hold_back(self, batch: Batch) -> Batch | None:
        """Hand over to the completion what an open circuit holds back, and return the rest."""
        held_back = {
            index: outcome
            for index, outcome in enumerate(self._breakers.held_back(batch.messages))
            if outcome is not None
        }
        if not held_back:
            return batch
        indexes = list(held_back)
        self._completion.conclude_unsent(batch.part(indexes), list(held_back.values()))
        return batch.without(indexes)

    def _too_late(self, batch: Batch, message: Message) -> Outcome:
        why = (
            f"held because of the account's trouble ({batch.held_for})"
            if batch.held_for
            else "waiting"
        )
        return self._local.deadline_exceeded(message, f"the deadline passed while it was {why}")
