"""Wait for what proves that a doubtful message was sent: a report, or a look-up that finds it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omnimsg.adapter import Operation
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from omnimsg.delivery.tracker import Tracker
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Ambiguous, Outcome
    from omnimsg.engine.account import AccountEngine
    from omnimsg.engine.deadline import Deadline

# Seconds after the doubt began at which the provider is asked. That a message is not listed yet
# proves nothing, so it is asked again, and rarely: a report usually comes sooner.
_LOOK_UPS = (5.0, 30.0, 120.0, 600.0)


async def settle(
    engine: AccountEngine,
    tracker: Tracker,
    message: Message,
    outcome: Ambiguous,
    deadline: Deadline,
) -> Outcome:
    """Return the acceptance of a doubtful message; the doubt where nothing proves one in time.

    Args:
        engine: The account.
        tracker: Told of reports.
        message: The message.
        outcome: Its outcome so far.
        deadline: Began when the message was handed over.
    """
    report = asyncio.ensure_future(tracker.settled(outcome))
    began = deadline.now()
    pauses = list(_LOOK_UPS) if Operation.FIND in engine.operations else []
    try:
        while True:
            until = min(deadline.ends, began + pauses[0]) if pauses else deadline.ends
            await asyncio.wait([report], timeout=max(0.0, until - deadline.now()))
            if report.done():
                return report.result()
            if deadline.remaining() <= 0:
                return outcome
            if deadline.now() >= until:
                del pauses[0]
                found = await engine.find(message, deadline)
                if isinstance(found, Accepted):
                    await tracker.prove(found)
                    return found
    finally:
        report.cancel()
