"""Wake the tasks that wait for a change of a message."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.delivery.tracked import Tracked


class Waiters:
    """Wakes the tasks that wait for a message, by its id or the token of its reference."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[Waiter]] = {}
        self._listeners: tuple[Callable[[Tracked], None], ...] = ()

    def listen(self, listener: Callable[[Tracked], None]) -> None:
        """Call a function on every change of every message from now on; it must not raise."""
        self._listeners = (*self._listeners, listener)

    @contextmanager
    def watch(self, name: str) -> Iterator[Waiter]:
        """Watch a message for as long as the context is open.

        Args:
            name: An id of the message, or the token of its reference.
        """
        waiter = Waiter()
        self._waiting.setdefault(name, set()).add(waiter)
        try:
            yield waiter
        finally:
            waiting = self._waiting[name]
            waiting.discard(waiter)
            if not waiting:
                del self._waiting[name]

    def wake(self, tracked: Tracked) -> None:
        """Pass the new state of a message to the listeners, and to the tasks that watch it."""
        for listener in self._listeners:
            listener(tracked)
        if not self._waiting:
            return
        names = tracked.ids if tracked.token is None else (*tracked.ids, tracked.token)
        for name in names:
            for waiter in self._waiting.get(name, ()):
                waiter.put(tracked)


class Waiter:
    """Waits for the next change of one message; a change between two waits is not lost."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._latest: Tracked | None = None

    def put(self, tracked: Tracked) -> None:
        """Take the new state of the message, and wake the waiting task."""
        self._latest = tracked
        self._changed.set()

    async def next(self) -> Tracked:
        """Wait for the next change, and return the state of the message after it."""
        await self._changed.wait()
        self._changed.clear()
        assert self._latest is not None  # noqa: S101 - set before the event
        return self._latest
