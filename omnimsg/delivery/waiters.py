"""Wake the tasks that wait for a change of a message."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from omnimsg.delivery.poller import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.delivery.tracked import Tracked


# Seconds until a message in a shared store is read again; the pauses grow to those of look-ups.
_FIRST = 1.0


class Waiters:
    """Wakes the tasks that wait for a message, by its id or the token of its reference.

    Args:
        is_shared: Whether other processes may change messages too. Nothing tells of their changes,
            so each task is also woken now and then, to read the store again.
    """

    def __init__(self, *, is_shared: bool = False) -> None:
        self._first = _FIRST if is_shared else None
        self._waiting: dict[str, set[Waiter]] = {}
        self._listeners: tuple[Callable[[Tracked], None], ...] = ()

    def listen(self, listener: Callable[[Tracked], None]) -> None:
        """Call a function on every change of every message from now on; it must not raise."""
        self._listeners = (*self._listeners, listener)

    @contextmanager
    def watch(self, name: str, longest: float = LONGEST) -> Iterator[Waiter]:
        """Watch a message for as long as the context is open.

        Args:
            name: An id of the message, or the token of its reference.
            longest: The longest pause between two readings of a shared store, seconds.
        """
        waiter = Waiter(self._first, longest)
        self._waiting.setdefault(name, set()).add(waiter)
        try:
            yield waiter
        finally:
            waiting = self._waiting[name]
            waiting.discard(waiter)
            if not waiting:
                del self._waiting[name]

    def wake(self, tracked: Tracked) -> None:
        """Pass the new state of a message to the listeners, and wake the tasks that watch it."""
        for listener in self._listeners:
            listener(tracked)
        if not self._waiting:
            return
        names = tracked.ids if tracked.token is None else (*tracked.ids, tracked.token)
        for name in names:
            for waiter in tuple(self._waiting.get(name, ())):  # another thread may end its wait
                waiter.wake()


class Waiter:
    """Waits for the next change of one message; a change between two waits is not lost.

    Args:
        pause: Seconds after which the first wait ends without a change; `None` is never. The pause
            doubles each time.
        longest: The longest pause, seconds.
    """

    def __init__(self, pause: float | None = None, longest: float = LONGEST) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._pause = pause
        self._longest = longest

    def wake(self) -> None:
        """Wake the waiting task, also that of another thread: the message was changed."""
        if self._loop is asyncio.get_running_loop():
            self._changed.set()
            return
        with suppress(RuntimeError):  # that event loop is closed
            self._loop.call_soon_threadsafe(self._changed.set)

    async def next(self) -> bool:
        """Wait for the next change; return `False` if only the time has come to read again."""
        try:
            async with asyncio.timeout(self._pause):
                await self._changed.wait()
        except TimeoutError:
            self._pause = min(2 * (self._pause or 0.0), self._longest)
            return False
        self._changed.clear()
        return True
