"""Values and timers bound to an event loop, for objects that are used in several loops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Holds an asyncio object such as a lock, and replaces it when the running event loop changes.

    Args:
        make: Creates the object.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None
        self._value: T | None = None

    @property
    def here(self) -> T:
        """The object for the running event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop or self._value is None:
            self._loop, self._value = loop, self._make()
        return self._value


class Alarm:
    """A one-shot timer that calls a function; setting it again while it runs changes nothing.

    Args:
        callback: The function to call.
    """

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def is_lost(self) -> bool:
        """Whether it is set in an event loop that has ended, and never fires."""
        return self._loop is not None and self._loop.is_closed()

    def set(self, seconds: float) -> None:
        """Start the timer with a delay in seconds; do nothing without a running event loop."""
        if self._is_closed:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        # A timer of another loop does not count: it may have ended with that loop.
        if self._loop is not loop:
            self._loop = loop
            self._timer = loop.call_later(seconds, self._fire)

    def stop(self) -> None:
        """Cancel the timer, which keeps the function alive; a timer of another loop stays."""
        if self._timer is not None and self._loop is asyncio.get_running_loop():
            self._timer.cancel()
            self._loop = self._timer = None

    def close(self) -> None:
        """Cancel the timer for good: setting it again changes nothing."""
        self._is_closed = True
        self.stop()

    def _fire(self) -> None:
        self._loop = self._timer = None
        self._callback()
