"""Give up doubtful sends that nothing has settled in their time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from omnimsg.delivery.store_log import warn_failed
from omnimsg.engine.cancellation import is_own_cancellation
from omnimsg.engine.loop_bound import Alarm

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.engine.clock import Clock

DOUBT_WINDOW: float = 24 * 3600.0
# Seconds between two sweeps, and for one.
_SWEEP_EVERY = 60.0


class DoubtWindow:
    """The time after which a doubt is given up.

    Args:
        store: Keeps the doubts.
        clock: Tells the time.
        seconds: The time.
        given_up: Called with each message whose doubt was given up.
        sweep: Called by a timer when a sweep is due, to make a call of `sweep`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        seconds: float,
        *,
        given_up: Callable[[Tracked], None],
        sweep: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._window = timedelta(seconds=seconds)
        self._given_up = given_up
        self._request_sweep = sweep
        self._timer = Alarm(self._on_timer)
        # By the monotonic clock: the time of day may be set back.
        self._next_sweep = clock.monotonic()
        self._last_doubt: datetime | None = None
        self._sweeping: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Note that a doubt has begun.

        A timer gives it up if no other call comes after its time is over.
        """
        self._last_doubt = self._clock.utc_now()
        self._timer.set(self._window.total_seconds() + 1)

    @property
    def is_due(self) -> bool:
        """Whether the last sweep is a minute ago, or `make_due` was called after it."""
        return self._clock.monotonic() >= self._next_sweep

    def make_due(self) -> None:
        """Let the next sweep be due at once."""
        self._next_sweep = self._clock.monotonic()

    async def sweep(self, now: datetime) -> None:
        """Give up the doubts whose time is over.

        A caller that is cancelled does not interrupt the store: it may have changed doubts already,
        and nobody would be told of their end.
        """
        self._next_sweep = self._clock.monotonic() + _SWEEP_EVERY
        self._sweeping = asyncio.ensure_future(self._sweep(now))
        await asyncio.wait([self._sweeping])

    def close(self) -> None:
        """Stop the timer for good, and interrupt the store in this event loop."""
        self._timer.close()  # a later doubt would keep this alive for as long as it lasts
        sweeping = self._sweeping
        if sweeping is not None and sweeping.get_loop() is asyncio.get_running_loop():
            sweeping.cancel()

    def _on_timer(self) -> None:
        self.make_due()
        self._request_sweep()

    async def _sweep(self, now: datetime) -> None:
        """Give doubts up, and set the timer for the others."""
        try:
            async with asyncio.timeout(_SWEEP_EVERY):
                given_up = await self._store.give_up(now - self._window)
        except (Exception, asyncio.CancelledError) as error:
            if is_own_cancellation(error):
                raise
            warn_failed(error)  # a store may raise anything
            self._timer.set(_SWEEP_EVERY)
            return
        for each in given_up:
            self._given_up(each)
        if self._last_doubt is not None and self._last_doubt + self._window >= now:
            self._timer.set(_SWEEP_EVERY)
