"""The rate limit of a route: messages wait for it in the order in which they come."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from heapq import heappop, heappush
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable


class RouteLimit:
    """Gives each message of a route the time at which it may leave.

    A message that does not wait any more gives its time back, for the next one: else nothing would
    leave for as long as those that are gone would have waited.

    Args:
        per_second: Messages a second, evenly spaced.
        now: Reads the monotonic clock, seconds.

    Attributes:
        is_closed: Whether nothing leaves any more.
    """

    def __init__(self, per_second: float, *, now: Callable[[], float]) -> None:
        self._interval = 1 / per_second
        self._now = now
        self._due = 0.0
        # A heap of the times that were given back, all of them before `_due`.
        self._free: list[float] = []
        # Weak: the turns of an event loop that was closed are run by nobody.
        self._turns: WeakSet[Turn] = WeakSet()
        self.is_closed: bool = False

    def wait(self) -> float:
        """Return the seconds until the next message may leave."""
        now = self._now()
        while self._free and self._free[0] < now:
            heappop(self._free)
        return max(0.0, (self._free[0] if self._free else self._due) - now)

    def take(self) -> float:
        """Take the time of the next message, and return it, monotonic seconds."""
        at = self._now() + self.wait()
        if self._free:
            return heappop(self._free)
        self._due = at + self._interval
        return at

    def give_back(self, at: float) -> None:
        """Give the time of a message back that does not wait for it any more."""
        heappush(self._free, at)

    def call_in_turn(self, call: Callable[[], None]) -> Turn:
        """Call a function when the next message may leave, or as soon as the limit is closed."""
        at = self._now() if self.is_closed else self.take()
        turn = Turn(self, at, max(0.0, at - self._now()), call)
        self._turns.add(turn)
        return turn

    async def turn(self) -> None:
        """Wait until the next message may leave, or the limit is closed."""
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
        """Let nothing leave any more: whoever waits is called at once."""
        self.is_closed = True
        loop = asyncio.get_running_loop()
        for turn in list(self._turns):
            if turn.loop is loop:
                turn.run()
            else:
                with suppress(RuntimeError):  # the loop is closed
                    turn.loop.call_soon_threadsafe(turn.run)


class Turn:
    """The turn of one message.

    Args:
        limit: The limit.
        at: When the message may leave, monotonic seconds.
        seconds: Seconds until then.
        call: Called then.

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
        """Call the function, unless it was called or the turn was cancelled."""
        if not self._is_over:
            self._is_over = True
            self._timer.cancel()
            self._call()

    def cancel(self) -> None:
        """Give the turn back."""
        if not self._is_over:
            self._is_over = True
            self._timer.cancel()
            self._limit.give_back(self._at)
