"""Describe the wait that a provider asks for, or a limit of ours: its end and its duration."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from omnimsg.engine.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.failure import Failure
    from omnimsg.engine.observers import Paused

# Shorter waits end before a person has read the text.
_MIN_SECONDS = 2.0
# A longer wait is shown without a time: some providers send epoch seconds instead of a wait.
_MAX_DAYS = 365


def failure_text(failure: Failure, *, now: datetime | None = None) -> str:
    """Describe a failure in one line, with the wait until another attempt can help.

    Args:
        failure: The failure.
        now: The time, with a UTC offset; by default the system's time in its time zone.
    """
    return failure.sentence() + asked_wait(failure, now=now)


def asked_wait(failure: Failure, *, now: datetime | None = None) -> str:
    """Return a clause about the wait of a failure, to append to its text; empty without one."""
    seconds = failure.retry_after
    if seconds is None or seconds < _MIN_SECONDS:
        return ""
    # Without an answer of the provider the wait is omnimsg's own: of a budget, a rate or a circuit.
    asked = "wait" if failure.http_status is None else "the provider asks to wait"
    return f"; {asked} {wait_text(seconds, now=now)}"


def wait_text(seconds: float, *, now: datetime | None = None) -> str:
    """Format a wait as `until 14:05 (12 min)`, with the date if it ends on another day."""
    if seconds >= timedelta(days=_MAX_DAYS).total_seconds():
        return "for more than a year"
    begun = now or datetime.now().astimezone()
    until = begun + timedelta(seconds=seconds)
    at = "%H:%M:%S" if seconds < 60 else "%H:%M"
    if until.date() != begun.date():
        at = f"%Y-%m-%d {at}"
    return f"until {until:{at}} ({_duration(seconds)})"


def _duration(seconds: float) -> str:
    """Format a duration in its largest one or two units, rounded up."""
    whole = -int(-seconds // 1)
    if whole < 60:
        return f"{whole} s"
    minutes = -(-whole // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


class PauseReporter(Observer):
    """Reports that nothing is sent for a while, once for each pause.

    Args:
        report: Prints a line.
        now: Returns the time, with a UTC offset.
    """

    def __init__(
        self,
        report: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._report = report
        self._now = now
        self._until: dict[str, datetime] = {}

    def paused(self, event: Paused) -> None:
        """Report a pause that ends later than the last reported one."""
        now = self._now()
        until = now + timedelta(seconds=event.seconds)
        known = self._until.get(event.account, now)
        if until < known + timedelta(seconds=_MIN_SECONDS):
            return
        self._until[event.account] = until
        text = wait_text(event.seconds, now=now)
        self._report(f"the provider asks {event.account} to wait: nothing is sent {text}")
