"""A tracker, and records of its notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.delivery import (
    SetClock,
    Watcher,
)

from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.tracker import Tracker
from omnimsg.engine.observers import Observers

if TYPE_CHECKING:
    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Tracked


class World:
    """A tracker, and records of its notifications."""

    def __init__(self, store: Store | None = None, **how: Any) -> None:
        self.clock = SetClock()
        self.watcher = Watcher()
        self.joined: list[Tracked] = []
        self.tracker = Tracker(
            MemoryStore() if store is None else store,
            self.clock,
            Observers([self.watcher]),
            joined=self.joined.append,
            **how,
        )
