"""The clock of an account and all its parts, injected so that tests replace time in one place."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds for deadlines and limits; the time of day for what providers read."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""

    def utc_now(self) -> datetime:
        """Return the time of day, with its offset from UTC."""


class SystemClock:
    """The clock of this machine."""

    # The built-in itself, without a Python call: every request reads the clock.
    monotonic: staticmethod[[], float] = staticmethod(time.monotonic)

    def utc_now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)
