"""The rate limiter: computes when the next request of an account may leave, and never waits.

aiolimiter was tried for this and does not fit: it lets a whole second's worth out in one burst, has
no priority, cannot let 100 messages pass where 50 are allowed a second, and suspends where a
comparison of two numbers is enough.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Capabilities
    from omnimsg.engine.policy import Limits

BATCH_SLOTS = 16
SINGLE_SLOTS = 64
"""Requests under way at once by default: with many messages each, and with one."""

# Seconds of unused rate that may be caught up on: timers fire a little late.
_SLACK = 0.02

# Seconds by which high priority may run ahead of the rate; the others then wait longer.
_AHEAD = 1.0

# The factor on the pace after "too many requests", the lowest pace, and the step of other requests.
_SLOWDOWN = 0.5
_MIN_PACE = 1 / 64
_SPEEDUP = 1 / 100


def stricter_rate(limits: Limits, capabilities: Capabilities) -> float:
    """Return the lower of the configured and the documented requests a second; else infinity."""
    given = (limits.requests_per_second, capabilities.requests_per_second)
    return min((each for each in given if each is not None), default=math.inf)


def slots_of(limits: Limits, capabilities: Capabilities) -> int:
    """Return the number of requests that may be under way at once."""
    if limits.concurrency is not None:
        return limits.concurrency
    return BATCH_SLOTS if capabilities.max_messages > 1 else SINGLE_SLOTS


class RateLimiter:
    """The limits of one account, and how much of them is used.

    Rates are kept by spacing: each request, or message, moves the time at which the next may leave.
    "Too many requests" halves the pace of the account; every other request raises it a little.

    Args:
        limits: The configured limits.
        capabilities: The provider's limits; the stricter ones hold.
        now: Reads the monotonic clock, seconds.

    Attributes:
        pace: The share of the limits that may be used now, from 1/64 to 1.
        under_way: The number of requests that have left and not ended.
        slots: How many requests may be under way now. Of several slots the last is kept for high
            priority, and not counted here.
        is_probing: Whether only one request at a time may leave, because all may be refused.
        is_timed: Whether a rate or a pause applies, so that the clock must be read.
    """

    def __init__(
        self, limits: Limits, capabilities: Capabilities, *, now: Callable[[], float]
    ) -> None:
        self._now = now
        self._max_slots = slots_of(limits, capabilities)
        self._requests = _Rate(stricter_rate(limits, capabilities))
        self._messages = _Rate(limits.messages_per_second or math.inf)
        self._operations = _Rate(capabilities.operations_per_second or math.inf)
        self._has_rate = self._requests.is_limited or self._messages.is_limited
        self._paused_until = 0.0
        self._slowed_at = -math.inf
        self.is_probing: bool = False
        self.pace: float = 1.0
        self.under_way: int = 0
        self.slots: int = self._slots(urgent=False)
        self.is_timed: bool = self._has_rate

    def wait(self, *, urgent: bool = False) -> float:
        """Return the seconds until the next request may leave.

        0 means now; infinity means once a request that is under way has ended.

        Args:
            urgent: High priority: it may use the slot that is kept for it, and run ahead of the
                rate.
        """
        if self.under_way >= self._slots(urgent=urgent):
            return math.inf
        if not self.is_timed:
            return 0.0
        now = self._now()
        if now >= self._paused_until:
            self.is_timed = self._has_rate
        due = max(self._requests.due, self._messages.due) - (_AHEAD if urgent else 0.0)
        return max(0.0, due - now, self._paused_until - now)

    def wait_of_operation(self) -> float:
        """Return the seconds until the next operation may leave, as `wait` does for messages."""
        return max(self.wait(), self._operations.due - self._now())

    def pause_left(self) -> float:
        """Return the seconds of a pause that the provider imposed; 0 where there is none."""
        return max(0.0, self._paused_until - self._now())

    def begin(self, messages: int) -> None:
        """Count a request that leaves now."""
        self.under_way += 1
        self.spend(messages)

    def begin_operation(self) -> None:
        """Count an operation that leaves now; the rates of all requests hold for it too."""
        self.begin(0)
        self._operations.take(1, self._now(), self.pace)

    def spend(self, messages: int) -> None:
        """Count a request against the rates only, where there are any."""
        if self._has_rate:
            now = self._now()
            self._requests.take(1, now, self.pace)
            self._messages.take(messages, now, self.pace)

    def end(self) -> None:
        """Count a request that has ended, or has not left after all."""
        self.under_way -= 1

    def succeeded(self) -> None:
        """Raise the pace after a request that was not too fast."""
        if self.pace < 1.0:
            self._set_pace(min(1.0, self.pace + _SPEEDUP))

    def throttled(self, *, begun: float, pause: float = 0.0) -> None:
        """Lower the pace after a request that was too fast.

        Args:
            begun: When that request left, monotonic seconds. One that left before the last
                lowering does not lower it again.
            pause: Seconds in which nothing may leave, where the provider said so.
        """
        now = self._now()
        if pause > 0:
            self._paused_until = max(self._paused_until, now + pause)
            self.is_timed = True
        if begun >= self._slowed_at:
            self._slowed_at = now
            self._set_pace(max(_MIN_PACE, self.pace * _SLOWDOWN))

    def probe(self, is_probing: bool) -> None:
        """Allow one request at a time while all may be refused, or all slots again.

        High priority keeps its slot.
        """
        self.is_probing = is_probing
        self.slots = self._slots(urgent=False)

    def _set_pace(self, pace: float) -> None:
        self.pace = pace
        self.slots = self._slots(urgent=False)

    def _slots(self, *, urgent: bool) -> int:
        if self.is_probing:
            return min(self._max_slots, 2) if urgent else 1
        slots = max(1, int(self._max_slots * self.pace))
        return min(self._max_slots, max(slots, 2)) if urgent else max(1, slots - 1)


class _Rate:
    """One rate, as the time at which the next request or message is due."""

    def __init__(self, per_second: float) -> None:
        self.is_limited: bool = per_second < math.inf
        self.due: float = 0.0
        self._interval = 1 / per_second

    def take(self, count: int, now: float, pace: float) -> None:
        if self.is_limited:
            self.due = max(self.due, now - _SLACK) + count * self._interval / pace
