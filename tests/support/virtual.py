"""An event loop with virtual time, which passes only when nothing else can run."""

from __future__ import annotations

import asyncio
import selectors
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

_EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
_MAX_TURNS_AT_ONE_TIME = 1000
_TICK = 1e-8


class Stuck(Exception):  # noqa: N818 - a finding, not an error of the loop
    """All tasks wait, and no timer is set."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer."""

    def __init__(self) -> None:
        self.now: float = 1000.0
        super().__init__(_SkippingSelector(self))

    def time(self) -> float:
        """Return the virtual time, seconds."""
        return self.now

    def monotonic(self) -> float:
        """Return the virtual time: the loop is also the clock of the code under test."""
        return self.now

    def utc_now(self) -> datetime:
        """Return a time of day that advances with the virtual time."""
        return _EPOCH + timedelta(seconds=self.now)

    def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, on this loop's clock alone.

        Raises:
            Stuck: The coroutine waits for something that can never happen.
        """
        return self.run_until_complete(work)

    def drive_to_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, close the loop, and fail if a task is left."""
        with closing(self):
            found = self.drive(work)
            self.assert_no_task_left()
            return found

    def assert_no_task_left(self) -> None:
        """Fail if a task of the loop has not ended."""
        assert [] == [each for each in asyncio.all_tasks(self) if not each.done()]

    async def _turns(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    def settle(self) -> None:
        """Run everything that needs no time."""
        self.drive(self._turns())


class _SkippingSelector(selectors.SelectSelector):
    """A selector that does not wait: if nothing is ready, it advances the virtual time."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise Stuck
            self._loop.now += timeout
        # Timers fire up to a nanosecond early, and code that then polls the clock would loop for
        # ever: a real clock advances with every iteration of the loop.
        self._turns = 0 if timeout else self._turns + 1
        if self._turns > _MAX_TURNS_AT_ONE_TIME:
            self._loop.now += _TICK
        return ready
