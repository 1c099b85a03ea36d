"""What of a batch may leave now: deadlines, callers that left, ttl, open circuits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from omnimsg.engine.attempt import local_failures
from omnimsg.engine.deadline import has_outlived_ttl
from omnimsg.engine.limits.answer_times import AnswerTimes
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
from omnimsg.engine.limits.rate_limiter import RateLimiter
from omnimsg.engine.sending.completion import Completion
from omnimsg.engine.sending.local_outcomes import LocalOutcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.sending.batch import Batch
    from omnimsg.engine.sending.queue import Queue

# Seconds without an answer that send messages to another account, at least: a moment in which this
# process or a network had other things to do says nothing about a provider.
_LEAST_PATIENCE = 1.0


@attrs.define(kw_only=True, eq=False)
class Clearance:
    """Decides for a batch whose turn it is which of its messages leave.

    Args:
        breakers: Hold messages back while a circuit is open.
        limiter: Knows whether the provider imposed a pause.
        answer_times: How long its provider usually takes.
        completion: Takes over what is held back.
        local: Builds the outcomes of messages that end here.
        now: Reads the monotonic clock, seconds.
    """

    _breakers: CircuitBreakers
    _limiter: RateLimiter
    _answer_times: AnswerTimes
    _completion: Completion
    _local: LocalOutcomes
    _now: Callable[[], float]
    # Since when every request that may be under way is, and no answer has come.
    _full_since: float = attrs.field(default=-math.inf, init=False)

    def turn_away(self, queue: Queue, wait: float) -> float:
        """End what waits for this account while another may send it, where it would wait for long.

        It would while the provider has asked for a pause, and while every request that may be under
        way is and none is answered for several usual answer times.

        Args:
            queue: What waits.
            wait: Seconds until the next request may leave; infinity is when one has come back.

        Returns:
            When to look again, monotonic seconds; infinity is not by itself.
        """
        now, times = self._now(), self._answer_times
        if wait == math.inf:
            if self._full_since <= times.heard_at:
                self._full_since = now
            patience = max(_LEAST_PATIENCE, self._breakers.patience)
            until = max(self._full_since, times.heard_at) + patience
            if now < until:
                return until
            found = local_failures.not_answering(now - max(self._full_since, times.heard_at))
        else:
            pause = self._limiter.pause_left()
            if pause <= 0:
                return math.inf
            found = local_failures.rate_limited(pause)
        for batch in queue.take_passed_on():
            batch.finish_all([self._local.outcome(each, found) for each in batch.messages])
        return math.inf

    def clear(self, batch: Batch) -> Batch | None:
        """Return the part of a batch that leaves now; the other messages are taken care of."""
        batch.left_at = now = self._now()
        if batch.ends == math.inf:
            # The timeout of a stream's messages begins with their turn.
            batch.ends = now + batch.timeout
        elif batch.ends <= now:
            batch.finish_all([self._too_late(batch, each) for each in batch.messages])
            return None
        elif batch.ends - now < self._answer_times.usual and self._is_too_short(batch, now):
            batch.finish_all([self._too_short(each, batch.ends - now) for each in batch.messages])
            return None
        abandoned = batch.owner.abandoned(batch.keys) if batch.owner.may_abandon else ()
        waited = now - batch.started
        if abandoned or waited >= batch.ttl:
            rest = self._end_useless(batch, abandoned, waited)
            if rest is None:
                return None
            batch = rest
        return self._hold_back(batch) if self._breakers.circuits else batch

    def _end_useless(self, batch: Batch, abandoned: Sequence[int], waited: float) -> Batch | None:
        """End messages that nobody waits for or whose ttl has passed, and return the rest.

        Where the look-ups that did not find them are too long ago, all end in doubt, and are looked
        for again: since then the provider may have processed them, or listed them. So does one that
        a report has named since then.
        """
        if batch.left_at > batch.absent_until:
            batch.finish_all([batch.doubts[each.reference] for each in batch.messages])
            return None
        ended: dict[int, Outcome] = {
            index: self._local.cancelled(batch.messages[index], left=False) for index in abandoned
        }
        for index, message in enumerate(batch.messages):
            if index in ended:
                continue
            if batch.is_reported(message):
                ended[index] = batch.doubts[message.reference]
            elif has_outlived_ttl(message, waited):
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
            self._breakers.probe(batch.messages)
            return batch
        indexes = list(held_back)
        self._completion.conclude_unsent(batch.part(indexes), list(held_back.values()))
        rest = batch.without(indexes)
        if rest is not None:
            self._breakers.probe(rest.messages)
        return rest

    def _is_too_short(self, batch: Batch, now: float) -> bool:
        """Return whether waiting has used up the time in which an answer could be heard.

        A message that leaves then is in doubt although the provider is well. A caller whose
        deadline was always that short has chosen so, and its message leaves.
        """
        return batch.ends - now < min(self._answer_times.usual, batch.timeout / 2)

    def _too_short(self, message: Message, seconds: float) -> Outcome:
        detail = (
            f"it waited until {seconds:.2f} s of its deadline were left, less than the provider"
            f" usually takes to answer ({self._answer_times.usual:.2f} s)"
        )
        return self._local.deadline_exceeded(message, detail)

    def _too_late(self, batch: Batch, message: Message) -> Outcome:
        pause = self._limiter.pause_left()
        if pause > 0:
            return self._local.rate_limited(message, pause)
        why = (
            f"held because of the account's trouble ({batch.held_for})"
            if batch.held_for
            else "waiting"
        )
        return self._local.deadline_exceeded(message, f"the deadline passed while it was {why}")
