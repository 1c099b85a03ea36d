"""`BulkRun`: an outcome is recorded before it is told, and each line is counted once."""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.lowlevel
import pytest

from omnimsg.bulk import BulkRun, LineState, ResultsFile, open_message_file
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, NotSent
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.journal import Attempt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from omnimsg.client import Client
    from omnimsg.domain.errors import Problem
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

ATTEMPT = Attempt(token="1", account="main", number=1)


class Sender:
    """A client that accepts each message, and yields the outcome right after it is settled."""

    def __init__(self, results: ResultsFile) -> None:
        self._results = results

    async def send_many(
        self, messages: AsyncIterator[Message], **_: object
    ) -> AsyncIterator[Outcome]:
        """Record an intent and an acceptance for each message, and yield the outcome."""
        async for message in messages:
            await self._results.intend(ATTEMPT, [message])
            outcome = Accepted(reference=message.reference, account="main", provider_id="1")
            await self._results.settle(ATTEMPT, [outcome])
            yield outcome

    async def finish_legs(self, **_: object) -> int:
        """Return 0: no message has legs."""
        return 0


class Reading:
    """An observer that reads the results file at each outcome.

    Attributes:
        told: For each outcome the line's number, and whether the file had the outcome.
        stop: Is called at each outcome.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.told: list[tuple[int, bool]] = []
        self.stop: Callable[[], None] = lambda: None

    def on_skipped(self, line: int) -> None:
        """Do nothing: no line is skipped."""

    def on_bad_line(self, line: int, problems: Sequence[Problem]) -> None:
        """Do nothing: no line is bad."""

    def on_outcome(self, line: int, outcome: Outcome) -> None:
        """Note whether the file has the outcome."""
        entries: list[dict[str, Any]] = [
            json.loads(each) for each in self._path.read_bytes().splitlines()
        ]
        has_it = any(each.get("line") == line and "outcome" in each for each in entries)
        self.told.append((line, has_it))
        self.stop()

    def on_waiting(self, messages: int) -> None:
        """Do nothing."""


def file_of(folder: Path, lines: int) -> Path:
    """Write a file of equal messages, one on each line."""
    source = folder / "many.jsonl"
    line = {"to": "+27820000001", "content": {"type": "text", "text": "Hello"}}
    source.write_text(f"{json.dumps(line)}\n" * lines)
    return source


@pytest.mark.anyio
async def test_an_outcome_is_written_before_it_is_told(tmp_path: Path) -> None:
    """An outcome is in the results file before the observer is told of it."""
    source = file_of(tmp_path, 3)
    results = ResultsFile.create(tmp_path / "results.jsonl", source)
    observer = Reading(results.path)
    run = BulkRun(open_message_file(source), results, resend_ambiguous=False, observer=observer)

    await run.send(cast("Client", Sender(results)), account=None, deadline=10)
    results.close()

    assert [(1, True), (2, True), (3, True)] == observer.told


async def stopped_after_one(results: ResultsFile, source: Path) -> tuple[Reading, BulkRun]:
    """Run a file until its first outcome, and return what was told and the run."""
    observer = Reading(results.path)
    run = BulkRun(open_message_file(source), results, resend_ambiguous=False, observer=observer)
    observer.stop = run.stop
    await run.send(cast("Client", Sender(results)), account=None, deadline=10)
    results.close()
    return observer, run


class Refused(Sender):
    """A client that sends nothing, because no intent can be recorded."""

    async def send_many(
        self, messages: AsyncIterator[Message], **_: object
    ) -> AsyncIterator[Outcome]:
        """Fail to record an intent for each message, and yield that it was not sent."""
        failure = Failure(reason=Reason.UNKNOWN, retry=Retry.SAFE)
        async for message in messages:
            with suppress(OSError):
                await self._results.intend(ATTEMPT, [message])
            yield NotSent(reference=message.reference, account="main", failure=failure)


@pytest.mark.anyio
async def test_lines_that_cannot_be_recorded_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that was handed over and not sent, because of a full disk, is told to be left."""
    source = file_of(tmp_path, 3)
    results = ResultsFile.create(tmp_path / "results.jsonl", source)
    observer = Reading(results.path)
    run = BulkRun(open_message_file(source), results, resend_ambiguous=False, observer=observer)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        await run.send(cast("Client", Refused(results)), account=None, deadline=10)
    monkeypatch.undo()
    results.close()

    assert ([], 3, False) == (observer.told, run.lines_left, run.finished)


