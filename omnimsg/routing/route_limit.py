"""The rate limit of a route: gives messages their turns, in the order of arrival."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from heapq import heappop, heappush
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable


class RouteLimit:
    """Assigns to each message of a route the time at which it may leave.

    A message that is cancelled returns its time, and the next one gets it. Otherwise the times of
    cancelled messages would stay empty, and those behind them would wait for nothing.

    Args:
        per_second: Messages a second, evenly spaced.
        now: Reads the monotonic clock, seconds.

    Attributes:
        is_closed: Whether the limit is closed, so that messages end instead of leaving.
    """

    def __init__(self, per_second: float, *, now: Callable[[], float]) -> None:
        self._interval = 1 / per_second
        self._now = now
        self._due = 0.0
        # A heap of returned times, all before `_due`.
        self._free: list[float] = []
        # Weak references, because the turns of a closed event loop never run.
        self._turns: WeakSet[Turn] = WeakSet()
        self.is_closed: bool = False

    def wait(self) -> float:
        """Return the seconds until the next message may leave."""
        now = self._now()
        while self._free and self._free[0] < now:
            heappop(self._free)
        return max(0.0, (self._free[0] if self._free else self._due) - now)

    def take(self) -> float:
        """Reserve the next time, and return it in monotonic seconds."""
        at = self._now() + self.wait()
        if self._free:
            return heappop(self._free)
        self._due = at + self._interval
        return at

    def give_back(self, at: float) -> None:
        """Return the reserved time of a message that was cancelled."""
        heappush(self._free, at)

    def call_in_turn(self, call: Callable[[], None]) -> Turn:
        """Schedule a function for the next time; closing the limit calls it at once."""
        at = self._now() if self.is_closed else self.take()
        turn = Turn(self, at, max(0.0, at - self._now()), call)
        self._turns.add(turn)
        return turn

    async def turn(self) -> None:
        """Wait for the next time, or until the limit is closed."""
        if not self.is_closed and not self.wait():
            self.take()
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        turn = self.call_in_turn(lambda: None if future.done() else future.set_result(None))
        try:
            await future
        except asyncio.CancelledError:
            turn.cancel()
            raise

    def close(self) -> None:
        """Close the limit, and call every scheduled function at once."""
        self.is_closed = True
        loop = asyncio.get_running_loop()
        for turn in list(self._turns):
            if turn.loop is loop:
                turn.run()
            else:
                with suppress(RuntimeError):  # the loop is closed
                    turn.loop.call_soon_threadsafe(turn.run)


class Turn:
    """A scheduled call for one message.

    Args:
        limit: The limit.
        at: The reserved time, monotonic seconds.
        seconds: Seconds until then.
        call: The function to call.

    Attributes:
        loop: The event loop in which the message waits.
    """

    def __init__(
        self, limit: RouteLimit, at: float, seconds: float, call: Callable[[], None]
    ) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._limit = limit
        self._at = at
        self._call = call
        self._timer = self.loop.call_later(seconds, self.run)
        self._is_over = False

    def run(self) -> None:
        """Call the function, unless it was called before or the turn was cancelled."""
        if not self._is_over:
            self._is_over = True
            self._timer.cancel()
            self._call()

    def cancel(self) -> None:
        """Cancel the call, and return its time to the limit."""
        if not self._is_over:
            self._is_over = True
            self._timer.cancel()
            self._limit.give_back(self._at)
