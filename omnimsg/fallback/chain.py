"""The chain of one message's legs: hand over, wait for delivery, go on to the next leg."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from omnimsg.delivery.waiters import Waiter
from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.domain.status import Status
from omnimsg.domain.ttl import counted_seconds
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.leg_events import LegChanged, LegState
from omnimsg.fallback.conclusion import conclusion_of
from omnimsg.fallback.leg_status import end_of, status_of
from omnimsg.routing.failover_rules import is_doubt, may_fall_back, may_follow

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from datetime import datetime

    from omnimsg.delivery.delivery import Delivery
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.fallback.chain_leg import ChainLeg

log: logging.Logger = logging.getLogger("omnimsg.fallback")

# Seconds to wait for the delivery of a leg without a ttl, or of one that is overdue.
_DAY = 24 * 3600.0
# Seconds to wait for a leg that its provider still holds when its ttl after `send_at` is over.
_HELD = 3600.0
# Seconds between two look-ups of a leg that is overdue, at most.
_LONGEST_LATE_PAUSE = 600.0


class ChainOwner(Protocol):
    """What a chain needs of the client that runs it."""

    @property
    def is_closed(self) -> bool:
        """Whether the client is closed, so that no further leg is sent."""

    @property
    def delivery(self) -> Delivery:
        """The receiving half of the client."""

    def now(self) -> float:
        """Return monotonic seconds."""

    def utc_now(self) -> datetime:
        """Return the time of day."""

    def follow(self, chain: Chain, accepted: Accepted) -> None:
        """Register an accepted leg, and wait for its delivery."""

    def spawn(self, work: Coroutine[Any, Any, None], *, outlives_close: bool = False) -> None:
        """Run work in a background task until the client is closed, or beyond."""

    def notify(self, event: LegChanged) -> None:
        """Notify the observers of a change of a leg."""


class Chain:
    """One message and its legs: each is handed over when the one before it failed or is overdue.

    Args:
        owner: The client that runs the chain.
        legs: The legs.
        timeout: Seconds that the hand-over of a leg may take, once the caller does not wait.

    Attributes:
        reference: The message's reference.
        legs: The legs.
        is_followed: Whether a task waits, or has waited, for the delivery of its legs.
        is_handing_over: Whether a leg is being handed over.
        is_over: Whether no further leg goes, and none is being handed over unless another arrived.
        reached_ids: The ids of the legs that were delivered.
    """

    def __init__(self, owner: ChainOwner, legs: Sequence[ChainLeg], timeout: float) -> None:
        self._owner = owner
        self._timeout = timeout
        self.reference: str = legs[0].message.reference
        self.legs: Sequence[ChainLeg] = legs
        self.is_followed: bool = False
        self.is_handing_over: bool = False
        self.is_over: bool = False
        self.reached_ids: set[MessageId] = set()
        self._index = 0
        self._sent: list[tuple[ChainLeg, Accepted]] = []
        self._is_overdue = self._is_abandoned = False
        self._waiters: tuple[Waiter, ...] = ()
        self._handed_over = owner.now()  # of the first leg: a stream hands it over itself

    @property
    def sent_ids(self) -> Sequence[MessageId]:
        """The ids of the accepted legs, in order."""
        return [accepted.id for _, accepted in self._sent]

    @contextmanager
    def watch(self) -> Iterator[Waiter]:
        """Wake a waiter at each change of a leg while the context is open."""
        waiter = Waiter()
        self._waiters = (*self._waiters, waiter)
        try:
            yield waiter
        finally:
            self._waiters = tuple(each for each in self._waiters if each is not waiter)

    @property
    def _has_next(self) -> bool:
        return self._index + 1 < len(self.legs)

    async def run(
        self,
        seconds: float,
        outcome: Outcome | None = None,
        *,
        is_left: Callable[[], bool] | None = None,
    ) -> Outcome:
        """Hand legs over until one is accepted, or none may be tried any more.

        Args:
            seconds: Seconds until the caller gives up.
            outcome: The outcome of the first leg, if a stream has handed it over already and the
                next one may be tried.
            is_left: Returns whether nobody waits for the message any more.
        """
        until = Deadline.after(seconds, self._owner.now)
        earlier: list[Outcome] = []
        if outcome is not None:
            earlier.append(outcome)
            self._index += 1
        while True:
            outcome = await self._submit(until.remaining())
            if not self.take(outcome, is_left=is_left is not None and is_left()):
                return conclusion_of(earlier, outcome)
            earlier.append(outcome)
            self._index += 1

    def take(self, outcome: Outcome, *, is_left: bool = False) -> bool:
        """Process the outcome of the current leg; return whether to hand over the next one.

        Args:
            outcome: The outcome.
            is_left: Whether nobody waits for the message any more.
        """
        leg = self.legs[self._index]
        if isinstance(outcome, Accepted):
            self._sent.append((leg, outcome))
            self._notify(LegState.ACCEPTED, outcome)
            self._owner.follow(self, outcome)
            return False
        doubt = isinstance(outcome, Ambiguous)
        allowed = is_doubt(outcome) and leg.resends if doubt else may_fall_back(outcome)
        goes_on = allowed and not is_left and self._may_go_on()
        state = LegState.DOUBTFUL if doubt else LegState.NOT_TAKEN
        self._notify(state, outcome, next_leg=goes_on)
        return goes_on

    async def follow(self) -> bool:
        """Hand over the next legs as needed; return whether closing the client ended that."""
        while True:
            leg, accepted = self._sent[-1]
            if not self._has_next:
                await self._settle_last(accepted)
                return False
            if self._owner.is_closed:  # while the leg was handed over
                return True
            state, may_go_on = await self._watch(leg, accepted)
            goes_on = may_go_on and self._may_go_on()
            if state is not LegState.REACHED:
                self._notify(state, accepted, next_leg=goes_on)
            # Also if no further leg goes because an earlier one was delivered late.
            if state is LegState.OVERDUE and not self._owner.is_closed:
                self._is_overdue = True
                self._owner.spawn(self._listen(accepted))
            if not goes_on:
                return False
            self._index += 1
            while self.take(outcome := await self._submit(self._timeout)):
                self._index += 1
            if not isinstance(outcome, Accepted):
                return False
            await self._record()

    def reached(self, message_id: MessageId) -> None:
        """Note that a leg was delivered."""
        if message_id in self.reached_ids:
            return
        leg, accepted = next(each for each in self._sent if each[1].id == message_id)
        self.reached_ids.add(message_id)
        is_twice = len(self.reached_ids) > 1
        state = LegState.REACHED_TWICE if is_twice else LegState.REACHED
        self._notify(state, accepted, leg=leg)
        if is_twice:
            self._owner.spawn(self._record(), outlives_close=True)

    def abandon(self) -> bool:
        """End the chain before its last leg is decided; return whether others are left out."""
        is_open = self._has_next and not self.reached_ids and not self._is_abandoned
        if is_open:
            self._is_abandoned = True
            self._notify(LegState.ABANDONED, self._sent[-1][1])
        return is_open

    def end(self) -> None:
        """Note that no further leg goes."""
        self._set_over(is_over=True)

    def is_awaited(self, fails_within: float) -> bool:
        """Return whether another leg may still go, or is being handed over.

        Args:
            fails_within: Seconds for which a leg without a ttl may still fail.
        """
        if self.is_handing_over or not self._may_go_on():
            return self.is_handing_over
        leg = self.legs[self._index]
        return leg.ttl is not None or self._waited(leg) < fails_within

    def _may_go_on(self) -> bool:
        return self._has_next and not self.reached_ids and not self._owner.is_closed

    def _waited(self, leg: ChainLeg) -> float:
        """Return the seconds that count against the ttl of a leg."""
        waited = self._owner.now() - self._handed_over
        return counted_seconds(leg.send_at, waited, self._owner.utc_now)

    async def _submit(self, seconds: float) -> Outcome:
        leg = self.legs[self._index]
        self._handed_over = self._owner.now()
        self.is_handing_over = True
        try:
            return await leg.submit(self._owner.utc_now(), seconds)
        finally:
            self.is_handing_over = False

    async def _watch(self, leg: ChainLeg, accepted: Accepted) -> tuple[LegState, bool]:
        """Wait until a leg is decided; return its state, and whether the next leg may go."""
        left = (_DAY if leg.ttl is None else leg.ttl) - self._waited(leg)
        status = await self._end_of(accepted, left)
        if leg.ttl is not None and status is not None and status.status is Status.SCHEDULED:
            # The provider has not sent it: its clock is behind ours. The ttl begins when it does.
            await self._end_of(accepted, _HELD, Status.ACCEPTED)
            status = await self._end_of(accepted, leg.ttl)
        if status is not None and status.status.reached:
            self.reached(accepted.id)
            return LegState.REACHED, False
        if status is not None and status.status.failed:
            wanted = status.status is not Status.CANCELLED
            return LegState.FAILED, wanted and may_follow(status.reason)
        return (LegState.UNHEARD, False) if leg.ttl is None else (LegState.OVERDUE, True)

    async def _end_of(
        self, accepted: Accepted, seconds: float, wanted: Status = Status.DELIVERED
    ) -> MessageStatus | None:
        until = Deadline.after(seconds, self._owner.now)
        return await end_of(self._owner.delivery, accepted.id, wanted, until)

    async def _settle_last(self, accepted: Accepted) -> None:
        status = await status_of(self._owner.delivery, accepted.id, ask=False)
        if status is not None and status.status.reached:
            self.reached(accepted.id)
        elif self._is_overdue and not self._owner.is_closed:
            # Wait here, or a second delivery would only be noticed if another caller waits for it.
            await self._listen(accepted)

    async def _listen(self, accepted: Accepted) -> None:
        """Wait for a late delivery of a leg that decides nothing any more."""
        try:
            status = await self._owner.delivery.wait(
                accepted.id, Status.DELIVERED, _DAY, _LONGEST_LATE_PAUSE
            )
            if status.status.reached:  # also where another process was told
                self.reached(accepted.id)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            kind = type(error).__name__
            log.debug(
                "the last status of a leg is unknown: %s",
                kind,
                extra=log_fields(account=accepted.account, reference=self.reference, error=kind),
            )

    async def _record(self) -> None:
        """Store with the first leg the ids of the others, and whether two were delivered."""
        (_, first), *others = self._sent
        ids = tuple(each.id for _, each in others)
        try:
            await self._owner.delivery.tracker.follow(
                first, ids, reached_twice=len(self.reached_ids) > 1
            )
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            kind = type(error).__name__
            log.warning(
                "the legs of a message could not be stored: %s",
                kind,
                extra=log_fields(account=first.account, reference=self.reference, error=kind),
            )

    def _set_over(self, *, is_over: bool) -> None:
        self.is_over = is_over
        for each in self._waiters:
            each.wake()

    def _notify(
        self,
        state: LegState,
        outcome: Outcome,
        *,
        next_leg: bool = False,
        leg: ChainLeg | None = None,
    ) -> None:
        leg = leg or self.legs[self._index]
        may_follow_later = state is LegState.ACCEPTED and self._may_go_on()
        self._set_over(is_over=not (next_leg or may_follow_later))
        self._owner.notify(
            LegChanged(
                reference=self.reference,
                leg=leg.index,
                channel=leg.channel,
                state=state,
                account=outcome.account,
                id=outcome.id if isinstance(outcome, Accepted) else None,
                outcome=outcome,
                next_leg=next_leg,
            )
        )
