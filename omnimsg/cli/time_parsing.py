"""Parse times on the command line."""

from datetime import datetime

from omnimsg.cli.errors import CommandError


def parse_time(flag: str, text: str | None) -> datetime | None:
    """Parse an ISO 8601 time with an offset from UTC; `None` if the flag is not given.

    Raises:
        CommandError: The text is not such a time.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{flag}: is not a time", "write it as 2030-05-01T09:00:00+02:00"
        ) from None
    if time.tzinfo is None:
        raise CommandError(
            f"{flag}: must say its offset from UTC", f"write it as {time.isoformat()}+00:00 for UTC"
        )
    return time
