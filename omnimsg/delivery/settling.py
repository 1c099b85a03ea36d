"""Wait for proof that a doubtful message was sent: a report, or a look-up that finds it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omnimsg.adapter import Operation
from omnimsg.domain.outcome import Accepted

if TYPE_CHECKING:
    from omnimsg.delivery.close_signal import CloseSignal
    from omnimsg.delivery.tracker import Tracker
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Ambiguous, Outcome
    from omnimsg.engine.account import AccountEngine
    from omnimsg.engine.deadline import Deadline

# When the provider is asked, in seconds since the doubt began: several times, because a message may
# be listed late; and rarely, because a report usually arrives sooner.
_LOOK_UPS = (5.0, 30.0, 120.0, 600.0)


async def settle(
    engine: AccountEngine | None,
    tracker: Tracker,
    message: Message,
    outcome: Ambiguous,
    deadline: Deadline,
    *,
    closing: CloseSignal,
) -> Outcome:
    """Return the acceptance of a doubtful message, or the doubt if no proof arrives in time.

    Args:
        engine: The account; `None` if it was removed, so that only a report can prove the send.
        tracker: Gets the reports.
        message: The message.
        outcome: Its outcome so far.
        deadline: Began when the message was handed over.
        closing: Set when the client closes, which ends the wait.
    """
    report = asyncio.ensure_future(tracker.settled(outcome))
    look_up = asyncio.ensure_future(_look_up(engine, tracker, message, deadline))
    closed = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait(
            [report, look_up, closed],
            timeout=max(0.0, deadline.remaining()),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if report.done():
            return report.result()
        if look_up.done():
            return look_up.result()
        return outcome
    finally:
        for each in (report, look_up, closed):
            each.cancel()


async def _look_up(
    engine: AccountEngine | None, tracker: Tracker, message: Message, deadline: Deadline
) -> Accepted:
    """Look a message up now and then, until the provider lists it; else wait until cancelled."""
    if engine is not None and Operation.FIND in engine.operations:
        began = deadline.now()
        for since in _LOOK_UPS:
            await asyncio.sleep(max(0.0, began + since - deadline.now()))
            found = await engine.find(message, deadline)
            if isinstance(found, Accepted):
                tracker.prove(found)
                return found
    never: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
    return await never
