"""Slots, of which only so many are taken at once, and turns, of which a message has one at a time.

Whoever comes later waits, in the order of arrival. Hardly anybody has to, so what is free is taken
without a coroutine: the locks of asyncio cost more than what most turns are taken for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Slots:
    """A number of slots.

    Args:
        free: How many can be taken.
    """

    __slots__ = ("_free", "_waiting")

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: deque[asyncio.Future[None]] | None = None

    @property
    def is_free(self) -> bool:
        """Whether one can be taken without waiting."""
        return self._free > 0

    def take_free(self) -> bool:
        """Take a slot if one is free, and return whether it was."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Wait for a slot, and take it."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(mine)
        try:
            await mine
        except BaseException:
            if mine.done() and not mine.cancelled():  # it was handed over in the same moment
                self.leave()
            raise

    def leave(self) -> None:
        """Hand a slot over to the next one that waits for it, or free it."""
        while self._waiting:
            following = self._waiting.popleft()
            if not following.done():  # one that was cancelled waits no more
                following.set_result(None)
                return
        self._free += 1


class Turns:
    """One slot for each name, for as long as somebody has it or waits for it."""

    def __init__(self) -> None:
        # By name: what those wait for who came later; `None` where nobody did.
        self._taken: dict[str | None, Slots | None] = {}

    @asynccontextmanager
    async def turn(self, name: str | None) -> AsyncIterator[None]:
        """Have the turn of a name for as long as the context is open; wait for it first."""
        if not self.take_free(name):
            await self.wait(name)
        try:
            yield
        finally:
            self.leave(name)

    def take_free(self, name: str | None) -> bool:
        """Take the turn of a name if nobody has it, and return whether that is so."""
        if name in self._taken:
            return False
        self._taken[name] = None
        return True

    async def wait(self, name: str | None) -> None:
        """Wait until nobody else has the turn of a name, and take it."""
        slots = self._taken[name]
        if slots is None:
            slots = self._taken[name] = Slots(0)
        try:
            await slots.wait()
        except BaseException:
            # Handed over and handed back in one moment. Whoever came after that has other slots.
            if slots.is_free and self._taken.get(name) is slots:
                del self._taken[name]
            raise

    def leave(self, name: str | None) -> None:
        """Give the turn of a name to the next one who waits for it."""
        slots = self._taken[name]
        if slots is not None:
            slots.leave()
        if slots is None or slots.is_free:
            del self._taken[name]
