"""Stores that behave like a database: they wait, and fail on demand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omnimsg.delivery.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.tracked import Names, Tracked


class StoreDownError(Exception):
    """The store cannot be reached; the text quotes a message, as a database's may."""

    def __init__(self) -> None:
        super().__init__("INSERT INTO messages VALUES ('+37255500001', 'Your very private text')")


# A store may also raise CancelledError, if a connection that it awaits is cancelled.
FAILURES = [StoreDownError, asyncio.CancelledError]


class DatabaseStore:
    """Lets other tasks run before and after each operation.

    Attributes:
        inner: The store that does the work.
        is_down: Whether every operation fails.
        fails_with: The exception that it raises then.
        asked: Set at each operation.
    """

    def __init__(
        self,
        inner: MemoryStore | None = None,
        *,
        turns: int = 3,
        fails_with: type[BaseException] | None = None,
    ) -> None:
        self.inner = MemoryStore() if inner is None else inner
        self.is_down = False
        self.fails_with = fails_with or StoreDownError
        self.asked = asyncio.Event()
        self._turns = turns

    async def find(self, names: Names) -> Tracked | None:
        """Return the stored message."""
        await self._simulate_latency()
        found = await self.inner.find(names)
        await self._simulate_latency()
        return found

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change the stored message."""
        await self._simulate_latency()
        changed = await self.inner.update(names, change)
        await self._simulate_latency()
        return changed

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent."""
        await self._simulate_latency()
        return await self.inner.doubts()

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        """Give up the doubts older than a time."""
        await self._simulate_latency()
        return await self.inner.give_up(since)

    async def is_handled(self, key: str) -> bool:
        """Return whether an event was handled before."""
        await self._simulate_latency()
        is_handled = await self.inner.is_handled(key)
        await self._simulate_latency()
        return is_handled

    async def set_handled(self, key: str, at: datetime, until: datetime) -> None:
        """Remember that an event was handled."""
        await self._simulate_latency()
        await self.inner.set_handled(key, at, until)

    async def _simulate_latency(self) -> None:
        self.asked.set()
        for _ in range(self._turns):
            await asyncio.sleep(0)
        if self.is_down:
            raise self.fails_with
