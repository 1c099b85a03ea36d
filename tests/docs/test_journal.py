"""The journal on "A journal" keeps the contract of journals, for two workers."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import examples
import pytest
from support.delivery import accepted, doubtful, message

from omnimsg import Attempt, Failure, NotSent, Reason, Retry
from omnimsg.testing import JournalConformance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg import Journal

DOCS = Path(__file__).parents[2] / "docs"

PAGE: dict[str, Any] = {"__name__": "page"}
exec(examples.examples(DOCS / "journal.md")[0].code, PAGE)  # noqa: S102 - the page's own code
ATTEMPT = Attempt(token="attempt-1", account="main", number=1)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the page's file be an empty one."""
    monkeypatch.chdir(tmp_path)


class TestSharedJournal(JournalConformance):
    """The journal of the page."""

    @asynccontextmanager
    async def open_journal(self) -> AsyncIterator[Journal]:
        """Open it for one worker."""
        yield PAGE["SharedJournal"]("worker-1")

    @asynccontextmanager
    async def open_second(self) -> AsyncIterator[Journal]:
        """Open it for another worker."""
        yield PAGE["SharedJournal"]("worker-2")


@pytest.mark.anyio
async def test_a_late_intent_reopens_nothing() -> None:
    """A message that was not sent is free for another worker, also if its intent came too late."""
    first, second = PAGE["SharedJournal"]("worker-1"), PAGE["SharedJournal"]("worker-2")
    late = Failure(reason=Reason.DEADLINE_EXCEEDED, retry=Retry.SAFE)
    await first.settle(ATTEMPT, [NotSent(reference="r1", account="main", failure=late)])
    await first.intend(ATTEMPT, [message("r1")])

    answers = await second.intend(Attempt(token="2", account="main", number=1), [message("r1")])

    assert [None] == answers


@pytest.mark.anyio
async def test_another_worker_gets_the_outcome() -> None:
    """A worker that is handed what another one has sent gets the other one's outcome."""
    first, second = PAGE["SharedJournal"]("worker-1"), PAGE["SharedJournal"]("worker-2")
    outcomes = [accepted("m1", "r1"), doubtful("r2")]
    messages = [message("r1"), message("r2")]
    await first.intend(ATTEMPT, messages)
    await first.settle(ATTEMPT, outcomes)

    answers = await second.intend(Attempt(token="2", account="main", number=1), messages)

    assert outcomes == answers


class _KilledError(Exception):
    """The process would have ended."""


@pytest.mark.anyio
async def test_the_killed_worker_records_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker that the page kills ends before an outcome is written, with what readers see."""

    def killed(_: int) -> None:
        raise _KilledError

    monkeypatch.setattr(os, "_exit", killed)

    with pytest.raises(_KilledError):
        await PAGE["KilledTooEarly"]("worker-0").settle(ATTEMPT, [accepted("m1", "r1")])
