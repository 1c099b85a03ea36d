"""Call the journal of an account: in time before a request leaves, and in any case afterwards."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Rejected
from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.flow import BrokenFlow, describe_error, report_broken_contract

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from omnimsg.adapter import Verdict
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.journal import Attempt, Journal

T = TypeVar("T")

log: logging.Logger = logging.getLogger("omnimsg.engine")

# Seconds the journal gets to record outcomes, and to stop when it is cancelled.
SETTLE_TIMEOUT = 5.0

_OUTCOMES = (Accepted, Rejected, NotSent, Ambiguous)


class BrokenJournal(BrokenFlow):
    """A journal did what its contract forbids; the text is ours and safe to show."""


class JournalWriter:
    """Tells a journal what is about to leave through an account, and what became of it.

    Args:
        journal: The journal.
        account: The account's name.
        settle_timeout: Seconds the journal gets to record outcomes.
    """

    def __init__(
        self, journal: Journal, account: str, *, settle_timeout: float = SETTLE_TIMEOUT
    ) -> None:
        self._journal = journal
        self._account = account
        self._settle_timeout = settle_timeout
        self._process = os.getpid()

    async def intend(
        self, attempt: Attempt, messages: Sequence[Message], deadline: Deadline
    ) -> dict[int, Outcome] | tuple[Verdict, Failure]:
        """Record what is about to leave.

        Returns:
            The outcomes of the messages that must not leave, by index; or why none of them may.
        """
        writing = _start(_intend(self._journal, attempt, messages))
        in_time = False
        try:
            if not writing.done():
                await _take_turn()
            if not writing.done():
                await asyncio.wait([writing], timeout=deadline.remaining())
            in_time = writing.done()
        finally:
            if not writing.done():
                writing.add_done_callback(_retrieve_error)
                writing.cancel()
                await self._wait(writing)
            elif not in_time:
                # It has failed in the turn in which this call was cancelled.
                _retrieve_error(writing)
        if not in_time:
            return local_failures.deadline_exceeded("the deadline passed before the journal had it")
        try:
            return self._ended(writing.result(), messages)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it may raise anything
            detail = report_broken_contract("the journal", error)
            return classify.by_broken_contract(detail, left=False)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes, also for a caller that is gone; log what cannot be recorded.

        A forked process records nothing for its parent, which does it itself.
        """
        if os.getpid() != self._process:
            return
        writing = _start(_settle(self._journal, attempt, outcomes))
        try:
            try:
                if not writing.done():
                    await _take_turn()
            finally:
                if not writing.done():
                    # Before the waits, of which a cancellation each may end both.
                    writing.add_done_callback(_retrieve_error)
                    await self._wait(writing)
        finally:
            # asyncio's own cancellation passes every shield: then wait once more.
            if not writing.done():
                await self._wait(writing)
            if not writing.done():
                writing.cancel()
                self._log_lost(outcomes, "is too slow")
            elif writing.cancelled():
                self._log_lost(outcomes, "was cancelled")
            elif (error := writing.exception()) is not None:
                self._log_lost(outcomes, describe_error(error))

    def _ended(
        self, answers: Sequence[Outcome | None], messages: Sequence[Message]
    ) -> dict[int, Outcome]:
        """Return the outcomes among the journal's answers, by index, checked.

        Raises:
            BrokenJournal: They are not one per message, or an outcome is another message's.
        """
        if not isinstance(answers, (list, tuple)) or len(answers) != len(messages):
            raise BrokenJournal("must answer an intent with one entry per message")
        if answers.count(None) == len(answers):
            return {}
        ended: dict[int, Outcome] = {}
        for index, (answer, message) in enumerate(zip(answers, messages, strict=True)):
            if answer is None:
                continue
            if not isinstance(answer, _OUTCOMES) or (answer.reference, answer.account) != (
                message.reference,
                self._account,
            ):
                raise BrokenJournal("answered an intent with the outcome of another message")
            ended[index] = answer
        return ended

    async def _wait(self, task: asyncio.Future[Any]) -> None:
        with anyio.CancelScope(shield=True):
            await asyncio.wait([task], timeout=self._settle_timeout)

    def _log_lost(self, outcomes: Sequence[Outcome], why: str) -> None:
        # The outcomes still reach the caller; after a crash now, they count as ambiguous.
        log.critical(
            "the journal %s and lost %d outcomes of account %r",
            why,
            len(outcomes),
            self._account,
            extra=log_fields(
                account=self._account,
                count=len(outcomes),
                references=[each.reference for each in outcomes],
            ),
        )


def _start(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task of its own for the journal, which may ignore its cancellation.

    From Python 3.12 on its first step runs at once: of a journal that waits for nothing, such as
    one whose write is shared, that is all, and the event loop has nothing to do.
    """
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)
    return asyncio.create_task(work)


# Coroutines of our own around the journal's: a task takes no other kind of awaitable.
async def _intend(
    journal: Journal, attempt: Attempt, messages: Sequence[Message]
) -> Sequence[Outcome | None]:
    return await journal.intend(attempt, messages)


async def _settle(journal: Journal, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
    await journal.settle(attempt, outcomes)


async def _take_turn() -> None:
    """Wait for one turn of the event loop, in which a task that waits for nothing ends.

    Waiting for a task takes a timer and a scope, which cost many times as much.
    """
    await asyncio.sleep(0)


def _retrieve_error(task: asyncio.Future[Any]) -> None:
    """Keep asyncio from logging an error that comes too late: it may quote a message."""
    if not task.cancelled():
        task.exception()
