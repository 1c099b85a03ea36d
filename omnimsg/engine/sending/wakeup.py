"""Wake the scheduler in the next turn of the event loop, or at a time, with one timer."""

from __future__ import annotations

import asyncio
import contextvars
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Wakeup:
    """Wakes the scheduler of an account, at most once a turn of the loop.

    Args:
        now: Reads the monotonic clock, seconds.

    Attributes:
        wake: The function to run; set by the scheduler.
        is_due: Whether `wake` is about to run.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.wake: Callable[[], None] = _nothing
        self.is_due: bool = False
        # The number of tasks that rest until the next turn, and whether one of them runs `wake`.
        self._resting = 0
        self._is_deferred = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        # A request serves many callers, so it runs in the context of none of them.
        self._context = contextvars.copy_context()

    def soon(self) -> None:
        """Run `wake` in the next turn of the loop."""
        if not self.is_due:
            self.is_due = True
            if self._resting:
                self._is_deferred = True
            else:
                asyncio.get_running_loop().call_soon(self._run, context=self._context)

    async def rest(self) -> None:
        """Wait for the next turn of the loop; then `catch_up` runs `wake`, if it became due."""
        self._resting += 1
        try:
            await asyncio.sleep(0)
        except BaseException:
            self._resting -= 1
            self.catch_up()
            raise
        self._resting -= 1

    def catch_up(self) -> None:
        """Run `wake` now, if it became due while a task rested."""
        if self._is_deferred:
            self._is_deferred = False
            self._run()

    def at(self, when: float) -> None:
        """Run `wake` also at a time, monotonic seconds; infinity means never.

        Only the earliest time is kept: `wake` then sets the next one.
        """
        if when == math.inf:
            return
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        self._timer_at = when
        delay = max(0.0, when - self._now())
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(delay, self._run_timer, context=self._context)

    def cancel(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stop(self) -> None:
        """Stop the timer, and never run `wake` again."""
        self.cancel()
        self.wake = _nothing

    def _run(self) -> None:
        self.is_due = False
        self.wake()

    def _run_timer(self) -> None:
        self._timer = None
        self.wake()


def _nothing() -> None:
    """Stand in for `wake` where there is no scheduler yet, or none any more."""
