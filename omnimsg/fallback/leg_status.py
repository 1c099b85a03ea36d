"""The status of a leg that was sent, where no error of the store of messages ends the chain."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from omnimsg.domain.log_fields import log_fields

if TYPE_CHECKING:
    from omnimsg.delivery.delivery import Delivery
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.status import MessageStatus, Status
    from omnimsg.engine.deadline import Deadline

log: logging.Logger = logging.getLogger("omnimsg.fallback")

# Seconds between two look-ups, at most.
_LONGEST_PAUSE = 60.0
# Seconds until a store that has failed is read again.
_READ_AGAIN_AFTER = 5.0


async def end_of(
    delivery: Delivery, message_id: MessageId, wanted: Status, until: Deadline
) -> MessageStatus | None:
    """Wait until a leg has a status, or a higher one, or has ended without it.

    A store that fails is read again, and that is logged once.

    Returns:
        At the deadline, the last known status: the leg is looked up once more, because the report
        of its delivery may have been lost. `None` if it is not known.
    """
    has_failed = False
    while True:
        try:
            left = max(0.0, until.remaining())
            return await delivery.wait(message_id, wanted, left, _LONGEST_PAUSE)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            if until.remaining() <= 0.01 or delivery.closing.is_set:
                return await status_of(delivery, message_id)
            if not has_failed:
                _warn_unread(message_id, error)
            has_failed = True
        await asyncio.sleep(_READ_AGAIN_AFTER)


async def status_of(
    delivery: Delivery, message_id: MessageId, *, ask: bool = True
) -> MessageStatus | None:
    """Return the status of a leg; `None` if it is not known, or the store fails.

    Args:
        delivery: Tracks the leg.
        message_id: Its id.
        ask: Whether its provider is asked.
    """
    try:
        if ask:
            return await delivery.look_up(message_id)
        tracked = await delivery.tracker.find(message_id)
    except Exception as error:  # noqa: BLE001 - a store or a handler may raise anything
        _warn_unread(message_id, error)
        return None
    return None if tracked is None else tracked.status


def _warn_unread(message_id: MessageId, error: Exception) -> None:
    kind = type(error).__name__
    log.warning(
        "the status of a leg could not be read: %s",
        kind,
        extra=log_fields(account=message_id.account, message_id=message_id, error=kind),
    )
