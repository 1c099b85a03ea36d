"""Turns: what is done about one message is done one after another, in the order of arrival."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from types import TracebackType


class Turns:
    """A lock for each name, for as long as somebody has it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str | None, _CountedLock] = {}

    def turn(self, name: str | None) -> Turn:
        """Return what waits, as an asynchronous context, until nobody else has the name's turn."""
        return Turn(self._locks, name)

    @asynccontextmanager
    async def turn_of_all(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Wait until nobody else has the turn of any of the names."""
        async with AsyncExitStack() as turns:
            # In one order for all, so that nobody waits for somebody who waits.
            for name in sorted(names):
                await turns.enter_async_context(self.turn(name))
            yield


class Turn:
    """One turn. A class, because it costs a third of a generator in a context manager."""

    __slots__ = ("_locks", "_name")

    def __init__(self, locks: dict[str | None, _CountedLock], name: str | None) -> None:
        self._locks = locks
        self._name = name

    async def __aenter__(self) -> None:
        """Wait for the turn."""
        lock = self._locks.get(self._name)
        if lock is None:
            lock = self._locks[self._name] = _CountedLock()
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
        """Give the turn to the next one."""
        lock = self._locks[self._name]
        lock.release()
        self._leave(lock)

    def _leave(self, lock: _CountedLock) -> None:
        lock.users -= 1
        if not lock.users:
            del self._locks[self._name]


class _CountedLock(asyncio.Lock):
    """A lock that knows how many have it or wait for it."""

    users = 0
