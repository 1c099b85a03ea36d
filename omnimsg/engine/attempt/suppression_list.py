"""Ask the suppression list before a request leaves, and tell it of refusals that are opt-outs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omnimsg.adapter import Verdict
from omnimsg.domain.failure import Failure
from omnimsg.domain.opt_out import change_in_outcome
from omnimsg.domain.outcome import AllAccepted
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.flow import report_broken_contract
from omnimsg.engine.cancellation import is_own_cancellation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.suppression import Suppression

# Seconds the list gets to store the opt-outs of a request. Its outcomes do not wait longer.
_RECORD_TIMEOUT = 5.0


class SuppressionList:
    """The suppression list of one account; if it raises, messages still have outcomes.

    Args:
        suppression: The list.
        account: The account's name.
        utc_now: Returns the time of day.
    """

    def __init__(
        self, suppression: Suppression, account: str, utc_now: Callable[[], datetime]
    ) -> None:
        self._suppression = suppression
        self._account = account
        self._utc_now = utc_now

    async def ask(
        self, messages: Sequence[Message], deadline: Deadline
    ) -> dict[int, tuple[Verdict, Failure]]:
        """Return why messages must not leave, by index; if the list raises, none may leave."""
        try:
            async with asyncio.timeout(deadline.remaining()) as limit:
                answer = await self._suppression.suppressed(self._account, messages)
            pairs = zip(answer, range(len(messages)), strict=True)
            return {index: _SUPPRESSED for is_suppressed, index in pairs if is_suppressed}
        except (Exception, asyncio.CancelledError) as error:
            if is_own_cancellation(error):
                raise
            if isinstance(error, TimeoutError) and limit.expired():
                late = local_failures.deadline_exceeded(
                    "the deadline passed before the suppression list had answered"
                )
                return dict.fromkeys(range(len(messages)), late)
            detail = report_broken_contract("the suppression list", error)
            verdict = classify.by_broken_contract(detail, left=False)
        return dict.fromkeys(range(len(messages)), verdict)

    async def learn(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        """Record the opt-outs that a provider's refusals show."""
        if outcomes.__class__ is AllAccepted:
            return
        now = self._utc_now()
        pairs = zip(messages, outcomes, strict=True)
        found = [change_in_outcome(message, outcome, now) for message, outcome in pairs]
        try:
            async with asyncio.timeout(_RECORD_TIMEOUT):
                for change in found:
                    if change is not None:
                        await self._suppression.record(change)
        except (Exception, asyncio.CancelledError) as error:
            if is_own_cancellation(error):
                raise
            report_broken_contract("the suppression list", error)


_SUPPRESSED = (
    Verdict.NOT_SENT,
    Failure(reason=Reason.SUPPRESSED, retry=Retry.NEVER, detail="the recipient has opted out"),
)
