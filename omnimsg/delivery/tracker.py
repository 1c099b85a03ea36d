"""The tracker: merges outcomes, reports and look-ups, in any order, into the state of messages."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter.context import report_token
from omnimsg.delivery.bounded import bounded_event, bounded_status
from omnimsg.delivery.doubt_window import DOUBT_WINDOW, DoubtWindow
from omnimsg.delivery.store_log import warn_closed, warn_failed, warn_overflow
from omnimsg.delivery.tracked import Names, Tracked, address_of
from omnimsg.delivery.waiters import Waiters
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.engine.attempt.store_queue import StoreQueue
from omnimsg.engine.cancellation import is_own_cancellation
from omnimsg.engine.delivery_events import DoubtEnded
from omnimsg.engine.loop_bound import Alarm
from omnimsg.engine.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.store import Store
    from omnimsg.domain.events import StatusEvent
    from omnimsg.domain.message import Message
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.observers import Observers, OutcomeKnown

# Outcomes are stored this many seconds after the first of them, or at the next query: one task
# stores many outcomes.
_COMMIT_AFTER = 0.05
# Seconds until the next attempt after the store has failed.
_COMMIT_AGAIN_AFTER = 5.0


class Tracker(Observer):
    """Tracks the state of each message, and which sends are in doubt.

    It gets outcomes as an observer, and reports and look-ups through `apply` and `look_up`.

    Args:
        store: Keeps the state of messages.
        clock: Tells the time.
        observers: Notified when a doubt ends.
        doubt_window: Seconds after which a doubt that nothing settled is `UNRESOLVED`.
        joined: Called with a message whose reports came before its outcome.
        is_shared: Whether other processes may use the store too.

    Attributes:
        waiters: Wakes the tasks that wait for a change of a message.
        doubts_settled: How many doubts ended because a report or a look-up proved the send.
        doubts_unresolved: How many doubts ended without proof, because their time was over.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        observers: Observers,
        *,
        doubt_window: float = DOUBT_WINDOW,
        joined: Callable[[Tracked], None] | None = None,
        is_shared: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._observers = observers
        self._joined = joined
        # Its values are calls, each of which stores one outcome.
        self._outcomes: StoreQueue[Callable[[], Awaitable[object]]] = StoreQueue(
            lambda store: store(), failed=warn_failed, overflows=warn_overflow
        )
        self._commits = Alarm(self._start_commit)
        self._window = DoubtWindow(
            store, clock, doubt_window, given_up=self._give_up, sweep=self._start_commit
        )
        self._committing: asyncio.Task[datetime] | None = None
        self.waiters: Waiters = Waiters(is_shared=is_shared)
        self.doubts_settled: int = 0
        self.doubts_unresolved: int = 0
        # Keys of doubts whose proof the store may have written before it raised, or before its
        # caller gave up: the repeated call finds the doubt ended, and tells the observers.
        self._untold_ends: set[str | None] = set()

    def outcome_known(self, event: OutcomeKnown) -> None:
        """Queue the outcomes to track: doubts, and acceptances with an id."""
        for outcome, message in zip(event.outcomes, event.messages, strict=True):
            if isinstance(outcome, Ambiguous):
                now, key = self._clock.utc_now(), secrets.token_hex(8)
                doubt = Tracked.of_doubt(outcome, message, now, key=key)
                self._outcomes.add(partial(self._store_doubt, doubt))
            # An adapter that breaks its contract may name neither.
            elif isinstance(outcome, Accepted) and (outcome.provider_id or outcome.batch_id):
                self._outcomes.add(partial(self.accept, outcome, address_of(message)))
        if self._outcomes:
            self._commit_soon()

    def begin_closing(self) -> None:
        """Begin to store the queued outcomes; `aclose` waits for that."""
        self._start_commit()

    async def aclose(self, seconds: float) -> None:
        """Store the queued outcomes, and stop the timers.

        Args:
            seconds: Seconds that the store may take; the outcomes that it has not stored are lost.
        """
        try:
            await self._outcomes.aclose(self.commit(), seconds, self._committing)
        finally:
            self._commits.stop()
            self._window.close()
            if self._outcomes:
                warn_closed(len(self._outcomes))

    async def commit(self) -> datetime:
        """Store the queued outcomes, and join them with the reports that arrived before them.

        If the store fails, this does not raise, and tries again later.

        Returns:
            The current time.
        """
        if self._outcomes and not await self._outcomes.store_all():
            self._commits.set(_COMMIT_AGAIN_AFTER)
        now = self._clock.utc_now()
        if self._window.is_due:
            await self._window.sweep(now)
        return now

    async def accept(self, accepted: Accepted, to: str | None = None) -> Tracked:
        """Store an acceptance."""
        new = Tracked.of_accepted(accepted, to, self._clock.utc_now())
        return await self._store_outcome(new)

    def prove(self, found: Accepted) -> None:
        """Queue the acceptance of a doubtful message that a look-up has found."""
        new = Tracked.of_accepted(found, None, self._clock.utc_now())
        self._outcomes.add(partial(self._update, new.names, new.joined_with))
        self._commit_soon()

    async def apply(self, event: StatusEvent) -> Tracked:
        """Add a report, and return the new state of its message."""
        now, kept = await self.commit(), bounded_event(event)
        names = Names.of_event(kept)
        return await self._update(
            names,
            lambda known: (known or Tracked(account=kept.account, since=now)).reported(kept, names),
        )

    async def look_up(self, status: MessageStatus) -> Tracked:
        """Add the answer of a look-up, and return the new state of its message."""
        await self.commit()
        return await self._look_up(status)

    def look_up_later(
        self, status: MessageStatus, key: object, stored: Callable[[Tracked], None]
    ) -> None:
        """Queue the answer of a look-up that the store has not taken, unless the same one waits.

        Args:
            status: The answer.
            key: Stands for what it says.
            stored: Called with the new state of its message.
        """

        async def store() -> None:
            stored(await self._look_up(status))

        self._outcomes.add(store, key)
        self._commit_soon()

    async def tell(self, tracked: Tracked) -> None:
        """Note that the application was told a status."""
        status = tracked.status
        if status is not None:
            await self._store.update(
                tracked.names,
                lambda known: attrs.evolve(known or tracked, told=status.status),
            )

    async def follow(
        self, accepted: Accepted, by: tuple[MessageId, ...], *, reached_twice: bool
    ) -> None:
        """Note the fallback legs after a message, and whether two legs were delivered."""
        new = Tracked.of_accepted(accepted, None, self._clock.utc_now())
        await self._store.update(
            Names.of_id(accepted.id),
            lambda known: (known or new).followed(by, reached_twice=reached_twice),
        )

    async def find(self, message_id: MessageId) -> Tracked | None:
        """Return the state of a message; `None` if it is not tracked."""
        return await self.find_named(Names.of_id(message_id))

    async def read(self, message_id: MessageId) -> Tracked | None:
        """Return the state of a message as stored, without the outcomes that wait for the store."""
        return await self._store.find(Names.of_id(message_id))

    async def find_named(self, names: Names) -> Tracked | None:
        """Return the state of a message by its names; `None` if it is not tracked."""
        await self.commit()
        return await self._store.find(names)

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first."""
        self._window.make_due()
        await self.commit()
        return await self._store.doubts()

    def expect(self, account: str, message: Message) -> asyncio.Future[Accepted]:
        """Return a future that ends when a report names a doubtful message, with its acceptance."""
        token = report_token(account, message.reference)
        names = Names(account=account, token=token, is_answer=True)
        return asyncio.ensure_future(self._acceptance(names, token, message.reference))

    async def settled(self, outcome: Ambiguous) -> Accepted:
        """Wait until a report names a doubtful message, and return its acceptance."""
        token = report_token(outcome.account, outcome.reference)
        return await self._acceptance(
            Names(account=outcome.account, token=token), token, outcome.reference
        )

    async def _acceptance(self, names: Names, token: str, reference: str) -> Accepted:
        """Wait until the names find a message with an id of its own, and return its acceptance."""
        has_failed = False
        with self.waiters.watch(token) as waiter:
            await self.commit()
            while True:
                try:
                    tracked = await self._store.find(names)
                except (Exception, asyncio.CancelledError) as error:
                    if is_own_cancellation(error):
                        raise
                    # A store may raise anything, and its error says nothing about the message. The
                    # report that woke this may have been the last one, so read the store again.
                    if not has_failed:
                        warn_failed(error)
                    has_failed = True
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_COMMIT_AGAIN_AFTER):
                            await waiter.next()
                    continue
                has_failed = False
                own_id = None if tracked is None else tracked.own_id
                if own_id is not None:
                    return Accepted(
                        reference=reference, account=names.account, provider_id=own_id.provider_id
                    )
                await waiter.next()

    def _commit_soon(self) -> None:
        # Where each event loop ends after one message, none lives until its timer fires.
        self._commits.set(0.0 if self._commits.is_lost else _COMMIT_AFTER)

    def _start_commit(self) -> None:
        self._committing = asyncio.ensure_future(self.commit())

    async def _look_up(self, status: MessageStatus) -> Tracked:
        account, now, kept = status.id.account, self._clock.utc_now(), bounded_status(status)
        return await self._update(
            Names.of_id(status.id),
            lambda known: (known or Tracked(account=account, since=now)).looked_up(kept),
        )

    async def _store_doubt(self, doubt: Tracked) -> None:
        tracked = await self._store_outcome(doubt)
        if tracked.handover.is_doubtful:
            self._window.begin()

    async def _store_outcome(self, new: Tracked) -> Tracked:
        """Store an outcome, and join it with the reports that arrived before it."""
        names = Names.make(
            account=new.account,
            ids=new.ids,
            token=new.token,
            is_answer=True,
            doubt_key=new.doubt_key,
        )
        tracked = await self._update(names, new.joined_with)
        # A store that has raised after writing may have joined them already.
        is_reported = tracked.legs and any(each.timeline.entries for each in tracked.legs)
        if is_reported and self._joined is not None:
            self._joined(tracked)
        return tracked

    async def _update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change the state of a message, tell whether that ends a doubt, and wake its waiters."""
        ended: str | None = None

        def noted(known: Tracked | None) -> Tracked:
            nonlocal ended
            changed = change(known)
            ended = changed.doubt_key if _ends_doubt(known, changed) else None
            return changed

        try:
            tracked = await self._store.update(names, noted)
        except BaseException:
            if ended is not None:
                self._untold_ends.add(ended)
            raise
        is_untold = ended is not None or tracked.doubt_key in self._untold_ends
        if is_untold and not tracked.handover.is_doubtful:
            self.doubts_settled += 1
            self._notify_end(tracked, tracked.own_id)
        self.waiters.wake(tracked)
        return tracked

    def _give_up(self, tracked: Tracked) -> None:
        self.doubts_unresolved += 1
        self._notify_end(tracked, None)

    def _notify_end(self, tracked: Tracked, message_id: MessageId | None) -> None:
        self._untold_ends.discard(tracked.doubt_key)
        if self._observers.doubt_ended is not None and tracked.reference is not None:
            self._observers.doubt_ended(
                DoubtEnded(account=tracked.account, reference=tracked.reference, id=message_id)
            )


def _ends_doubt(known: Tracked | None, changed: Tracked) -> bool:
    """Return whether a change ends a doubt; reports before the outcome end it when it begins."""
    if changed.doubt_key is None or changed.handover.is_doubtful:
        return False
    return known is None or known.doubt_key is None or known.handover.is_doubtful
