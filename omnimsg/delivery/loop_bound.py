"""What belongs to one event loop, in objects that outlive it: a client may be used in several."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class PerLoop(Generic[T]):
    """A lock or the like of asyncio, made anew for each event loop.

    Args:
        make: Makes one.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._loop: asyncio.AbstractEventLoop | None = None
        self._value: T | None = None

    @property
    def here(self) -> T:
        """The one of the running event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop or self._value is None:
            self._loop, self._value = loop, self._make()
        return self._value


class Alarm:
    """Calls a function once after a while; set again before that, it changes nothing.

    Args:
        ring: The function.
    """

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Call the function after so many seconds. Without an event loop, nothing happens."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        # One that was set in another loop may have ended with it.
        if self._loop is not loop:
            self._loop = loop
            self._timer = loop.call_later(seconds, self._is_due)

    def stop(self) -> None:
        """Call it no more: its timer would keep what it calls alive. One of another loop stays."""
        if self._timer is not None and self._loop is asyncio.get_running_loop():
            self._timer.cancel()
            self._loop = self._timer = None

    def _is_due(self) -> None:
        self._loop = self._timer = None
        self._ring()
