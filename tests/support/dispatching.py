"""A dispatcher with a slow store, and records of what it was told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from support.delivery import NOW, UNTIL, SetClock, Watcher
from support.stores import DatabaseStore, StoreDownError

from omnimsg.delivery.close_signal import CloseSignal
from omnimsg.delivery.dispatcher import Dispatcher
from omnimsg.delivery.handlers import Handlers
from omnimsg.delivery.memory_suppression import MemorySuppression
from omnimsg.delivery.tracker import Tracker
from omnimsg.engine.attempt.consent_queue import ConsentQueue
from omnimsg.engine.observers import Observers

if TYPE_CHECKING:
    from omnimsg.domain.events import Event
    from omnimsg.domain.opt_out import ConsentChange
    from omnimsg.domain.status import Status


class Recorder(MemorySuppression):
    """A suppression list that also keeps the recorded changes."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[ConsentChange] = []
        self.is_down = False

    async def record(self, change: ConsentChange) -> None:
        """Keep the change, or fail."""
        if self.is_down:
            raise StoreDownError
        self.changes.append(change)
        await super().record(change)


class World:
    """A dispatcher with a slow store, and records of its calls."""

    def __init__(self, **how: Any) -> None:
        self.store = DatabaseStore()
        self.handlers = Handlers(CloseSignal())
        self.watcher = Watcher()
        self.suppression = Recorder()
        self.consents = ConsentQueue(self.suppression)
        observers = Observers([self.watcher])
        self.tracker = Tracker(self.store, SetClock(), observers)
        self.dispatcher = Dispatcher(
            store=self.store,
            tracker=self.tracker,
            handlers=self.handlers,
            observers=observers,
            **{"consents": self.consents, **how},
        )
        self.handled: list[str] = []
        self.statuses: list[tuple[Status, Status]] = []

    def listen(self) -> World:
        """Register a handler that records every event."""
        self.handlers.on_event(lambda event: self.handled.append(event.key))
        return self

    def note_statuses(self) -> World:
        """Register a handler that records every change of a status."""
        self.handlers.on_status(
            lambda change: self.statuses.append((change.previous, change.status.status))
        )
        return self

    async def give(self, *events: Event) -> None:
        """Dispatch events, one after another."""
        for each in events:
            await self.dispatcher.dispatch(each, NOW, UNTIL)

    def begin(self, event: Event) -> asyncio.Future[None]:
        """Start the dispatch of an event in a task."""
        return asyncio.ensure_future(self.dispatcher.dispatch(event, NOW, UNTIL))
