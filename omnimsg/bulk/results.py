"""The results file: which lines were about to be sent, and the outcome of each.

It is an append-only JSON Lines file, readable by its owner only:

* the header, the first line: `omnimsg` ("send-many"), `version`, `file` and `sha256` (of the file
  of messages), `batch` (the prefix of generated references), `at`
* an intent, before a request is sent: `line`, `intent` (the reference), `account`, `at`
* an outcome, after the request: `line`, `at`, `id` (which `omnimsg status` takes, or null), and the
  members of the outcome's own JSON form, such as `outcome` and `reference`
* a bad line, which is not a message: `line`, `at`, `bad` (a list of `field` and `why`)

Of several entries of a line the last one counts. An intent without a later entry is a message that
may have been sent; the next run adds an outcome `ambiguous` for it. Intents are on the disk before
their request is sent; outcomes are written to the disk with the next intents or at the end.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import orjson

from omnimsg.bulk.line_state import LineState, LineStates, line_state_of
from omnimsg.bulk.source import fingerprint
from omnimsg.domain.errors import OmnimsgError, Problem
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.serialization import outcome_to_json
from omnimsg.storage.append_log import AppendLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from omnimsg.bulk.fingerprint import Fingerprint
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.journal import Attempt

_PROGRAM, _VERSION = "send-many", 1
_PROCESS_ENDED = "the process that was sending it ended before an answer was recorded"


class ResultsError(OmnimsgError):
    """A results file that cannot be used; after a semicolon, the text says what to do."""


class ResultsFile:
    """The results file of one file of messages, locked for this process; the engine's journal.

    Attributes:
        path: The path of the results file.
        reference_prefix: The prefix of the references of lines that have none.
        line_states: The state of each line.
        line_count: How many lines the file of messages has.
    """

    def __init__(self, path: Path, log: AppendLog, *, prefix: str, line_count: int) -> None:
        self.path = path
        self.reference_prefix = prefix
        self.line_count = line_count
        self.line_states: LineStates = LineStates()
        self._log = log
        # By reference, for messages that the engine has: the line, and the last recorded outcome.
        self._lines: dict[str, int] = {}
        self._recorded: dict[str, Outcome] = {}

    @classmethod
    def create(cls, path: Path, source: Path) -> Self:
        """Create the results file of a file of messages.

        Raises:
            ResultsError: The results file exists already.
            OSError: The results file cannot be written, or the file of messages cannot be read.
        """
        source_fingerprint = fingerprint(source)
        with _os_errors_explained(path):
            log = AppendLog(path, new=True)
        return cls._with_header(path, log, source.name, source_fingerprint)

    @classmethod
    def resume(cls, path: Path, source: Path) -> Self:
        """Open the results file that an earlier run created.

        Raises:
            ResultsError: It is missing, in use, damaged or not a results file, or the file of
                messages has changed since it was created.
            OSError: The results file cannot be written, or the file of messages cannot be read.
        """
        source_fingerprint = fingerprint(source)
        with _os_errors_explained(path):
            log = AppendLog(path, new=False)
        try:
            return cls._replayed(path, log, source.name, source_fingerprint)
        except BaseException:
            log.close()
            raise

    @classmethod
    def _replayed(cls, path: Path, log: AppendLog, name: str, source: Fingerprint) -> Self:
        entries = _Entries(path)
        header = next(entries, None)
        if header is None:
            # The process was killed before the header was whole: no message was sent.
            log.truncate(0)
            return cls._with_header(path, log, name, source)
        prefix = _checked_prefix(path, header, source.sha256)
        results = cls(path, log, prefix=prefix, line_count=source.line_count)
        results._replay(entries)
        return results

    @classmethod
    def _with_header(cls, path: Path, log: AppendLog, name: str, source: Fingerprint) -> Self:
        results = cls(path, log, prefix=secrets.token_hex(8), line_count=source.line_count)
        results._append(
            {
                "omnimsg": _PROGRAM,
                "version": _VERSION,
                "file": name,
                "sha256": source.sha256,
                "batch": results.reference_prefix,
                "at": _now(),
            }
        )
        return results

    def generated_reference(self, line: int) -> str:
        """Return the reference of a line that has none; it is the same in every run."""
        return f"{self.reference_prefix}-{line}"

    def register(self, reference: str, line: int) -> None:
        """Register the line of a reference; required before its message is given to the engine."""
        self._lines[reference] = line

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Record that messages are about to be sent; they are on the disk when this returns.

        Raises:
            OSError: They cannot be recorded, and must not be sent.
        """
        at = _now()
        for message in messages:
            line = self._lines[message.reference]
            intent = {
                "line": line,
                "intent": message.reference,
                "account": attempt.account,
                "at": at,
            }
            self._append({**intent, "at": at}, keep_on_failure=False)
        await self._log.commit()
        for message in messages:
            self.line_states[self._lines[message.reference]] = LineState.IN_FLIGHT
        # A file of messages has one writer, which hands each of them over once.
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record the outcomes of messages whose intent was recorded.

        A failed write is not raised here: it is tried again, and raised, by `close`.
        """
        del attempt  # lines are told apart by their references
        at = _now()
        for outcome in outcomes:
            self._record_outcome(self._lines[outcome.reference], outcome, at)
            self._recorded[outcome.reference] = outcome
        await self.flush()

    def record_final(self, outcome: Outcome) -> int:
        """Record the final outcome of a message, unless `settle` has, and return its line.

        A message that was not sent because this file cannot be written stays `UNTRIED`, so that
        another run sends it.
        """
        line = self._lines.pop(outcome.reference)
        if self._recorded.pop(outcome.reference, None) != outcome and self.write_error is None:
            self._record_outcome(line, outcome, _now())
        return line

    def record_bad_line(self, line: int, problems: Sequence[Problem]) -> None:
        """Record that a line is not a message."""
        why = [{"field": each.path, "why": each.why} for each in problems]
        self._append({"line": line, "at": _now(), "bad": why})
        self.line_states[line] = LineState.BAD

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

        Raises:
            OSError: The entries cannot be written; the last outcomes are lost.
        """
        self._log.close()

    def _record_outcome(self, line: int, outcome: Outcome, at: str) -> None:
        data = outcome_to_json(outcome)
        # The position among the messages of one run means nothing to another run.
        data.pop("position", None)
        message_id = outcome.id if isinstance(outcome, Accepted) else None
        self._append({"line": line, "at": at, "id": message_id, **data})
        self.line_states[line] = line_state_of(data)

    def _append(self, entry: dict[str, Any], *, keep_on_failure: bool = True) -> None:
        # A provider's raw answer may have keys that are not text, and unbounded numbers.
        option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
        line = orjson.dumps(entry, default=str, option=option)
        self._log.append(line, keep_on_failure=keep_on_failure)

    def _replay(self, entries: _Entries) -> None:
        """Read what earlier runs recorded, and record intents without an outcome as ambiguous."""
        # Bounded by what one run had in flight, because each run settles those of the one before.
        unsettled: dict[int, tuple[str, str]] = {}
        for entry in entries:
            line = entry["line"]
            if "intent" in entry:
                unsettled[line] = entry["intent"], entry["account"]
                self.line_states[line] = LineState.IN_FLIGHT
                continue
            unsettled.pop(line, None)
            self.line_states[line] = LineState.BAD if "bad" in entry else line_state_of(entry)
        self._log.truncate(entries.end)
        failure = Failure(reason=Reason.CONNECTION_LOST, retry=Retry.UNSAFE, detail=_PROCESS_ENDED)
        for line, (reference, account) in unsettled.items():
            lost = Ambiguous(reference=reference, account=account, failure=failure)
            self._record_outcome(line, lost, _now())


