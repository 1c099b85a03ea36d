"""Times on the command line."""

from datetime import datetime

from omnimsg.cli.errors import Stop


def moment(flag: str, text: str | None) -> datetime | None:
    """Read a time that says its offset from UTC; `None` where nothing is said.

    Raises:
        Stop: It is no such time.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(f"{flag}: is not a time", "write it as 2030-05-01T09:00:00+02:00") from None
    if at.tzinfo is None:
        raise Stop(
            f"{flag}: must say its offset from UTC", f"write it as {at.isoformat()}+00:00 for UTC"
        )
    return at
