"""What becomes of a batch that has come back: learn from it, hold it, try it again, or end it."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Any, Protocol

from omnimsg.domain.outcome import Accepted, AllAccepted, Ambiguous, NotSent, Outcome, Scope
from omnimsg.domain.reason import Reason
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers, words_of
from omnimsg.engine.policy import AccountTrouble, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.limits.rate_limiter import RateLimiter
    from omnimsg.engine.sending.batch import Batch
    from omnimsg.engine.sending.message_checks import MessageChecks
    from omnimsg.engine.sending.retry import Retrier


log: logging.Logger = logging.getLogger("omnimsg.engine")

# Seconds of a pause that an operator should know about.
_WORTH_SAYING = 1.0


class Way(Protocol):
    """How a batch gets out once more."""

    def wake(self) -> None:
        """Look soon what may leave."""

    def put_back(self, batches: Sequence[Batch]) -> None:
        """Let batches wait in front of all others of their priority."""

    def run_retry(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a retry in the background."""


class Completion:
    """Decides for every message of an account whether its outcome is its last.

    Args:
        sender: The account.
        limiter: Told whether the provider minds the pace.
        policy: What is decided for the account.
        retrier: Its retries.
        way: Where to go for another attempt.
        clock: The monotonic clock, seconds.

    Attributes:
        held: Batches that wait for trouble to be over.
        release_at: When they should be tried again, monotonic seconds.
    """

    def __init__(
        self,
        sender: MessageChecks,
        limiter: RateLimiter,
        policy: Policy,
        retrier: Retrier,
        way: Way,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._sender = sender
        self._limiter = limiter
        self._holds = policy.account_trouble is AccountTrouble.HOLD
        self._trouble = CircuitBreakers(sender, policy.breaker, clock=clock)
        self._retrier = retrier
        self._way = way
        self._clock = clock
        self.held: list[Batch] = []
        self.release_at: float = math.inf

    def cleared(self, batch: Batch) -> Batch | None:
        """Return what of a batch may leave now; everything else has been seen to."""
        batch.begun = now = self._clock()
        if batch.ends == math.inf:
            batch.ends = now + batch.patience
        elif batch.ends <= now:
            places = range(len(batch.messages))
            batch.finish(places, [self._too_late(batch, place) for place in places])
            return None
        gone = batch.owner.gone(batch.keys) if batch.owner.may_leave else ()
        if gone or batch.is_perishable:
            still = self._of_use(batch, gone, now - batch.started)
            if still is None:
                return None
            batch = still
        return self._spared(batch) if self._trouble.circuits else batch

    def concluded(self, batch: Batch, outcomes: list[Outcome]) -> None:
        """Take in what an attempt gave.

        Args:
            batch: What was sent.
            outcomes: One per message, in order.
        """
        if outcomes.__class__ is AllAccepted:
            if self._limiter.pace < 1:
                self._quicken()
            if self._trouble.circuits:
                self._learn(batch, outcomes)
            batch.owner.finish(batch.keys, outcomes)
        else:
            self._learn(batch, outcomes)
            self._slow_down(outcomes, batch.begun)
            self._sort(batch, outcomes)
        if self.held and not self._trouble.circuits:
            self.release()

    def release(self) -> None:
        """Let what is held try again."""
        held, self.held, self.release_at = self.held, [], math.inf
        for batch in reversed(held):
            self._way.put_back([batch])

    def _learn(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """Take in what an attempt says of the account.

        After a first refusal nothing more leaves before it is known whether there is a second: else
        all that has a place would be refused too.
        """
        self._trouble.learn(batch.messages, outcomes)
        if self._limiter.wary != self._trouble.is_suspected:
            self._limiter.be_wary(self._trouble.is_suspected)
            self._way.wake()

    def _of_use(self, batch: Batch, gone: Sequence[int], waited: float) -> Batch | None:
        """End what nobody waits for and what has outlived its use, and return the rest."""
        ended: dict[int, Outcome] = {
            place: self._sender.withdrawn(batch.messages[place]) for place in gone
        }
        for place, message in enumerate(batch.messages):
            if place not in ended and is_stale(message, waited):
                ended[place] = self._sender.outlived(message)
        if not ended:
            return batch
        batch.finish(list(ended), list(ended.values()))
        places = [place for place in range(len(batch.messages)) if place not in ended]
        return batch.part(places) if places else None

    def _slow_down(self, outcomes: Sequence[Outcome], begun: float) -> None:
        """Tell the limiter whether the provider found us too fast."""
        throttled = [
            each.failure
            for each in outcomes
            if not isinstance(each, Accepted) and each.reason is Reason.RATE_LIMITED
        ]
        if not throttled:
            self._quicken()
            return
        # Said of some messages only, it is about them; said of all, about the account.
        whole = len(throttled) == len(outcomes)
        pause = min(each.retry_after or 0.0 for each in throttled) if whole else 0.0
        self._limiter.throttled(begun=begun, pause=pause)
        if pause >= _WORTH_SAYING:
            log.warning(
                "account %r was told to wait: nothing leaves for %g s", self._sender.account, pause
            )

    def _quicken(self) -> None:
        """Give back some of the pace; there may be more places now than the one that came free."""
        self._limiter.succeeded()
        self._way.wake()

    def _spared(self, batch: Batch) -> Batch | None:
        """Keep back what is not worth a request now, and return the rest."""
        known = self._trouble.held_back(batch.messages)
        back = [place for place, each in enumerate(known) if each is not None]
        if not back:
            return batch
        outcomes: list[Outcome] = [each for each in known if each is not None]
        if self._holds:
            self._hold(batch, back, outcomes)
        else:
            self._sort(batch.part(back), outcomes)
        places = [place for place, each in enumerate(known) if each is None]
        return batch.part(places) if places else None

    def _sort(self, batch: Batch, outcomes: list[Outcome]) -> None:
        """End what has ended, hold what may wait, and try again what may be."""
        places = range(len(outcomes))
        held = [place for place in places if self._is_held(outcomes[place])]
        if held:
            self._hold(batch, held, [outcomes[place] for place in held])
        # A retry hears of its own messages, and decides itself.
        due = {} if batch.is_retry else self._retrier.due(outcomes, batch)
        again = [place for place in due if place not in held]
        sought = [] if batch.is_retry else self._sought(outcomes, batch)
        going_on = {*due, *held, *sought}
        ended = [place for place in places if place not in going_on]
        if ended:
            batch.finish(ended, [outcomes[place] for place in ended])
        if again:
            part = batch.part(again)
            self._way.run_retry(self._retried(part, [outcomes[place] for place in again]))
        if sought:
            self._seek(batch.part(sought), [outcomes[place] for place in sought], attempt=2)

    def _is_held(self, outcome: Outcome) -> bool:
        return (
            self._holds
            and isinstance(outcome, NotSent)
            and outcome.scope is Scope.ACCOUNT
            and outcome.reason is not Reason.CANCELLED
        )

    def _hold(self, batch: Batch, places: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        why = {words_of(each.reason) for each in outcomes if not isinstance(each, Accepted)}
        self.held.append(batch.part(places, held=", ".join(sorted(why))))
        soon = min(self._clock() + self._trouble.pause, batch.ends)
        self.release_at = min(self.release_at, soon)

    def _too_late(self, batch: Batch, place: int) -> Outcome:
        why = f"held because of the account's trouble ({batch.held})" if batch.held else "waiting"
        return self._sender.too_late(
            batch.messages[place], f"the deadline passed while it was {why}"
        )

    def _sought(self, outcomes: Sequence[Outcome], deadline: Deadline) -> list[int]:
        """Say at which places stand messages to look for, as they may have been sent."""
        seeker = self._retrier.seeker
        return [] if seeker is None else seeker.due(outcomes, deadline)

    def _seek(self, batch: Batch, outcomes: list[Outcome], attempt: int) -> None:
        """Look for messages in the background."""
        seeker = self._retrier.seeker
        if seeker is not None:
            self._way.run_retry(seeker.seek(batch, outcomes, attempt, self._resend))

    def _resend(self, batch: Batch, outcomes: list[Outcome], attempt: int) -> None:
        """Send once more what was looked for and is missing, in the background."""
        self._way.run_retry(self._retried(batch, outcomes, missing=attempt))

    async def _retried(
        self, batch: Batch, outcomes: list[Outcome], *, missing: int | None = None
    ) -> None:
        """Try a batch again for as long as that may help, and end it, or look for what is in doubt.

        Args:
            batch: What to try.
            outcomes: What is known of each message.
            missing: The number of the one attempt that is allowed, where all of it was looked for
                and is missing.
        """
        courier = _Courier(batch, outcomes)
        attempt = missing or 2

        async def again(places: Sequence[int]) -> None:
            nonlocal attempt
            attempt += 1
            doubts = {
                each.reference: each
                for each in (outcomes[place] for place in places)
                if isinstance(each, Ambiguous)
            }
            part = batch.part(
                places, owner=courier, keys=list(places), doubts=doubts, is_retry=True
            )
            await courier.deliver(places, lambda: self._way.put_back([part]))

        sought: list[int] = []
        try:
            if missing is not None:
                await again(range(len(outcomes)))
            else:
                await self._retrier.batch(outcomes, again, batch)
            sought = self._sought(outcomes, batch)
        except asyncio.CancelledError:
            for place in courier.missing:
                # Nobody is left to hear whether it had left.
                outcomes[place] = self._sender.cancelled(batch.messages[place])
            raise
        finally:
            ended = [place for place in range(len(outcomes)) if place not in sought]
            batch.finish(ended, [outcomes[place] for place in ended])
        if sought:
            part = batch.part(sought)
            self._seek(part, [outcomes[place] for place in sought], attempt)


class _Courier:
    """Hears of messages that are tried again.

    Attributes:
        missing: The places of those under way.
    """

    def __init__(self, batch: Batch, outcomes: list[Outcome]) -> None:
        self._batch = batch
        self._outcomes = outcomes
        self._back = asyncio.Event()
        self.missing: set[int] = set()

    async def deliver(self, places: Sequence[int], send: Callable[[], None]) -> None:
        """Send, and wait until all are back."""
        self.missing.update(places)
        self._back.clear()
        send()
        await self._back.wait()

    def finish(self, keys: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Take outcomes."""
        for place, outcome in zip(keys, outcomes, strict=True):
            if place in self.missing:
                self.missing.discard(place)
                self._outcomes[place] = outcome
        if not self.missing:
            self._back.set()

    @property
    def may_leave(self) -> bool:
        """Whether the one who waits for the messages may."""
        return self._batch.owner.may_leave

    def gone(self, keys: Sequence[int]) -> Sequence[int]:
        """Ask the one who waits for the message."""
        return self._batch.owner.gone([self._batch.keys[place] for place in keys])


def is_stale(message: Message, waited: float) -> bool:
    """Whether a message has outlived its use, so many seconds after the call."""
    return message.ttl is not None and message.send_at is None and waited >= message.ttl
