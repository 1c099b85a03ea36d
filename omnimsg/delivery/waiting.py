"""Wait until a message has a status: by reports, look-ups, or what other processes have stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omnimsg.delivery.store_log import warn_failed
from omnimsg.domain.errors import OperationError
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.status import Status

if TYPE_CHECKING:
    from omnimsg.delivery.close_signal import CloseSignal
    from omnimsg.delivery.poller import Poller
    from omnimsg.delivery.tracker import Tracker
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.outcome import Accepted
    from omnimsg.domain.status import MessageStatus


async def wait_for(  # noqa: PLR0913 - the parts of a client, given by name
    message_id: MessageId,
    wanted: Status,
    timeout: float,  # noqa: ASYNC109 - named as asyncio names it
    *,
    tracker: Tracker,
    poller: Poller,
    longest_pause: float,
    accepted: Accepted | None,
    closing: CloseSignal,
) -> MessageStatus:
    """Wait until a message has a status or a higher one, or has ended without it.

    Args:
        message_id: Its id.
        wanted: The status.
        timeout: Seconds to wait.
        tracker: Gets the reports.
        poller: Looks it up.
        longest_pause: Seconds between two look-ups, and between two readings of a shared store, at
            most.
        accepted: Its acceptance, to be stored if it is not known here.
        closing: Set when the client closes, which ends the wait.

    Raises:
        TimeoutError: It did neither in time.
        OperationError: The client was closed, and it had done neither.
    """
    limit = asyncio.timeout(timeout)

    def end() -> None:
        if not limit.expired():
            limit.reschedule(0.0)

    with (
        closing.calls(end),
        tracker.waiters.watch(message_id, longest_pause) as waiter,
        poller.watch(message_id, longest_pause) as watched,
    ):
        now, has_failed = Status.UNKNOWN, False
        try:
            async with limit:
                tracked = await tracker.find(message_id)
                if tracked is None and accepted is not None:
                    tracked = await tracker.accept(accepted)
                while True:
                    if tracked is not None and tracked.status is not None:
                        if _ends_wait(tracked.status, wanted):
                            return tracked.status
                        now = tracked.status.status
                    if closing.is_set:
                        raise _closed(message_id)
                    is_news = await waiter.next()
                    try:
                        tracked = await tracker.read(message_id)
                        has_failed = False
                    except Exception as error:
                        if is_news:
                            raise
                        # Nothing new is known, and the store is read again anyway.
                        if not has_failed:
                            warn_failed(error)
                        has_failed = True
        except TimeoutError:
            if not limit.expired():
                raise  # raised by the store
            if closing.is_set:
                raise _closed(message_id) from None
            why = f"; the last look-up failed: {watched.error}" if watched.error else ""
            raise TimeoutError(
                f"message {mask_text(message_id)} is {now} and not {wanted} after"
                f" {timeout:g} s{why}"
            ) from None


def _closed(message_id: MessageId) -> OperationError:
    # As after any other operation of a closed client.
    failure = Failure(reason=Reason.CANCELLED, retry=Retry.AFTER_FIX, detail="the client is closed")
    return OperationError("wait", message_id.account, failure)


def _ends_wait(status: MessageStatus, wanted: Status) -> bool:
    """Return whether waiting is over; a message that was not found may still appear."""
    return status.status.failed or status.status.rank >= wanted.rank
