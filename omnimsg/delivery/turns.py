"""Slots, of which only so many are taken at once, and turns, of which a message has one at a time.

Whoever comes later waits, in the order of arrival. Hardly anybody has to, so what is free is taken
without a coroutine; those of the locks of asyncio cost more than what most turns are taken for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


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
        self._taken: dict[str | None, Slots] = {}

    def turn(self, name: str | None) -> Turn:
        """Return what waits, as an asynchronous context, until nobody else has the name's turn."""
        return Turn(self._taken, name)


class Turn:
    """One turn. A class, because it costs a third of a generator in a context manager."""

    __slots__ = ("_name", "_taken")

    def __init__(self, taken: dict[str | None, Slots], name: str | None) -> None:
        self._taken = taken
        self._name = name

    async def __aenter__(self) -> None:
        """Wait for the turn."""
        slots = self._taken.get(self._name)
        if slots is None:
            self._taken[self._name] = Slots(0)
            return
        try:
            await slots.wait()
        except BaseException:
            self._forget(slots)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the turn to the next one."""
        slots = self._taken[self._name]
        slots.leave()
        self._forget(slots)

    def _forget(self, slots: Slots) -> None:
        """Forget the name where nobody has its turn or waits for it."""
        # Whoever came after that has other slots.
        if slots.is_free and self._taken.get(self._name) is slots:
            del self._taken[self._name]
