"""One deadline for everything a call does: queueing, requests, waiting and further attempts."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Self

import attrs

from omnimsg.domain.errors import InvalidValue, Problem

if TYPE_CHECKING:
    from omnimsg.domain.message import Message


def to_seconds(given: float, name: str = "deadline") -> float:
    """Convert a caller's deadline to a float, whatever kind of number it is.

    Args:
        given: What the caller gave.
        name: The name of the argument, for the error.

    Raises:
        InvalidValue: It is not a number.
    """
    try:
        seconds = float(given)
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


def counted_seconds(
    send_at: datetime | None, waited: float, utc_now: Callable[[], datetime]
) -> float:
    """Return the seconds that count against a message's ttl; fewer than none before `send_at`.

    They count from the call, or from `send_at` if that is later.

    Args:
        send_at: When the message is to be sent; `None` if it is not scheduled.
        waited: Seconds since the call.
        utc_now: Returns the time of day; called for scheduled messages only.
    """
    if send_at is None:
        return waited
    return min(waited, (utc_now() - send_at).total_seconds())


def has_outlived_ttl(message: Message, waited: float, utc_now: Callable[[], datetime]) -> bool:
    """Return whether a message's ttl has passed, `waited` seconds after the call."""
    ttl = message.ttl
    if ttl is None or waited < ttl:
        return False
    return counted_seconds(message.send_at, waited, utc_now) >= ttl
