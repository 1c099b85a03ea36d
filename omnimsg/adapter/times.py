"""Read the times that providers write. No function raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)

# No event is older. An earlier time is a language's zero value (year 1 in Go, 1970 elsewhere) or
# counts in another unit: seconds, read as milliseconds, give a day in 1970. Such a time must not
# order events: an opt-out of 1970 would come before every opt-in.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def read_iso_time(text: object) -> datetime | None:
    """Read a time in ISO 8601; without an offset it is in UTC.

    Returns:
        The time in UTC; `None` if the text is not a time, or it is before the year 2000.
    """
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
        return _plausible(at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def read_epoch_time(value: object, unit: timedelta) -> datetime | None:
    """Read a time since 1970.

    Args:
        value: The number.
        unit: The number's unit: `SECOND` or `MILLISECOND`.

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
