"""One deadline for everything a call does: queueing, requests, waiting and further attempts."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Self

import attrs

from omnimsg.domain.errors import InvalidValue, Problem


def to_seconds(given: float, name: str = "deadline") -> float:
    """Convert a caller's deadline to a float, whatever kind of number it is.

    A text is no number, nor is a bool: the fields of the model refuse both too.

    Args:
        given: What the caller gave.
        name: The name of the argument, for the error.

    Raises:
        InvalidValue: It is not a number.
    """
    is_number = hasattr(given, "__float__") and not isinstance(given, bool)
    try:
        seconds = float(given) if is_number else math.nan
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if math.isnan(seconds):
        raise InvalidValue(Problem(name, "must be a number of seconds"))
    return seconds


@attrs.define(eq=False)
class Deadline:
    """When a call began and when it must have ended, in seconds of a monotonic clock.

    Attributes:
        started: When the call began.
        ends: When it must have ended.
        now: Reads the monotonic clock.
        first_left_at: The time of day at which the first request was made; `None` before. It is
            kept, because the monotonic clock stands still while the machine sleeps.
    """

    started: float
    ends: float
    now: Callable[[], float] = attrs.field(repr=False)
    first_left_at: datetime | None = attrs.field(default=None, init=False, repr=False)

    @classmethod
    def after(cls, seconds: float, now: Callable[[], float]) -> Self:
        """Build the deadline of a call that begins now and may take so many seconds.

        Raises:
            InvalidValue: The seconds are not a number.
        """
        seconds = to_seconds(seconds)
        started = now()
        return cls(started, started + seconds, now)

    def remaining(self) -> float:
        """Return the seconds left; negative once the deadline has passed."""
        return self.ends - self.now()

    def waited(self) -> float:
        """Return the seconds since the call began."""
        return self.now() - self.started
