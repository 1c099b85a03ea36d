"""Time that passes only while there is nothing else to do, so that hours take no time at all."""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

_EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
_MANY = 1000
_MOMENT = 1e-8


class Stuck(Exception):  # noqa: N818 - a finding, not an error of the loop
    """Everybody waits for somebody else."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer."""

    def __init__(self) -> None:
        self.now: float = 1000.0
        super().__init__(_Skipping(self))

    def time(self) -> float:
        """Return the virtual time, seconds."""
        return self.now

    def monotonic(self) -> float:
        """Return the virtual time: the loop is also the clock of what runs in it."""
        return self.now

    def utc_now(self) -> datetime:
        """Return a time of day that goes on with the virtual time."""
        return _EPOCH + timedelta(seconds=self.now)

    def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something to its end, on this loop's clock alone.

        Raises:
            Stuck: It waits for what can never happen.
        """
        return self.run_until_complete(work)

    async def _turns(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    def settle(self) -> None:
        """Let everything happen that needs no time."""
        self.drive(self._turns())


class _Skipping(selectors.SelectSelector):
    """Waits for nothing: where there is nothing to read, it is later."""

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
        # Timers fire up to a nanosecond early, and whoever then looks at a clock that stands still
        # would look for ever: a real one goes on with every turn.
        self._turns = 0 if timeout else self._turns + 1
        if self._turns > _MANY:
            self._loop.now += _MOMENT
        return ready
