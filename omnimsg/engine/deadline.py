"""One deadline for everything a call does: queueing, requests, waiting and further attempts."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Self

import attrs

from omnimsg.domain.errors import InvalidValue, Problem


def seconds(given: float) -> float:
    """Take a caller's patience, whatever kind of number it is.

    Raises:
        InvalidValue: It is none.
    """
    try:
        patience = float(given)
    except (TypeError, ValueError):
        patience = math.nan
    if math.isnan(patience):
        raise InvalidValue(Problem("deadline", "must be a number of seconds"))
    return patience


@attrs.define(eq=False)
class Deadline:
    """When a call began and when it must have ended, on the monotonic clock.

    Attributes:
        started: Seconds.
        ends: Seconds.
        clock: Tells that time.
    """

    started: float
    ends: float
    clock: Callable[[], float] = attrs.field(default=time.monotonic, repr=False, kw_only=True)

    @classmethod
    def after(cls, seconds: float, *, started: float | None = None) -> Self:
        """End so many seconds from now.

        Args:
            seconds: Of patience.
            started: When the call began, where that was earlier.
        """
        now = time.monotonic()
        return cls(now if started is None else started, now + seconds)

    def remaining(self) -> float:
        """Return the seconds left; negative when it is too late."""
        return self.ends - self.clock()

    def waited(self) -> float:
        """Return the seconds since the call began."""
        return self.clock() - self.started
