"""Read the times that providers write. Nothing in here raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)

# Nothing that is read here happened before. What says so is the zero of some language (year 1 in
# Go, 1970 elsewhere) or counts in another unit: seconds, read as milliseconds, are days of 1970.
# Such a time must not order events: an opt-out of 1970 would come before every opt-in.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def read_iso_time(text: object) -> datetime | None:
    """Read a time in ISO 8601; without an offset it is in UTC.

    Returns:
        The time in UTC; `None` if it is none, or before the year 2000.
    """
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        if at is None:
            return None
        return _plausible(at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def read_epoch_time(value: object, unit: timedelta) -> datetime | None:
    """Read a time since 1970.

    Args:
        value: The number.
        unit: What it counts: `SECOND` or `MILLISECOND`.

    Returns:
        The time; `None` unless it is a whole number that `datetime` can hold, of the year 2000 or
        later.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return _plausible(_EPOCH + value * unit)
    except OverflowError:
        return None


def _plausible(at: datetime) -> datetime | None:
    return at if at >= _EARLIEST else None
