"""Keeping the journal for one account: in time before a request leaves, and come what may after."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import anyio

from omnimsg.engine.attempt import classify
from omnimsg.engine.attempt.flow import blame, described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Verdict
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.journal import Journal

log: logging.Logger = logging.getLogger("omnimsg.engine")

# Seconds the journal gets to note an outcome.
LAST_WORDS = 5.0


class JournalWriter:
    """Tells a journal what is about to leave through an account, and what became of it."""

    def __init__(self, journal: Journal, account: str) -> None:
        self._journal = journal
        self._account = account

    async def intend(
        self, messages: Sequence[Message], deadline: Deadline
    ) -> tuple[Verdict, Failure] | None:
        """Record what is about to leave; say why nothing may where that fails."""
        writing = asyncio.create_task(_warned(self._journal, self._account, messages))
        writing.add_done_callback(_heard)
        in_time = False
        try:
            await asyncio.wait([writing], timeout=deadline.remaining())
            in_time = writing.done()
        finally:
            if not writing.done():
                writing.cancel()
                await _wait(writing)
        if not in_time:
            return classify.too_late("the deadline passed before the journal had it")
        try:
            writing.result()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it may raise anything
            return classify.internal(blame("the journal", error), left=False)
        return None

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes, also for a caller that is gone; what cannot be recorded is shouted."""
        writing = asyncio.create_task(_told(self._journal, outcomes))
        writing.add_done_callback(_heard)
        try:
            await _wait(writing)
        finally:
            # A cancellation of asyncio's own kind passes every shield: then wait once more.
            if not writing.done():
                await _wait(writing)
            if not writing.done():
                writing.cancel()
                self._lost(outcomes, "is too slow")
            elif writing.cancelled():
                self._lost(outcomes, "was cancelled")
            elif (error := writing.exception()) is not None:
                self._lost(outcomes, described(error))

    def _lost(self, outcomes: Sequence[Outcome], why: str) -> None:
        # The outcomes still reach the caller; after a crash now, they count as ambiguous.
        log.critical(
            "the journal %s and lost %d outcomes of account %r", why, len(outcomes), self._account
        )


async def _warned(journal: Journal, account: str, messages: Sequence[Message]) -> None:
    await journal.intend(account, messages)


async def _told(journal: Journal, outcomes: Sequence[Outcome]) -> None:
    await journal.settle(outcomes)


def _heard(task: asyncio.Future[None]) -> None:
    """Keep asyncio from logging an error that comes too late: it may quote a message."""
    if not task.cancelled():
        task.exception()


async def _wait(task: asyncio.Future[None]) -> None:
    with anyio.CancelScope(shield=True):
        await asyncio.wait([task], timeout=LAST_WORDS)
