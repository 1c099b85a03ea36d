"""Call a `DirectJournal`, by plain calls and without a task for each."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeAlias

from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.eager_task import SharedTimeouts
from omnimsg.engine.attempt.flow import describe_error, report_failed_component
from omnimsg.engine.attempt.journal_writer import TOO_SLOW, JournalWriter, report_loss
from omnimsg.engine.journal import DirectJournal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.attempt.finding import Finding
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.journal import Attempt, Journal


class DirectWriter:
    """Does for a `DirectJournal` what `JournalWriter` does for any.

    Args:
        journal: The journal.
        account: The account's name.
    """

    def __init__(self, journal: DirectJournal, account: str) -> None:
        self._journal = journal
        self._account = account
        self._process = os.getpid()
        self._alarm = SharedTimeouts()

    async def intend(
        self, attempt: Attempt, messages: Sequence[Message], deadline: Deadline
    ) -> dict[int, Outcome] | Finding:
        """Record an intent, as `JournalWriter.intend` does; no message is ended."""
        try:
            written = self._journal.begin_intent(attempt, messages)
            self._alarm.set(written, deadline.remaining())
            try:
                is_written = await written
            except asyncio.CancelledError:
                self._journal.end_intent(messages)
                raise
            finally:
                self._alarm.clear(written)
            self._journal.end_intent(messages)
        except Exception as error:  # noqa: BLE001 - it may raise anything
            detail = report_failed_component("the journal", error)
            return classify.by_failed_component(detail)
        return {} if is_written else local_failures.deadline_exceeded(TOO_SLOW)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes, as `JournalWriter.settle` does."""
        del attempt  # a message is identified by its reference
        if os.getpid() != self._process:
            return
        try:
            self._journal.take_outcomes(outcomes)
        except Exception as error:  # noqa: BLE001 - it may raise anything
            report_loss(describe_error(error), self._account, outcomes)


Writer: TypeAlias = JournalWriter | DirectWriter


def writer_of(journal: Journal, account: str) -> Writer:
    """Return the writer that records an account in a journal."""
    if isinstance(journal, DirectJournal):
        return DirectWriter(journal, account)
    return JournalWriter(journal, account)
