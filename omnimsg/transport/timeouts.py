"""Time limits of tasks, all kept by one timer.

Nearly every exchange ends long before its limit. A timer set and cancelled for each small request
would cost more than everything else that omnimsg adds to aiohttp's own work.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any, TypeAlias

# Time limit for cleaning up after a caller that was cancelled, seconds.
CLEANUP_SECONDS = 5.0

_Task: TypeAlias = asyncio.Task[Any]


class Timeouts:
    """Time limits for the tasks of one event loop, at most one for each task.

    A task whose time is over is cancelled, as by `asyncio.timeout`. The task's count of
    cancellations tells this cancellation apart from those by others.

    The timer is set for the earliest deadline, and is not touched when that limit is lifted. When
    it fires, it cancels the tasks whose time is over, perhaps none, and is set for the earliest
    deadline of the others.
    """

    def __init__(self) -> None:
        # Each task's deadline in loop time, and how often the task had been cancelled before.
        self._limits: dict[_Task, tuple[float, int]] = {}
        # Of the tasks whose time was over: how often each had been cancelled before.
        self._expired: dict[_Task, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = inf

    def start(self, task: _Task, seconds: float) -> None:
        """Cancel a task after so many seconds, unless `stop` is called before."""
        loop = task.get_loop()
        deadline = loop.time() + seconds
        self._limits[task] = deadline, task.cancelling()
        if deadline < self._fires_at:
            self._set_timer(loop, deadline)

    def stop(self, task: _Task) -> bool:
        """Lift a task's limit; a second call has no effect.

        Returns:
            Whether the time was over and nobody else has cancelled the task. The caller must then
            replace the task's `CancelledError` with a `TimeoutError`.
        """
        if self._limits.pop(task, None) is not None:
            return False
        cancelled_before = self._expired.pop(task, None)
        return cancelled_before is not None and task.uncancel() <= cancelled_before

    def close(self) -> None:
        """Stop the timer, unless a task still has a limit."""
        if self._timer is not None and not self._limits:
            self._timer.cancel()
            self._timer, self._fires_at = None, inf

    def _set_timer(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._fires_at = loop.call_at(when, self._expire, loop), when

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        # A loop may fire a timer a little early, by its own clock.
        now = max(loop.time(), self._fires_at)
        self._timer, self._fires_at = None, inf
        for task, (deadline, cancelled_before) in list(self._limits.items()):
            if deadline <= now:
                del self._limits[task]
                self._expired[task] = cancelled_before
                task.cancel()
        if self._limits:
            self._set_timer(loop, min(deadline for deadline, _ in self._limits.values()))
