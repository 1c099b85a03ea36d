"""Locks by name: work on one message runs one at a time, in the order of arrival."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from types import TracebackType


class NamedLocks:
    """A lock for each name, which exists as long as a task holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str | None, _CountedLock | None] = {}

    def lock(self, name: str | None) -> NamedLock:
        """Return the lock of a name, as an asynchronous context manager."""
        return NamedLock(self._locks, name)

    @asynccontextmanager
    async def lock_all(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Hold the locks of several names."""
        async with AsyncExitStack() as held:
            # All tasks lock in the same order, which prevents a deadlock.
            for name in sorted(names):
                await held.enter_async_context(self.lock(name))
            yield


class NamedLock:
    """The lock of one name, which is in the dict while a task holds it.

    An `asyncio.Lock` is made for the first task that has to wait. A class, because it costs a third
    of a generator-based manager.
    """

    __slots__ = ("_locks", "_name")

    def __init__(self, locks: dict[str | None, _CountedLock | None], name: str | None) -> None:
        self._locks = locks
        self._name = name

    async def __aenter__(self) -> None:
        """Acquire the lock."""
        if self._name not in self._locks:
            self._locks[self._name] = None
            return
        lock = self._locks[self._name]
        if lock is None:
            lock = self._locks[self._name] = _CountedLock()
            await lock.acquire()  # for the task that holds the name; does not wait
        lock.users += 1
        try:
            await lock.acquire()
        except BaseException:
            self._leave(lock)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the lock to the next task."""
        lock = self._locks[self._name]
        if lock is None:
            del self._locks[self._name]
        else:
            lock.release()
            self._leave(lock)

    def _leave(self, lock: _CountedLock) -> None:
        lock.users -= 1
        if not lock.users:
            del self._locks[self._name]


class _CountedLock(asyncio.Lock):
    """A lock that counts the tasks that hold it or wait for it."""

    users = 1
