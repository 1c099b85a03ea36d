"""A limit to the time that something may take, and one timer for all such limits.

Nearly everything ends long before its time. A timer set and cancelled for each small request would
cost more than all that its exchange does besides aiohttp's own work.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any, TypeAlias

# Seconds that cleaning up may take for a caller who is gone.
CLEANUP_SECONDS = 5.0

_Task: TypeAlias = asyncio.Task[Any]


class Timeouts:
    """Keeps the time limits of the tasks of one event loop, one for each task.

    Towards a task it is `asyncio.timeout`, step by step: it cancels, and whoever else cancels the
    task meanwhile is not mistaken for it, because the task counts its cancellations.

    The timer is set for the earliest end, and left so when that limit is lifted. When it rings,
    what is over is ended, perhaps nothing, and it is set for the earliest end of the rest.
    """

    def __init__(self) -> None:
        # When each task must have ended, and how often it had been cancelled before.
        self._limits: dict[_Task, tuple[float, int]] = {}
        # How often those had been cancelled before whose time was over.
        self._ended: dict[_Task, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rings = inf

    def begin(self, task: _Task, seconds: float) -> None:
        """Cancel a task in so many seconds, unless `end` is called before."""
        loop = task.get_loop()
        ends = loop.time() + seconds
        self._limits[task] = ends, task.cancelling()
        if ends < self._rings:
            self._set(loop, ends)

    def end(self, task: _Task) -> bool:
        """Lift a task's limit, as often as one likes.

        Returns:
            Whether its time was over, and nobody else has cancelled it: a cancellation that is
            about to leave the task is then a `TimeoutError`.
        """
        if self._limits.pop(task, None) is not None:
            return False
        before = self._ended.pop(task, None)
        return before is not None and task.uncancel() <= before

    def close(self) -> None:
        """Stop the timer, unless something is under way that it must still end."""
        if self._timer is not None and not self._limits:
            self._timer.cancel()
            self._timer, self._rings = None, inf

    def _set(self, loop: asyncio.AbstractEventLoop, rings: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings = loop.call_at(rings, self._ring, loop), rings

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        # A loop may ring a little early, by its own clock.
        now = max(loop.time(), self._rings)
        self._timer, self._rings = None, inf
        for task, (ends, before) in list(self._limits.items()):
            if ends <= now:
                del self._limits[task]
                self._ended[task] = before
                task.cancel()
        if self._limits:
            self._set(loop, min(ends for ends, _ in self._limits.values()))
