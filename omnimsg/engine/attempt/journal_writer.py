"""Call the journal: before a request leaves, within its deadline, and always afterwards."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Rejected
from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.eager_task import EagerTask, EagerTasks, SharedTimeouts
from omnimsg.engine.attempt.flow import BrokenFlow, describe_error, report_failed_component

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.attempt.finding import Finding
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.journal import Attempt, Journal

log: logging.Logger = logging.getLogger("omnimsg.engine")

# Seconds the journal gets to record outcomes, and to stop when it is cancelled.
SETTLE_TIMEOUT = 5.0

TOO_SLOW = "the deadline passed before the journal had recorded the message"
_OUTCOMES = (Accepted, Rejected, NotSent, Ambiguous)


class BrokenJournal(BrokenFlow):
    """A journal did what its contract forbids; the text is ours and safe to show."""


class JournalWriter:
    """Records the intents and the outcomes of one account in a journal.

    Args:
        journal: The journal.
        account: The account's name.
    """

    def __init__(self, journal: Journal, account: str) -> None:
        self._journal = journal
        self._account = account
        self._process = os.getpid()
        self._tasks = EagerTasks()
        self._alarm = SharedTimeouts()

    async def intend(
        self, attempt: Attempt, messages: Sequence[Message], deadline: Deadline
    ) -> dict[int, Outcome] | Finding:
        """Record the intent to send messages.

        Returns:
            The outcomes of the messages that must not leave, by index; or the verdict on all of
            them, where none may leave.
        """
        call = self._tasks.start(self._journal.intend, attempt, messages)
        if not call.has_ended:
            try:
                await call.wait(deadline.remaining(), self._alarm)
            finally:
                in_time = call.has_ended
                if not in_time:
                    call.task.cancel()
                    await call.wait(SETTLE_TIMEOUT, self._alarm)
            if not in_time:
                return local_failures.deadline_exceeded(TOO_SLOW)
        try:
            answers = call.result()
            if answers.__class__ is list and answers.count(None) == len(answers) == len(messages):
                return {}
            return self._checked_outcomes(answers, messages)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it may raise anything
            detail = report_failed_component("the journal", error)
            return classify.by_failed_component(detail)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes, also for a caller that is gone; log what cannot be recorded.

        A forked process records nothing for its parent, which does it itself.
        """
        if os.getpid() != self._process:
            return
        call = self._tasks.start(self._journal.settle, attempt, outcomes)
        try:
            if not call.has_ended:
                await call.wait(SETTLE_TIMEOUT, self._alarm)
        except asyncio.CancelledError:
            # If this wait is cancelled too, the call goes on and nobody waits for it.
            await call.wait(SETTLE_TIMEOUT, self._alarm)
            self._report_loss(call, outcomes)
            raise
        self._report_loss(call, outcomes)

    def _checked_outcomes(
        self, answers: Sequence[Outcome | None], messages: Sequence[Message]
    ) -> dict[int, Outcome]:
        """Return the outcomes among the journal's answers, by index, checked.

        An outcome may be that of another account, where the journal knows the message from there.

        Raises:
            BrokenJournal: There is not one answer per message, or an outcome of another message.
        """
        if not isinstance(answers, (list, tuple)) or len(answers) != len(messages):
            raise BrokenJournal("must answer an intent with one entry per message")
        ended: dict[int, Outcome] = {}
        for index, (answer, message) in enumerate(zip(answers, messages, strict=True)):
            if answer is None:
                continue
            if not isinstance(answer, _OUTCOMES) or answer.reference != message.reference:
                raise BrokenJournal("answered an intent with the outcome of another message")
            # A copy, because a stream stores the message's position in it.
            ended[index] = attrs.evolve(answer, position=None)
        return ended

    def _report_loss(self, call: EagerTask[None], outcomes: Sequence[Outcome]) -> None:
        """Log outcomes that a call has not recorded; cancel a call that has not ended."""
        if not call.has_ended:
            call.task.cancel()
            why = "is too slow"
        elif call.error is None:
            return
        elif isinstance(call.error, asyncio.CancelledError):
            why = "was cancelled"
        else:
            why = describe_error(call.error)
        report_loss(why, self._account, outcomes)


def report_loss(why: str, account: str, outcomes: Sequence[Outcome]) -> None:
    """Log that a journal has not recorded outcomes, and why."""
    # The outcomes still reach the caller; after a crash now, they count as ambiguous.
    log.critical(
        "the journal %s and lost %d outcomes of account %r",
        why,
        len(outcomes),
        account,
        extra=log_fields(
            account=account,
            count=len(outcomes),
            references=[each.reference for each in outcomes],
        ),
    )
