"""Wait for a message whose legs omnimsg runs, across its legs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from omnimsg.delivery.delivery import Delivery
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.status import MessageStatus, Status
    from omnimsg.fallback.chain import Chain


async def wait_for_legs(
    chain: Chain,
    wanted: Status,
    timeout: float,  # noqa: ASYNC109 - named as asyncio names it
    delivery: Delivery,
) -> MessageStatus:
    """Wait until a leg has a status or a higher one, or all have failed and no other goes.

    Args:
        chain: The legs.
        wanted: The status.
        timeout: Seconds to wait.
        delivery: Waits for each leg.

    Returns:
        The status of the leg that has it, or of the last one.

    Raises:
        TimeoutError: It did neither in time.
        OperationError: The client was closed, and it had done neither.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout
    # By leg, and whether it has arrived: one that does so after it had failed is asked about anew.
    waits: dict[tuple[MessageId, bool], asyncio.Task[MessageStatus]] = {}
    with chain.watch() as waiter:

        def note_end(wait: asyncio.Task[MessageStatus]) -> None:
            waiter.wake()
            if not wait.cancelled():
                wait.exception()  # mark it as retrieved: another wait may have raised before it

        try:
            while True:
                for each in chain.sent_ids:
                    key = each, each in chain.reached_ids
                    if key not in waits:
                        left = max(0.0, until - loop.time())
                        waits[key] = loop.create_task(delivery.wait(each, wanted, left))
                        waits[key].add_done_callback(note_end)
                ended = [wait.result() for wait in waits.values() if wait.done()]
                for status in ended:
                    if not status.status.failed:
                        return status
                has_open = len(ended) < len(waits)
                if chain.is_over and not has_open:
                    return ended[-1]
                # An open leg has a timeout of its own, whose error says how far the leg came.
                async with asyncio.timeout_at(None if has_open else until) as limit:
                    await waiter.next()
        except TimeoutError:
            if not limit.expired():
                raise
            raise TimeoutError(
                f"message {mask_text(chain.sent_ids[0])} has no leg that is {wanted} after"
                f" {timeout:g} s; the next one is being handed over"
            ) from None
        finally:
            for wait in waits.values():
                wait.cancel()
