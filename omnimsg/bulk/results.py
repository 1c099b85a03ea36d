"""The results file of a file of messages: append-only, readable by its owner only.

An intent is on the disk before its request is sent; outcomes are synced to the disk with the next
intents or at the end. `results_format` describes the lines.

A lock excludes other runs. A change by another program is detected at the next write: then nothing
more is sent, and the known states are written to a file `NAME.rescued` beside it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from omnimsg.bulk.earlier_runs import EarlierDoubts, killed_during, replay
from omnimsg.bulk.line_state import LineState, LineStates, line_state_of
from omnimsg.bulk.results_format import (
    LATER_LEG,
    Entries,
    checked_header,
    new_header,
    now,
    require_same_file,
    state_lines,
    to_line,
)
from omnimsg.bulk.results_opening import (
    nothing_was_tried,
    os_errors_explained,
    refuse_if_rescued,
    rescue_path,
)
from omnimsg.bulk.source import fingerprint
from omnimsg.domain.frozen_dict import EMPTY
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.serialization import outcome_to_json
from omnimsg.engine.journal import DirectJournal
from omnimsg.storage.append_log import AppendLog, LogChangedError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from omnimsg.bulk.fingerprint import Fingerprint
    from omnimsg.bulk.run_flags import Flags
    from omnimsg.domain.errors import Problem
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.journal import Attempt

_NOT_RECORDED: tuple[Outcome | None, int] = (None, 0)


class ResultsFile(DirectJournal):
    """The results file of one file of messages, locked for this process; the engine's journal.

    Attributes:
        path: The path of the results file.
        reference_prefix: The prefix of the references of lines that have none.
        line_states: The state of each line.
        line_count: How many lines the file of messages has.
        rescued_to: The file that `close` has written the known states to, because another program
            has changed the results file; `None` otherwise.
    """

    def __init__(
        self, path: Path, log: AppendLog, header: dict[str, Any], source: Fingerprint
    ) -> None:
        self.path = path
        self.reference_prefix: str = header["batch"]
        self.line_count: int = source.line_count
        self.line_states: LineStates = LineStates()
        self.rescued_to: Path | None = None
        self._header = header
        self._log = log
        # By reference, for messages in the engine: their line, ...
        self._lines: dict[str, int] = {}
        # ... and their last recorded outcome with its number in the log.
        self._recorded: dict[str, tuple[Outcome, int]] = {}
        # Numbers in the log: of the outcome that `record_final` got last, 0 unless `take_outcomes`
        # had recorded it; and of the last entry that neither intents nor `take_outcomes` wrote.
        self._settled = self._unsettled = 0
        self._with_legs: set[str] = set()
        self._doubts = EarlierDoubts()

    @classmethod
    def create(
        cls, path: Path, source: Path, *, known: Fingerprint | None = None, flags: Flags = EMPTY
    ) -> Self:
        """Create the results file of a file of messages.

        A results file of which no line was tried is replaced.

        Args:
            path: The results file.
            source: The file of messages.
            known: The fingerprint of the file of messages, if it was computed already.
            flags: The flags of the run, to record.

        Raises:
            ResultsError: The results file exists already.
            OSError: The results file cannot be written, or the file of messages cannot be read.
        """
        known = known or fingerprint(source)
        refuse_if_rescued(path)
        header = new_header(source.name, known.sha256, flags)
        with os_errors_explained(path):
            try:
                log = AppendLog(path, new=True, start=to_line(header))
            except FileExistsError:
                if not nothing_was_tried(path):
                    raise
                log = AppendLog(path, new=False)
                # Check again under the lock: another run may have started with the file meanwhile.
                if not nothing_was_tried(path):
                    log.close()
                    raise
                log.truncate(0, to_line(header))
        return cls(path, log, header, known)

    @classmethod
    def resume(
        cls, path: Path, source: Path, *, known: Fingerprint | None = None, flags: Flags = EMPTY
    ) -> Self:
        """Open the results file that an earlier run created.

        Args:
            path: The results file.
            source: The file of messages.
            known: The fingerprint of the file of messages, if it was computed already.
            flags: The flags of the run, to record if no run has; `refuse_other_flags` compares.

        Raises:
            ResultsError: The results file is missing, in use, damaged or not a results file, or the
                file of messages has changed since.
            OSError: The results file cannot be written, or the file of messages cannot be read.
        """
        known = known or fingerprint(source)
        refuse_if_rescued(path)
        with os_errors_explained(path):
            log = AppendLog(path, new=False)
        try:
            return cls._replayed(path, log, new_header(source.name, known.sha256, flags), known)
        except BaseException:
            log.close()
            raise

    @staticmethod
    def record_refusal(path: Path, source: Path, why: str) -> None:
        """Record in a new results file that the file of messages was refused before it was sent.

        Then both `create` and `resume` start anew, with the current file of messages.

        Raises:
            OSError: The results file exists already, or cannot be written.
        """
        header = new_header(source.name, fingerprint(source).sha256) | {"refused": why}
        AppendLog(path, new=True, start=to_line(header)).close()

    @classmethod
    def _replayed(
        cls, path: Path, log: AppendLog, fresh: dict[str, Any], source: Fingerprint
    ) -> Self:
        # No line number exceeds the size in bytes, because a blank line has one byte.
        entries = Entries(path, source.size)
        header = next(entries, None)
        is_untried = nothing_was_tried(path)
        if header is not None:
            require_same_file(path, checked_header(path, header), fresh, is_untried=is_untried)
        if header is None or is_untried:
            # Killed before the header was complete, or before a line was tried: nothing was sent.
            log.truncate(0, to_line(fresh))
            return cls(path, log, fresh, source)
        results = cls(path, log, header, source)
        results._replay(entries)
        return results

    def generated_reference(self, line: int) -> str:
        """Return the generated reference of a line, the same in every run."""
        return f"{self.reference_prefix}-{line}"

    def register(self, reference: str, line: int, *, has_legs: bool = False) -> None:
        """Register the line of a reference; required before its message is given to the engine.

        A message with fallback legs stays registered, because a leg may be sent after its outcome.
        """
        self._lines[reference] = line
        self._doubts.note(reference, self.line_states[line])
        if has_legs:
            self._with_legs.add(reference)

    def begin_intent(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> asyncio.Future[bool | None]:
        """Record that messages are about to be sent; the entries are durable when the future ends.

        No message is refused as a duplicate: one writer submits each message of the file once.

        Raises:
            OSError: By the future: the entries cannot be written, so nothing may be sent.
        """
        at = now()
        for message in messages:
            line = self._lines[message.reference]
            intent = {
                "line": line,
                "intent": message.reference,
                "account": attempt.account,
                "at": at,
                **self._leg_mark(message.reference),
            }
            self._append(intent, keep_on_failure=False)
        return self._log.begin_commit()

    def end_intent(self, messages: Sequence[Message]) -> None:
        """Set the lines of messages to `IN_FLIGHT`.

        Not done by `begin_intent`: the writing thread may also write an intent whose caller was
        cancelled.
        """
        for message in messages:
            if not self._leg_mark(message.reference):
                self.line_states[self._lines[message.reference]] = LineState.IN_FLIGHT

    def _leg_mark(self, reference: str) -> dict[str, bool]:
        """Return the `later_leg` member for a leg after an accepted one; empty for others."""
        if reference not in self._with_legs:
            return {}
        is_later = self.line_states[self._lines[reference]] is LineState.ACCEPTED
        return {LATER_LEG: True} if is_later else {}

    def take_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Record the outcomes of messages whose intent was recorded.

        They are written with the next entries, such as the intents of the next request;
        `is_told_too_early` says whether the last final one still waits for that. `close` repeats a
        failed write, and raises its error.
        """
        at = now()
        for outcome in outcomes:
            line = self._lines[outcome.reference]
            mark = self._leg_mark(outcome.reference)
            is_in_flight = self.line_states[line] is LineState.IN_FLIGHT
            if self.write_error is not None and not is_in_flight and not mark:
                # Not sent because its intent could not be written: another run must send it.
                continue
            kept = outcome if mark else self._doubts.keep(outcome)
            count = self._record_outcome(line, kept, at, mark)
            if not mark:
                self._recorded[outcome.reference] = outcome, count
        self._log.write_soon()

    def record_final(self, outcome: Outcome) -> tuple[int, Outcome]:
        """Record the final outcome of a message, unless recorded before.

        A message that was not sent because this file cannot be written stays `UNTRIED`, so that
        another run sends it. Return the line, and the outcome over all runs.
        """
        reference = outcome.reference
        line = self._lines[reference]
        if reference not in self._with_legs:
            del self._lines[reference]
        recorded, self._settled = self._recorded.pop(reference, _NOT_RECORDED)
        kept = self._doubts.end(outcome)
        if recorded is not outcome and recorded != outcome and self.write_error is None:
            self._unsettled = self._record_outcome(line, kept, now())
        return line, kept

    @property
    def is_told_too_early(self) -> bool:
        """Whether the outcome that `record_final` got last was recorded, but not written yet."""
        return self.write_error is None and not self._log.has_written(self._settled)

    def record_bad_line(self, line: int, problems: Sequence[Problem]) -> None:
        """Record that a line is not a message."""
        why = [{"field": each.path, "why": each.why} for each in problems]
        self._unsettled = self._append({"line": line, "at": now(), "bad": why})
        self.line_states[line] = LineState.BAD

    async def flush_unsettled(self) -> None:
        """Write the queue if it has an entry of a bad line or of a message without an attempt."""
        if not self._log.has_written(self._unsettled):
            await self.flush()

    async def flush(self) -> None:
        """Write the queued entries; a failure only sets `write_error`."""
        with suppress(OSError):
            await self._log.flush()

    @property
    def write_error(self) -> OSError | None:
        """The error of a failed write, after which no message may be sent; `None` without one."""
        return self._log.write_error

    def close(self) -> None:
        """Write the remaining entries, and close and unlock the file.

        If another program has changed the file, the known states are written to `rescued_to`.

        Raises:
            OSError: The entries cannot be written; the last outcomes are lost.
        """
        try:
            if self.rescued_to is None:
                self._log.finish()
        except LogChangedError:
            rescued = rescue_path(self.path)
            self._log.rescue(rescued, state_lines(self._header, self.line_states))
            self.rescued_to = rescued
        finally:
            self._log.close()

    def _record_outcome(
        self, line: int, outcome: Outcome, at: str, mark: Mapping[str, bool] | None = None
    ) -> int:
        data = outcome_to_json(outcome)
        # The position of a message within one run is meaningless in another run.
        data.pop("position", None)
        message_id = outcome.id if isinstance(outcome, Accepted) else None
        if not mark:
            self.line_states[line] = line_state_of(data)
        return self._append({"line": line, "at": at, "id": message_id, **data, **(mark or {})})

    def _append(self, entry: dict[str, Any], *, keep_on_failure: bool = True) -> int:
        return self._log.append(to_line(entry), keep_on_failure=keep_on_failure)

    def _replay(self, entries: Entries) -> None:
        """Read the entries of earlier runs, and record intents without an outcome as ambiguous."""
        unsettled = replay(entries, self.line_states)
        self._log.truncate(entries.end)
        for line, (reference, account) in unsettled.items():
            self._record_outcome(line, killed_during(reference, account), now())
