"""Read the times that providers write. Nothing in here raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)


def read_iso_time(text: object) -> datetime | None:
    """Read a time in ISO 8601; without an offset it is in UTC. `None` if it is none.

    Returns:
        The time in UTC.
    """
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        if at is None or at.tzinfo is None:
            return None if at is None else at.replace(tzinfo=UTC)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_epoch_time(value: object, unit: timedelta) -> datetime | None:
    """Read a time since 1970; `None` unless it is a whole number that `datetime` can hold.

    Args:
        value: The number.
        unit: What it counts: `SECOND` or `MILLISECOND`.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return _EPOCH + value * unit
    except OverflowError:
        return None