class _Entries:
    """The whole lines of a results file, parsed and validated as far as they are relied on.

    Attributes:
        end: The offset in bytes of the end of the last whole line that was read.

    Raises:
        ResultsError: While iterating: a line is not a valid entry.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = _whole_lines(path)
        self._number = 0
        self.end = 0

    def __iter__(self) -> _Entries:
        return self

    def __next__(self) -> dict[str, Any]:
        raw = next(self._raw)
        self._number += 1
        entry = _parse_entry(raw, header=self._number == 1)
        if entry is None:
            raise ResultsError(
                f"{self._path}: line {self._number} is damaged, or no line of a results file;"
                " name another file with --results"
            )
        self.end += len(raw)
        return entry


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for raw in file:
            if raw.endswith(b"\n"):
                yield raw


def _parse_entry(raw: bytes, *, header: bool) -> dict[str, Any] | None:
    """Parse one line; `None` where it is not an entry that this module writes."""
    try:
        entry = orjson.loads(raw)
        if header:
            return entry if entry["omnimsg"] == _PROGRAM else None
        if type(entry["line"]) is not int or entry["line"] < 1:
            return None
        if "intent" in entry:
            return entry if isinstance(entry["intent"] + entry["account"], str) else None
        if "bad" not in entry:
            line_state_of(entry)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return entry  # type: ignore[no-any-return]  # a dict, or it would have raised


def _checked_prefix(path: Path, header: dict[str, Any], sha256: str) -> str:
    """Return the prefix of generated references from a header that belongs to this source."""
    if header.get("version") != _VERSION or not isinstance(header.get("batch"), str):
        raise ResultsError(
            f"{path}: was written by another version of omnimsg; resume it with that version"
        )
    if header.get("sha256") != sha256:
        raise ResultsError(
            f"{path}: the file of messages has changed since the first run; restore it, or put new"
            " lines into a file of their own"
        )
    return header["batch"]  # type: ignore[no-any-return]  # text, as was just checked


@contextmanager
def _os_errors_explained(path: Path) -> Iterator[None]:
    """Turn the usual errors of opening a results file into `ResultsError`."""
    try:
        yield
    except FileExistsError:
        raise ResultsError(
            f"{path}: exists already, so the file was sent before;"
            " --resume sends the lines that are left, --results starts again with another file"
        ) from None
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise ResultsError(f"{path}: there is no such folder; make it first") from None
        raise ResultsError(
            f"{path}: no such results file to resume; leave out --resume to start"
        ) from None
    except BlockingIOError:
        raise ResultsError(
            f"{path}: is in use by another process; wait until that process has ended"
        ) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
