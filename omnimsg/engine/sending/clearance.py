"""Decide which messages of a batch may leave: deadlines, gone callers, ttl, open circuits."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.ttl import has_outlived_ttl
from omnimsg.engine.attempt import local_failures
from omnimsg.engine.limits.answer_times import AnswerTimes
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
from omnimsg.engine.limits.rate_limiter import RateLimiter
from omnimsg.engine.sending.completion import Completion
from omnimsg.engine.sending.local_outcomes import LocalOutcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.attempt.finding import Finding
    from omnimsg.engine.sending.batch import Batch
    from omnimsg.engine.sending.queue import Queue

# The least seconds without an answer after which messages fail over to another account: a shorter
# delay may be due to this process or the network, and says nothing about the provider.
_MIN_UNRESPONSIVE = 1.0


@attrs.define(kw_only=True, eq=False)
class Clearance:
    """Decides for a batch whose turn it is which of its messages leave.

    Args:
        breakers: Hold messages back while a circuit is open.
        limiter: Knows whether the provider imposed a pause.
        answer_times: How long its provider usually takes.
        completion: Takes over messages that are held back.
        local: Builds the outcomes of messages that end here.
        now: Reads the monotonic clock, seconds.
        utc_now: Returns the time of day.
    """

    _breakers: CircuitBreakers
    _limiter: RateLimiter
    _answer_times: AnswerTimes
    _completion: Completion
    _local: LocalOutcomes
    _now: Callable[[], float]
    _utc_now: Callable[[], datetime]
    # Since when all slots are taken and no answer has come, monotonic seconds.
    _full_since: float = attrs.field(default=-math.inf, init=False)

    def fail_over_waiting(self, queue: Queue, wait: float) -> float:
        """End batches that would wait for long and can fail over to another account.

        They would wait for long while the provider has asked for a pause, and while all slots are
        taken and no request has been answered for several usual answer times.

        Args:
            queue: The queue in which they wait.
            wait: Seconds until the next request may leave; infinity means once one has ended.

        Returns:
            When to call this again, monotonic seconds; infinity where no time is known.
        """
        now, times = self._now(), self._answer_times
        if wait == math.inf:
            if self._full_since <= times.heard_at:
                self._full_since = now
            unresponsive_after = max(_MIN_UNRESPONSIVE, self._breakers.unresponsive_after)
            until = max(self._full_since, times.heard_at) + unresponsive_after
            if now < until:
                return until
            found = local_failures.not_answering(now - max(self._full_since, times.heard_at))
        else:
            pause = self._limiter.pause_left()
            if pause <= 0:
                return math.inf
            found = local_failures.rate_limited(pause)
        for batch in queue.take_failing_over():
            batch.finish_all(self._local.outcomes(batch.messages, found))
        return math.inf

    def clear(self, batch: Batch) -> Batch | None:
        """Return the part of a batch that leaves now; finish or hold back the other messages."""
        batch.left_at = now = self._now()
        if batch.ends == math.inf:
            # The timeout of a stream's messages begins with their turn.
            batch.ends = now + batch.timeout
        elif batch.ends <= now:
            batch.finish_all(self._local.outcomes(batch.messages, self._too_late(batch)))
            return None
        elif batch.ends - now < self._answer_times.usual and self._is_too_short(batch, now):
            too_short = self._too_short(batch.ends - now)
            batch.finish_all(self._local.outcomes(batch.messages, too_short))
            return None
        abandoned = batch.owner.abandoned(batch.keys) if batch.owner.may_abandon else ()
        waited = now - batch.started
        if abandoned or waited >= batch.ttl:
            self._end_useless(batch, abandoned, waited)
        if self._breakers.circuits and batch.messages:
            self._hold_back(batch)
        return batch if batch.messages else None

    def _end_useless(self, batch: Batch, abandoned: Sequence[int], waited: float) -> None:
        """End messages whose callers are gone or whose ttl has passed.

        Where the look-ups that did not find them are too long ago, all messages end in doubt and
        are looked up again, because the provider may have processed or listed them since then. A
        message that a report has named since then ends in doubt, too.
        """
        if batch.left_at > batch.absent_until:
            batch.end({i: batch.doubts[each.reference] for i, each in enumerate(batch.messages)})
            return
        ended: dict[int, Outcome] = {
            index: self._local.outcome(batch.messages[index], local_failures.cancelled())
            for index in abandoned
        }
        for index, message in enumerate(batch.messages):
            if index in ended:
                continue
            if batch.is_reported(message):
                ended[index] = batch.doubts[message.reference]
            elif has_outlived_ttl(message, waited, self._utc_now):
                ended[index] = self._local.ttl_exceeded(message)
        if ended:
            batch.end(ended)

    def _hold_back(self, batch: Batch) -> None:
        """Move messages that an open circuit holds back to the completion."""
        held_back = {
            index: outcome
            for index, outcome in enumerate(self._breakers.held_back(batch.messages))
            if outcome is not None
        }
        if held_back:
            held = batch.part(list(held_back))
            batch.drop(held_back)
            self._completion.conclude_unsent(held, list(held_back.values()))
        if batch.messages:
            self._breakers.probe(batch.messages)

    def _is_too_short(self, batch: Batch, now: float) -> bool:
        """Return whether waiting has left too little time for an answer.

        A message that leaves then would end in doubt although the provider is healthy. A caller
        whose deadline was that short from the start has chosen so, and its message leaves.
        """
        return batch.ends - now < min(self._answer_times.usual, batch.timeout / 2)

    def _too_short(self, seconds: float) -> Finding:
        return local_failures.deadline_exceeded(
            f"it waited until {seconds:.2f} s of its deadline were left, less than the provider"
            f" usually takes to answer ({self._answer_times.usual:.2f} s)"
        )

    def _too_late(self, batch: Batch) -> Finding:
        pause = self._limiter.pause_left()
        if pause > 0:
            return local_failures.rate_limited(pause)
        why = (
            f"held, because sending through the account is suspended ({batch.held_for})"
            if batch.held_for
            else "waiting"
        )
        return local_failures.deadline_exceeded(f"the deadline passed while it was {why}")
