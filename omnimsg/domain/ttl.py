"""How long a message is useful: the seconds that count against its ttl."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omnimsg.domain.message import Message


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
