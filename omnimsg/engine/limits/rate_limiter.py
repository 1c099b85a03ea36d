"""When the next request of an account may leave. Arithmetic only: it never waits, it is asked.

aiolimiter was tried for this and could not carry it: it lets a whole second's worth out in one
burst, knows no priority, cannot let 100 messages pass where 50 are allowed a second, and suspends
where a comparison of two numbers would do.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Capabilities
    from omnimsg.engine.policy import Limits

BATCHING = 8
SINGLE = 64
"""Requests under way at once: where they carry many messages, and where they carry one."""

# Seconds of what went unused that may be made up for: timers fire a little late.
_SLACK = 0.02

# Seconds by which high priority may run ahead of the rate; the others then wait for longer.
_AHEAD = 1.0

# The pace after a refusal for speed, as a factor, the slowest there is, and how much of the full
# pace one request that went well gives back.
_SLOWER = 0.5
_SLOWEST = 1 / 64
_FASTER = 1 / 100


def places(limits: Limits, capabilities: Capabilities) -> int:
    """Return the requests that may be under way at once."""
    if limits.concurrency is not None:
        return limits.concurrency
    return BATCHING if capabilities.max_messages > 1 else SINGLE


class RateLimiter:
    """The limits of one account, and how close to them it is.

    Rates are kept by spacing: each request, or message, moves the moment at which the next may
    leave. Told that it is too fast, the account slows down to a half, and gets faster again with
    every request that goes well.

    Args:
        limits: The user's.
        capabilities: The provider's; the stricter holds.
        clock: The monotonic clock, seconds.

    Attributes:
        pace: The share of the limits that is used, from 1/64 to 1.
        under_way: Requests that have left and not come back.
        room: How many of them there may be now; of several places the last is for what is urgent.
        wary: Whether one request at a time is enough, for now.
        timed: Whether time matters too, because of a rate or a pause.
    """

    def __init__(
        self,
        limits: Limits,
        capabilities: Capabilities,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._places = places(limits, capabilities)
        self._requests = _Rate(_stricter(limits, capabilities))
        self._messages = _Rate(limits.messages_per_second or math.inf)
        self._has_rate = self._requests.limited or self._messages.limited
        self.wary: bool = False
        self._paused_until = 0.0
        self._slowed_at = -math.inf
        self.pace: float = 1.0
        self.under_way: int = 0
        self.room: int = self._room(urgent=False)
        self.timed: bool = self._has_rate

    def wait(self, *, urgent: bool = False) -> float:
        """Return the seconds until the next request may leave.

        0 is now; infinity is when one that is under way has come back.

        Args:
            urgent: High priority: it may use the place that is kept for it, and run ahead.
        """
        if self.under_way >= self._room(urgent=urgent):
            return math.inf
        if not self.timed:
            return 0.0
        now = self._clock()
        if now >= self._paused_until:
            self.timed = self._has_rate
        due = max(self._requests.due, self._messages.due) - (_AHEAD if urgent else 0.0)
        return max(0.0, due - now, self._paused_until - now)

    def begin(self, messages: int) -> None:
        """Count a request that leaves now."""
        self.under_way += 1
        self.spend(messages)

    def spend(self, messages: int) -> None:
        """Count a request against the rates only, where there are any."""
        if self._has_rate:
            now = self._clock()
            self._requests.take(1, now, self.pace)
            self._messages.take(messages, now, self.pace)

    def end(self) -> None:
        """Count a request that has come back, or has not left after all."""
        self.under_way -= 1

    def succeeded(self) -> None:
        """Learn that the provider did not mind the pace."""
        if self.pace < 1.0:
            self._set_pace(min(1.0, self.pace + _FASTER))

    def throttled(self, *, begun: float, pause: float = 0.0) -> None:
        """Learn that the provider finds us too fast.

        Args:
            begun: When the request left that was told so. Those that left before the last
                slowing-down say nothing new.
            pause: Seconds in which nothing must leave, where the provider said so.
        """
        now = self._clock()
        if pause > 0:
            self._paused_until = max(self._paused_until, now + pause)
            self.timed = True
        if begun >= self._slowed_at:
            self._slowed_at = now
            self._set_pace(max(_SLOWEST, self.pace * _SLOWER))

    def be_wary(self, wary: bool) -> None:
        """Let one request find out, while something says that all of them may be refused.

        What is urgent still has its place.
        """
        self.wary = wary
        self.room = self._room(urgent=False)

    def _set_pace(self, pace: float) -> None:
        self.pace = pace
        self.room = self._room(urgent=False)

    def _room(self, *, urgent: bool) -> int:
        if self.wary:
            return min(self._places, 2) if urgent else 1
        room = max(1, int(self._places * self.pace))
        return min(self._places, max(room, 2)) if urgent else max(1, room - 1)


class _Rate:
    """One rate: when the next one of its kind is due."""

    def __init__(self, per_second: float) -> None:
        self.limited: bool = per_second < math.inf
        self.due: float = 0.0
        self._apart = 1 / per_second

    def take(self, count: int, now: float, pace: float) -> None:
        if self.limited:
            self.due = max(self.due, now - _SLACK) + count * self._apart / pace


def _stricter(limits: Limits, capabilities: Capabilities) -> float:
    given = (limits.requests_per_second, capabilities.requests_per_second)
    return min((each for each in given if each is not None), default=math.inf)
