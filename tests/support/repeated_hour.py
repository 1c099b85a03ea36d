"""A time zone whose clocks are set back from 4:00 to 3:00 on 25 October 2026."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo


class RepeatedHour(tzinfo):
    """As Tallinn's zone in the night in which summer time ends; needs no database of zones."""

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        """Return three hours until the clocks are set back, then two."""
        if when is None:
            return None
        wall = when.replace(tzinfo=None)
        is_repeated = datetime(2026, 10, 25, 3) <= wall < datetime(2026, 10, 25, 4)  # noqa: DTZ001
        is_summer = not when.fold if is_repeated else wall < datetime(2026, 10, 25, 4)  # noqa: DTZ001
        return timedelta(hours=3 if is_summer else 2)

    def dst(self, _: datetime | None) -> timedelta | None:
        """Return nothing: the offset says all."""
        return None

    def tzname(self, _: datetime | None) -> str:
        """Return the zone's name."""
        return "Tallinn"
