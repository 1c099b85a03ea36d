"""The tracker: what became of each message, from outcomes, reports and look-ups in any order."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter.context import report_token
from omnimsg.delivery.tracked import Handover, Names, Tracked, address_of
from omnimsg.delivery.waiters import Waiters
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.engine.observers import DoubtEnded, Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.store import Store
    from omnimsg.domain.events import StatusEvent
    from omnimsg.domain.message import Message
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.observers import Observers, OutcomeKnown

# Outcomes are stored this many seconds after the first of them, or when something is asked: one
# task for many, none for each.
_COMMIT_AFTER = 0.05
_SWEEP_EVERY = timedelta(minutes=1)
DOUBT_WINDOW: float = 24 * 3600.0


class Tracker(Observer):
    """Knows where each message is, and which sends are in doubt.

    It is told of outcomes as an observer, and of reports and look-ups by `apply` and `look_up`.

    Args:
        store: Keeps what is known.
        clock: Tells the time.
        observers: Told when a doubt ends.
        doubt_window: Seconds after which a doubt that nothing settled is `UNRESOLVED`.

    Attributes:
        waiters: Those who wait for a change of a message.
        doubts_settled: How many sends were in doubt until a report named the message.
        doubts_unresolved: How many sends were in doubt and nothing told in time.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        observers: Observers,
        *,
        doubt_window: float = DOUBT_WINDOW,
    ) -> None:
        self._store = store
        self._clock = clock
        self._observers = observers
        self._window = timedelta(seconds=doubt_window)
        self._outcomes: deque[tuple[Accepted | Ambiguous, Message]] = deque()
        self._committing: asyncio.Task[None] | None = None
        self.waiters: Waiters = Waiters()
        self.doubts_settled: int = 0
        self.doubts_unresolved: int = 0
        self._next_sweep = clock.utc_now()

    def outcome_known(self, event: OutcomeKnown) -> None:
        """Note the outcomes that something more may become known of."""
        was_empty = not self._outcomes
        self._outcomes += [
            (outcome, message)
            for outcome, message in zip(event.outcomes, event.messages, strict=True)
            if isinstance(outcome, (Accepted, Ambiguous))
        ]
        if was_empty and self._outcomes:
            asyncio.get_running_loop().call_later(_COMMIT_AFTER, self._start_commit)

    async def commit(self) -> None:
        """Store the outcomes that were noted, and join them with the reports that came before."""
        while self._outcomes:
            outcome, message = self._outcomes.popleft()
            if isinstance(outcome, Accepted):
                await self.accept(outcome, address_of(message))
            else:
                await self._doubt(outcome, message)
        now = self._clock.utc_now()
        if now >= self._next_sweep:
            self._next_sweep = now + _SWEEP_EVERY
            await self._sweep(now)

    async def accept(self, accepted: Accepted, to: str | None = None) -> Tracked:
        """Store the answer to a send."""
        new = Tracked.of_accepted(accepted, to, self._clock.utc_now())
        names = attrs.evolve(new.names, is_answer=True)
        return await self._update(names, lambda known: _joined(known, new))

    async def prove(self, found: Accepted) -> Tracked:
        """Store that a look-up found a message that may have been sent."""
        new = Tracked.of_accepted(found, None, self._clock.utc_now())
        return await self._update(new.names, lambda known: _joined(known, new))

    async def apply(self, event: StatusEvent) -> Tracked:
        """Add a report, and return all that is known of its message."""
        await self.commit()
        now = self._clock.utc_now()
        return await self._update(
            Names.of_event(event),
            lambda known: (known or Tracked(account=event.account, since=now)).reported(event),
        )

    async def look_up(self, status: MessageStatus) -> Tracked:
        """Add the answer of a look-up, and return all that is known of its message."""
        await self.commit()
        account, now = status.id.account, self._clock.utc_now()
        return await self._update(
            Names.of_id(status.id),
            lambda known: (known or Tracked(account=account, since=now)).looked_up(status),
        )

    async def tell(self, tracked: Tracked) -> None:
        """Note that the application was told a status."""
        status = tracked.status
        if status is not None:
            await self._store.update(
                tracked.names,
                lambda known: attrs.evolve(known or tracked, told=status.status),
            )

    async def find(self, message_id: MessageId) -> Tracked | None:
        """Return what is known of a message."""
        await self.commit()
        return await self._store.find(Names.of_id(message_id))

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first."""
        await self.commit()
        await self._sweep(self._clock.utc_now())
        return await self._store.doubts()

    def expect(self, account: str, message: Message) -> asyncio.Future[Accepted]:
        """Return a future that ends when a report names a message that may have been sent."""
        token = report_token(account, message.reference)
        names = Names(account=account, token=token, is_answer=True)
        return asyncio.ensure_future(self._acceptance(names, token, message.reference))

    async def settled(self, outcome: Ambiguous) -> Accepted:
        """Wait until a report names a message whose outcome was in doubt."""
        token = report_token(outcome.account, outcome.reference)
        return await self._acceptance(
            Names(account=outcome.account, token=token), token, outcome.reference
        )

    async def _acceptance(self, names: Names, token: str, reference: str) -> Accepted:
        """Wait until the names find a message that the provider has."""
        with self.waiters.watch(token) as waiter:
            await self.commit()
            while True:
                tracked = await self._store.find(names)
                own_id = None if tracked is None else tracked.own_id
                if own_id is not None:
                    return Accepted(
                        reference=reference, account=names.account, provider_id=own_id.provider_id
                    )
                await waiter.next()

    def _start_commit(self) -> None:
        self._committing = asyncio.ensure_future(self.commit())

    async def _doubt(self, outcome: Ambiguous, message: Message) -> None:
        new = Tracked.of_doubt(outcome, message, self._clock.utc_now())
        names = attrs.evolve(new.names, is_answer=True)
        tracked = await self._update(names, lambda known: _joined(known, new))
        if not tracked.handover.is_doubtful:  # a report came before
            self._end_doubt(tracked)

    async def _update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change what is known of a message, and tell those who wait for it."""
        before: Tracked | None = None

        def noted(known: Tracked | None) -> Tracked:
            nonlocal before
            before = known
            return change(known)

        tracked = await self._store.update(names, noted)
        if before is not None and before.handover.is_doubtful > tracked.handover.is_doubtful:
            self._end_doubt(tracked)
        self.waiters.wake(tracked)
        return tracked

    async def _sweep(self, now: datetime) -> None:
        """Give up the doubts that nothing settled in time."""
        for each in await self._store.doubts():
            if now - each.since < self._window:
                break
            if each.handover is Handover.IN_DOUBT:
                await self._give_up(each)

    async def _give_up(self, doubt: Tracked) -> None:
        def change(known: Tracked | None) -> Tracked:
            known = known or doubt
            is_open = known.handover is Handover.IN_DOUBT
            return attrs.evolve(known, handover=Handover.UNRESOLVED) if is_open else known

        tracked = await self._store.update(doubt.names, change)
        if tracked.handover is Handover.UNRESOLVED:
            self.doubts_unresolved += 1
            self._notify_end(tracked, None)

    def _end_doubt(self, tracked: Tracked) -> None:
        self.doubts_settled += 1
        self._notify_end(tracked, tracked.own_id)

    def _notify_end(self, tracked: Tracked, message_id: MessageId | None) -> None:
        if self._observers.doubt_ended is not None and tracked.reference is not None:
            self._observers.doubt_ended(
                DoubtEnded(account=tracked.account, reference=tracked.reference, id=message_id)
            )


def _joined(known: Tracked | None, new: Tracked) -> Tracked:
    """Join an outcome with the reports that came before it."""
    if known is None:
        return new
    # The id of the outcome comes first: it is the one that the application keeps.
    return attrs.evolve(known.merged(new), ids=tuple(dict.fromkeys((*new.ids, *known.ids))))