@pytest.mark.anyio
async def test_a_line_that_an_earlier_run_has_tried_is_not_left(tmp_path: Path) -> None:
    """A run that stops early has left the lines that no run has tried."""
    source = file_of(tmp_path, 6)
    results = ResultsFile.create(tmp_path / "results.jsonl", source)
    results.line_states[5] = LineState.AMBIGUOUS

    observer, run = await stopped_after_one(results, source)

    assert [(1, True)] == observer.told
    assert (4, False) == (run.lines_left, run.finished)


@pytest.mark.anyio
async def test_a_row_of_several_lines_is_reached_as_a_whole(tmp_path: Path) -> None:
    """The lines of a text with line breaks are not left, once its row was sent."""
    source = tmp_path / "many.csv"
    row = '+27820000001,"Hello,\nwe are\nclosed"\n'
    source.write_text(f"to,text\n{row}{row}+27820000002,Hello\n")
    results = ResultsFile.create(tmp_path / "results.jsonl", source)

    observer, run = await stopped_after_one(results, source)

    assert [(2, True)] == observer.told
    assert 4 == run.lines_left


@pytest.mark.anyio
@pytest.mark.parametrize("resend_ambiguous", [False, True])
async def test_which_lines_are_due(tmp_path: Path, resend_ambiguous: bool) -> None:
    """A line is sent if it is untried or may be retried, or is ambiguous and that was chosen."""
    source = file_of(tmp_path, len(LineState))
    results = ResultsFile.create(tmp_path / "results.jsonl", source)
    for state in LineState:
        results.line_states[state + 1] = state
    observer = Reading(results.path)
    file = open_message_file(source)
    run = BulkRun(file, results, resend_ambiguous=resend_ambiguous, observer=observer)

    await run.send(cast("Client", Sender(results)), account=None, deadline=10)
    results.close()

    due = [LineState.UNTRIED, LineState.RETRYABLE]
    due += [LineState.AMBIGUOUS] if resend_ambiguous else []
    assert [state + 1 for state in due] == [line for line, _ in observer.told]
    assert len(LineState) - len(due) == run.skipped


class Waiting(Sender):
    """A client with a message that waits for a fallback leg for ever."""

    async def finish_legs(self, **_: object) -> int:
        """Return 1."""
        await anyio.lowlevel.checkpoint()
        return 1


@pytest.mark.anyio
async def test_a_run_that_is_stopped_waits_for_no_leg(tmp_path: Path) -> None:
    """`stop` ends the wait for fallback legs at the end of the file."""
    source = file_of(tmp_path, 1)
    results = ResultsFile.create(tmp_path / "results.jsonl", source)

    class Stopping(Reading):
        def on_waiting(self, messages: int) -> None:
            run.stop()

    observer = Stopping(results.path)
    run = BulkRun(open_message_file(source), results, resend_ambiguous=False, observer=observer)

    with anyio.fail_after(20):
        await run.send(cast("Client", Waiting(results)), account=None, deadline=10)
    results.close()

    assert ([(1, True)], True) == (observer.told, run.finished)


@pytest.mark.anyio
async def test_a_line_that_is_no_message_keeps_no_reference(tmp_path: Path) -> None:
    """A later line may have the reference of a bad one, in each run of the file."""
    source = tmp_path / "many.jsonl"
    line = {"to": "+27820000001", "content": {"type": "text", "text": "Hello"}, "reference": "r"}
    source.write_text(f"{json.dumps({**line, 'to': '082'})}\n{json.dumps(line)}\n")
    results = ResultsFile.create(tmp_path / "results.jsonl", source)
    results.line_states[1] = LineState.BAD
    observer = Reading(results.path)
    run = BulkRun(open_message_file(source), results, resend_ambiguous=False, observer=observer)

    await run.send(cast("Client", Sender(results)), account=None, deadline=10)
    results.close()

    assert [(2, True)] == observer.told


@pytest.mark.anyio
async def test_a_line_in_doubt_that_is_not_read_now_stays_in_doubt(tmp_path: Path) -> None:
    """A line that an earlier run may have sent is not bad where this run cannot read it.

    An earlier run may have had a region, which makes its number one that can be read.
    """
    source = tmp_path / "many.csv"
    source.write_text("to,text\n082 000 1000,Hello\n082 000 1001,Hello\n")
    results = ResultsFile.create(tmp_path / "results.jsonl", source)
    results.line_states[2] = LineState.AMBIGUOUS
    observer = Reading(results.path)
    run = BulkRun(open_message_file(source), results, resend_ambiguous=True, observer=observer)

    await run.send(cast("Client", Sender(results)), account=None, deadline=10)
    results.close()

    assert [] == observer.told
    assert [LineState.AMBIGUOUS, LineState.BAD] == [results.line_states[line] for line in (2, 3)]
