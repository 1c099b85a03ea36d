"""Ask the suppression list before a request leaves, and tell it of refusals that are opt-outs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Verdict
from omnimsg.domain.opt_out import change_in_outcome
from omnimsg.domain.outcome import AllAccepted
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.eager_task import EagerTasks, SharedTimeouts
from omnimsg.engine.attempt.finding import Finding
from omnimsg.engine.attempt.flow import report_failed_component

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.attempt.consent_queue import ConsentQueue
    from omnimsg.engine.attempt.eager_task import EagerTask
    from omnimsg.engine.deadline import Deadline


class SuppressionList:
    """The suppression list of one account; if it raises, messages still have outcomes.

    Args:
        consents: The list, and the changes that it has not taken.
        account: The account's name.
        utc_now: Returns the time of day.
    """

    def __init__(
        self, consents: ConsentQueue, account: str, utc_now: Callable[[], datetime]
    ) -> None:
        self._consents = consents
        self._account = account
        self._utc_now = utc_now
        self._tasks = EagerTasks()
        self._alarm = SharedTimeouts()

    async def ask(self, messages: Sequence[Message], deadline: Deadline) -> dict[int, Finding]:
        """Return why messages must not leave, by index; if the list raises, none may leave."""
        self._consents.resume()
        suppressed = self._consents.suppression.suppressed
        call = self._tasks.start(suppressed, self._account, messages)
        if not await self._has_ended(call, deadline.remaining()):
            return dict.fromkeys(range(len(messages)), local_failures.deadline_exceeded(_TOO_SLOW))
        try:
            pairs = zip(call.result(), range(len(messages)), strict=True)
            return {index: _SUPPRESSED for is_suppressed, index in pairs if is_suppressed}
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it may raise anything
            detail = report_failed_component("the suppression list", error)
        return dict.fromkeys(range(len(messages)), classify.by_failed_component(detail))

    def note(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> bool:
        """Keep the opt-outs that a provider's refusals show; return whether there are any."""
        if outcomes.__class__ is AllAccepted:
            return False
        now = self._utc_now()
        pairs = zip(messages, outcomes, strict=True)
        found = [change_in_outcome(message, outcome, now) for message, outcome in pairs]
        changes = [change for change in found if change is not None]
        self._consents.add(changes)
        return bool(changes)

    async def record(self) -> None:
        """Record the opt-outs that were noted; if the list fails, they are kept for it."""
        await self._consents.record()

    async def _has_ended(self, call: EagerTask[Any], seconds: float) -> bool:
        """Wait for a call, and return whether it has ended; otherwise cancel it.

        The call is in a task of its own, because one that ignores its cancellation would keep the
        messages waiting.
        """
        if not call.has_ended:
            try:
                await call.wait(seconds, self._alarm)
            finally:
                if not call.has_ended:
                    call.task.cancel()
        return call.has_ended


_TOO_SLOW = "the deadline passed before the suppression list had answered"
_SUPPRESSED = Finding.of(
    Verdict.NOT_SENT, Reason.SUPPRESSED, "the recipient has opted out", retry=Retry.NEVER
)
