"""Hand each event on once: to the tracker, to the suppression list, and to the application."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import attrs

from omnimsg.delivery.handlers import NotHandledError
from omnimsg.delivery.named_locks import NamedLocks
from omnimsg.delivery.time_limit import within
from omnimsg.delivery.tracked import Names
from omnimsg.domain.events import InteractionEvent, StatusEvent
from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.opt_out import RULES, change_in_event
from omnimsg.domain.status import Status
from omnimsg.engine.delivery_events import EventReceived, StatusChanged

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from omnimsg.delivery.handlers import Handlers
    from omnimsg.delivery.named_locks import NamedLock
    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.delivery.tracker import Tracker
    from omnimsg.domain.events import Event
    from omnimsg.domain.opt_out import ConsentChange, OptOutRules
    from omnimsg.engine.attempt.consent_queue import ConsentQueue
    from omnimsg.engine.observers import Observers
    from omnimsg.engine.suppression import Suppression

log: logging.Logger = logging.getLogger("omnimsg.delivery")

# At most so many events keep a note of what is done, for their repetition. For older events, a
# repetition calls all handlers again.
_MAX_PARTLY_HANDLED = 10_000
# The note that a change of consent is recorded.
_RECORDED = object()


class Dispatcher:
    """Hands events on. After an error or a timeout, the event counts as not handled.

    Args:
        store: Knows which events were handled.
        tracker: Gets reports first.
        handlers: The application's handlers.
        observers: Notified of each new event, and of each change of a status.
        consents: The suppression list, which records opt-outs; `None` if there is none.
        rules: Which replies are opt-outs.
        handler_timeout: Seconds for one event: store, suppression list and handlers together.

    Attributes:
        handled: How many events were handled.
        duplicates: How many were dropped, because they were handled before.
    """

    def __init__(  # noqa: PLR0913 - the parts of a client, given by name
        self,
        *,
        store: Store,
        tracker: Tracker,
        handlers: Handlers,
        observers: Observers,
        consents: ConsentQueue | None = None,
        rules: OptOutRules = RULES,
        handler_timeout: float = 20.0,
    ) -> None:
        self._store = store
        self._tracker = tracker
        self._handlers = handlers
        self._observers = observers
        self._consents = consents
        self._rules = rules
        self._handler_timeout = handler_timeout
        # By event key: the future that repetitions of a running event wait for, once there is one.
        self._running: dict[str, asyncio.Future[None] | None] = {}
        # By event key: what is done of an event that a handler has failed.
        self._partly_handled: dict[str, set[object]] = {}
        self._locks = NamedLocks()
        self.handled: int = 0
        self.duplicates: int = 0

    async def dispatch(self, event: Event, at: datetime, remember_until: datetime) -> None:
        """Hand an event on, unless it was handled before.

        A repetition that arrives while the event is being handled waits for the result, and fails
        if the event fails.

        Args:
            event: The event.
            at: When it arrived.
            remember_until: Until when the provider may send it again.

        Raises:
            Exception: A handler, the store or the suppression list raised it.
            TimeoutError: They took longer than the handler timeout.
        """
        key = event.key
        if key in self._running:
            # A handler may go on after it was cancelled, for longer than the provider waits.
            await within(self._handler_timeout, self._repetition(key))
            self.duplicates += 1
            return
        # Registered before the store is read, so that a repetition that arrives meanwhile waits.
        self._running[key] = None
        done = self._partly_handled.pop(key, set())
        try:
            is_new = await within(
                self._handler_timeout, self._hand_on_new(event, done, at, remember_until)
            )
        except BaseException as error:
            self._note_partly_handled(key, done)
            repetitions = self._running.pop(key)
            if repetitions is not None:
                given = error if isinstance(error, Exception) else NotHandledError()
                repetitions.set_exception(given)
                repetitions.exception()  # mark it as retrieved: nobody may be left to do so
            raise
        repetitions = self._running.pop(key)
        if repetitions is not None:
            repetitions.set_result(None)
        if is_new:
            self.handled += 1
        else:
            self.duplicates += 1

    async def _repetition(self, key: str) -> None:
        """Wait until a running event is handled; raise its error if it fails."""
        repetitions = self._running[key]
        if repetitions is None:
            repetitions = self._running[key] = asyncio.get_running_loop().create_future()
        await asyncio.shield(repetitions)

    async def state_found(
        self, tracked: Tracked, at: datetime, done: set[object] | None = None
    ) -> None:
        """Hand on the opt-outs and the status of a message that no event has handed on.

        They come from a look-up, or from reports that arrived before their send was known. Opt-outs
        come from look-ups too, because their report may have been lost, and a person who has opted
        out must not be texted again. Nobody tells of them again: if the suppression list fails,
        they are kept for it.

        Args:
            tracked: The state of the message.
            at: When that was found.
            done: Opt-outs and handlers that an earlier attempt is done with and are skipped; those
                of this one are added.

        Raises:
            Exception: A handler or the store raised it.
            TimeoutError: They took longer than the handler timeout.
        """
        done = set() if done is None else done
        changes = [each for each in tracked.consent_changes if each not in done]
        if changes and self._consents is not None:
            self._consents.add([_at_arrival(each, at) for each in changes])
            done.update(changes)
            await self._consents.record()
        async with asyncio.timeout(self._handler_timeout), self._lock_of(tracked):
            await self._notify_status(tracked, done)

    def _note_partly_handled(self, key: str, done: set[object]) -> None:
        if done:
            self._partly_handled[key] = done
            if len(self._partly_handled) > _MAX_PARTLY_HANDLED:
                del self._partly_handled[next(iter(self._partly_handled))]

    async def _hand_on_new(
        self, event: Event, done: set[object], at: datetime, remember_until: datetime
    ) -> bool:
        """Hand an event on and mark it as handled; return `False` if it was handled before."""
        if await self._store.is_handled(event.key):
            return False
        if self._observers.event_received is not None:
            self._observers.event_received(EventReceived(event))
        tracked = None
        if isinstance(event, StatusEvent):
            tracked = await self._tracker.apply(event)
        if self._consents is not None:
            change = change_in_event(event, self._rules)
            if change is not None and _RECORDED not in done:
                change = await self._complete(_at_arrival(change, at), event, tracked)
                await self._record(self._consents.suppression, change)
                if change.address is not None:
                    # Recorded again, it would count from the arrival of the repetition.
                    done.add(_RECORDED)
        if tracked is None:
            if not self._handlers.want_events:
                raise NotHandledError
            await self._handlers.handle(event, done)
        elif self._handlers or self._observers.status_changed is not None:
            async with self._lock_of(tracked):
                await self._handlers.handle(event, done)
                await self._notify_status(tracked, done)
        # With neither handlers nor a status observer, the tracker is the only consumer.
        await self._store.set_handled(event.key, at, remember_until)
        return True

    async def _notify_status(self, tracked: Tracked, done: set[object]) -> None:
        if not self._handlers.want_statuses and self._observers.status_changed is None:
            return
        if tracked.id is not None:
            # Read again: another report may have arrived while this one waited for the lock.
            tracked = await self._tracker.find(tracked.id) or tracked
        status = tracked.status
        if status is None or status.status is tracked.told:
            return
        # The next leg has no report yet. That takes back a failure, and is no news after `SENT`.
        if status.status is Status.UNKNOWN and not tracked.told.final:
            return
        change = StatusChanged(
            account=tracked.account,
            id=status.id,
            reference=tracked.reference,
            status=status,
            previous=tracked.told,
        )
        if self._observers.status_changed is not None:
            self._observers.status_changed(change)
        await self._handlers.handle_status(change, done)
        await self._tracker.tell(tracked)

    async def _record(self, suppression: Suppression, change: ConsentChange) -> None:
        await suppression.record(change)
        if change.address is None:
            log.warning(
                "a recipient of account %r opted out, but the provider named only a message, whose"
                " recipient is unknown here: only a suppression list that knows the message can"
                " note the opt-out",
                change.account,
                extra=log_fields(account=change.account),
            )

    async def _complete(
        self, change: ConsentChange, event: Event, tracked: Tracked | None
    ) -> ConsentChange:
        """Set the recipient's address of a change that tells of one of our messages.

        The recipient that the message was sent to comes before the one that the provider names,
        which may be written in another way.
        """
        if isinstance(event, InteractionEvent):
            tracked = await self._tracker.find_named(Names.of_interaction(event))
        if tracked is None or tracked.to is None:
            return change
        return attrs.evolve(change, address=tracked.to)

    def _lock_of(self, tracked: Tracked) -> NamedLock | AbstractAsyncContextManager[None]:
        """Return the lock of a message, which hands its changes on one at a time, in order."""
        ids = tracked.ids
        if len(ids) > 1:
            # Lock all ids: another task may know the message by its batch's id only, or its own.
            return self._locks.lock_all(ids)
        return self._locks.lock(ids[0] if ids else tracked.token)


def _at_arrival(change: ConsentChange, at: datetime) -> ConsentChange:
    """Return a change that counts from its arrival at the latest.

    Nothing happens after it is told of. The clock of one provider may be fast, and its START must
    not outweigh a later STOP that another provider tells of.
    """
    return change if change.at <= at else attrs.evolve(change, at=at)
