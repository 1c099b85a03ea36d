"""Conclude an attempt: adapt limits and circuits, then finish, hold, retry or look up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Adapter
from omnimsg.domain.outcome import Accepted, AllAccepted, NotSent, Rejected, Scope
from omnimsg.domain.reason import Reason
from omnimsg.engine.attempt.earlier_doubts import keep_doubts
from omnimsg.engine.limits.answer_times import AnswerTimes
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
from omnimsg.engine.limits.rate_limiter import RateLimiter
from omnimsg.engine.observers import Observers, Paused
from omnimsg.engine.sending.follow_up import FollowUp
from omnimsg.engine.sending.holding import Holding
from omnimsg.engine.sending.wakeup import Wakeup
from omnimsg.engine.unknown_codes import note_failure, note_outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.failure import Failure
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.sending.batch import Batch


@attrs.define(kw_only=True, eq=False)
class Completion:
    """Decides for every message of an account whether its outcome is the last.

    Args:
        limiter: Told whether the provider answered "too many requests".
        max_pause: The most seconds of pause that the provider can impose.
        answer_times: Told how long answers take.
        breakers: Told what attempts say about the account and its provider.
        holding: Holds messages back, where the policy is to hold.
        follow_up: Retries, and looks up messages that may have been sent.
        wakeup: Called when more may leave than before.
        observers: Told of pauses, and of codes that the tables do not have.
        adapter: The account's adapter.
        now: Reads the monotonic clock, seconds.
    """

    _limiter: RateLimiter
    _max_pause: float
    _answer_times: AnswerTimes
    _breakers: CircuitBreakers
    _holding: Holding
    _follow_up: FollowUp
    _wakeup: Wakeup
    _observers: Observers
    _adapter: Adapter[Any]
    _now: Callable[[], float]

    def conclude(self, batch: Batch, outcomes: list[Outcome]) -> None:
        """Take the outcomes of an attempt, one per message in order.

        They alone say how the account and its provider are now, also where a message is still in
        doubt because of an earlier attempt.
        """
        now = self._now()
        seconds = now - batch.left_at
        if outcomes.__class__ is AllAccepted:
            self._answer_times.record(seconds, now)
            if self._limiter.pace < 1:
                self._speed_up()
            if self._breakers.circuits:
                self._learn(batch, outcomes, seconds)
            batch.owner.finish(batch.keys, batch.messages, outcomes, batch)
        else:
            if any(isinstance(each, (Accepted, Rejected)) for each in outcomes):
                self._answer_times.record(seconds, now)
            note_outcomes(outcomes, self._adapter, self._observers)
            self._learn(batch, outcomes, seconds)
            self._adjust_pace(outcomes, batch.left_at)
            self._continue(batch, keep_doubts(outcomes, batch.doubts))
        if self._holding.batches and not self._breakers.circuits:
            self._holding.release()

    def conclude_unsent(self, batch: Batch, outcomes: list[Outcome]) -> None:
        """Take the outcomes of messages that an open circuit kept from leaving."""
        if self._holding.is_closed:
            self._continue(batch, outcomes)
        else:
            self._holding.hold(batch, range(len(outcomes)), outcomes)

    def conclude_split(self, batch: Batch, refusal: Failure | None) -> None:
        """Learn from the refusal of a batch that is split, where the provider gave no verdict."""
        if refusal is not None:
            note_failure(refusal, self._adapter, self._observers)
            self._breakers.learn_refusal(batch.messages, refusal)
            self._probe_while_suspected()

    def _learn(self, batch: Batch, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Tell the circuit breakers what an attempt says about the account.

        After a first refusal of the account only one request leaves at a time, until it is known
        whether a second follows: else every slot would be used for a refused request.
        """
        self._breakers.learn(batch.messages, outcomes, seconds=seconds)
        self._probe_while_suspected()

    def _probe_while_suspected(self) -> None:
        if self._limiter.is_probing != self._breakers.is_suspected:
            self._limiter.probe(self._breakers.is_suspected)
            self._wakeup.soon()

    def _adjust_pace(self, outcomes: Sequence[Outcome], left_at: float) -> None:
        """Tell the limiter whether the provider answered "too many requests"."""
        throttled = [
            each.failure
            for each in outcomes
            if not isinstance(each, Accepted) and each.reason is Reason.RATE_LIMITED
        ]
        if not throttled:
            self._speed_up()
            return
        # A limit on some messages only is about them; one on all is about the account.
        is_whole = len(throttled) == len(outcomes)
        pause = min(each.retry_after or 0.0 for each in throttled) if is_whole else 0.0
        pause = min(pause, self._max_pause)
        self._limiter.throttled(begun=left_at, pause=pause)
        if pause > 0 and self._observers.paused is not None:
            account = self._adapter.account.name
            self._observers.paused(Paused(account=account, seconds=pause))

    def _speed_up(self) -> None:
        """Raise the pace a little, which may free more slots than the one that came free."""
        self._limiter.succeeded()
        self._wakeup.soon()

    def _continue(self, batch: Batch, outcomes: list[Outcome]) -> None:
        """Finish final outcomes; hold account failures; start retries and look-ups."""
        indexes = range(len(outcomes))
        held = [index for index in indexes if self._is_held(outcomes[index])]
        if held:
            self._holding.hold(batch, held, [outcomes[index] for index in held])
        # The retry itself decides what follows.
        follow_up = self._follow_up
        to_retry = [] if batch.is_retry else follow_up.to_retry(outcomes, batch)
        if to_retry and (fails_over := batch.owner.fails_over) is not None:
            to_retry = [index for index in to_retry if not fails_over(outcomes[index])]
        to_look_up = [] if batch.is_retry else follow_up.to_look_up(outcomes, batch)
        unfinished = {*to_retry, *held, *to_look_up}
        final = [index for index in indexes if index not in unfinished]
        if final:
            batch.finish(final, [outcomes[index] for index in final])
        again = [index for index in to_retry if index not in held]
        if again:
            follow_up.retry(batch.part(again), [outcomes[index] for index in again])
        if to_look_up:
            doubts = [outcomes[index] for index in to_look_up]
            follow_up.look_up(batch.part(to_look_up), doubts)

    def _is_held(self, outcome: Outcome) -> bool:
        return (
            not self._holding.is_closed
            and isinstance(outcome, NotSent)
            and outcome.scope is Scope.ACCOUNT
            and outcome.reason is not Reason.CANCELLED
        )
