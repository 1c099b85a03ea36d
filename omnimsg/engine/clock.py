"""The clock that everything of an account reads, so that a test can replace time in one place."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds for deadlines and limits, and the time of day for what a provider reads."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""

    def utc_now(self) -> datetime:
        """Return the time of day, with its offset from UTC."""


class SystemClock:
    """The clock of this machine."""

    # The built-in itself: reading the clock is on the path of every request.
    monotonic: staticmethod[[], float] = staticmethod(time.monotonic)

    def utc_now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)
