"""The results file: what was about to leave, and what became of it, line by line.

It is JSON Lines, only ever appended to, readable by its owner only:

* the first line says which file it belongs to: `omnimsg` ("send-many"), `version`, `file`,
  `sha256`, `batch` (what generated references begin with), `at`
* an intent, before a request leaves: `line`, `intent` (the reference), `account`, `at`
* an outcome, after it: `line`, `at`, `id` (what `omnimsg status` takes, or null), and the members
  of the outcome's own JSON form, `outcome` and `reference` among them
* a line that is no message: `line`, `at`, `bad` (a list of `field` and `why`)

Of several entries of a line the last one counts. An intent that nothing follows is a message that
may have been sent; the next run says so with an outcome `ambiguous`. Intents are on the disk before
their request leaves, outcomes with the next intents or at the end.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import orjson

from omnimsg.bulk.line_state import LineState, LineStates, line_state_of
from omnimsg.bulk.reader import Fingerprint, fingerprint
from omnimsg.domain.errors import OmnimsgError, Problem
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.serialization import outcome_to_json
from omnimsg.storage.append_log import AppendLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.journal import Attempt

_NAME, _VERSION = "send-many", 1
_DIED = "the process that was sending it ended before an answer was recorded"


class ResultsError(OmnimsgError):
    """A results file that cannot be used; after a semicolon, the text says what to do."""


class Results:
    """The results of one file, open for one process; a journal for the engine.

    Attributes:
        path: Where they are.
        batch: What the references of lines that give none begin with.
        standings: Where each line stands.
        breaks: Line breaks in the file of messages.
    """

    def __init__(self, path: Path, appender: AppendLog, *, batch: str, breaks: int) -> None:
        self.path = path
        self.batch = batch
        self.breaks = breaks
        self.standings: LineStates = LineStates()
        self._appender = appender
        # Only what is under way, by reference: the line, and the outcome that was noted last.
        self._lines: dict[str, int] = {}
        self._noted: dict[str, Outcome] = {}

    @classmethod
    def begin(cls, path: Path, source: Path) -> Self:
        """Start a results file for a file of messages.

        Raises:
            ResultsError: There is one already.
            OSError: It cannot be written, or the file of messages cannot be read.
        """
        mark = fingerprint(source)
        with _in_words(path):
            appender = AppendLog(path, new=True)
        return cls._headed(path, appender, source.name, mark)

    @classmethod
    def resume(cls, path: Path, source: Path) -> Self:
        """Take up the results file of a file of messages where it ended.

        Raises:
            ResultsError: It is missing, in use, damaged or no results file, or the file of messages
                has changed since.
            OSError: It cannot be written, or the file of messages cannot be read.
        """
        mark = fingerprint(source)
        with _in_words(path):
            appender = AppendLog(path, new=False)
        try:
            return cls._taken_up(path, appender, source.name, mark)
        except BaseException:
            appender.close()
            raise

    @classmethod
    def _taken_up(cls, path: Path, appender: AppendLog, name: str, mark: Fingerprint) -> Self:
        entries = _Entries(path)
        header = next(entries, None)
        if header is None:
            # It was killed before it had begun; nothing can have left.
            appender.cut(0)
            return cls._headed(path, appender, name, mark)
        batch = _batch(path, header, mark.sha256)
        results = cls(path, appender, batch=batch, breaks=mark.breaks)
        results._replay(entries)
        return results

    @classmethod
    def _headed(cls, path: Path, appender: AppendLog, name: str, mark: Fingerprint) -> Self:
        results = cls(path, appender, batch=secrets.token_hex(8), breaks=mark.breaks)
        results._note(
            {
                "omnimsg": _NAME,
                "version": _VERSION,
                "file": name,
                "sha256": mark.sha256,
                "batch": results.batch,
                "at": _now(),
            }
        )
        return results

    def reference_of(self, line: int) -> str:
        """Return the reference of a line that gives none: the same in every run."""
        return f"{self.batch}-{line}"

    def expect(self, reference: str, line: int) -> None:
        """Say which line a reference is, before its message is handed to the engine."""
        self._lines[reference] = line

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Record that messages are about to leave; it is on the disk when this returns.

        Raises:
            OSError: It cannot be recorded; nothing may leave.
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
            self._note(intent, owed=False)
        await self._appender.commit()
        for message in messages:
            self.standings[self._lines[message.reference]] = LineState.OPEN
        # A file of messages has one writer, which hands each of them over once.
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record what became of messages whose intent was recorded.

        What cannot be written now is written when the file is closed, or reported then.
        """
        del attempt  # lines are told apart by their references
        at = _now()
        for outcome in outcomes:
            self._settled(self._lines[outcome.reference], outcome, at)
            self._noted[outcome.reference] = outcome
        await self.flush()

    def conclude(self, outcome: Outcome) -> int:
        """Note the last word on a message, and return its line.

        What the engine settled is recorded already; what never came as far as a request is not.
        What did not leave because this file is broken stays untried, for a run that can record it.
        """
        line = self._lines.pop(outcome.reference)
        if self._noted.pop(outcome.reference, None) != outcome and self.broken is None:
            self._settled(line, outcome, _now())
        return line

    def bad(self, line: int, problems: Sequence[Problem]) -> None:
        """Note that a line is no message."""
        why = [{"field": each.path, "why": each.why} for each in problems]
        self._note({"line": line, "at": _now(), "bad": why})
        self.standings[line] = LineState.BAD

    async def flush(self) -> None:
        """Write what was noted; a failure shows as `broken`."""
        with suppress(OSError):
            await self._appender.flush()

    @property
    def broken(self) -> OSError | None:
        """Why nothing can leave any more: a write failed."""
        return self._appender.broken

    def close(self) -> None:
        """Write what is left, and let go of the file.

        Raises:
            OSError: It cannot be written; what became of the last messages is lost.
        """
        self._appender.close()

    def _settled(self, line: int, outcome: Outcome, at: str) -> None:
        said = outcome_to_json(outcome)
        # Its place among the messages of one run, which no other run would repeat.
        said.pop("position", None)
        found = outcome.id if isinstance(outcome, Accepted) else None
        self._note({"line": line, "at": at, "id": found, **said})
        self.standings[line] = line_state_of(said)

    def _note(self, entry: dict[str, Any], *, owed: bool = True) -> None:
        # What a provider said may hold keys that are no text, and numbers without bounds.
        option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
        self._appender.note(orjson.dumps(entry, default=str, option=option), owed=owed)

    def _replay(self, entries: _Entries) -> None:
        """Go through what earlier runs wrote, and say of what they left open that it is."""
        # At most what one run had under way, because each run closes what the one before left.
        opened: dict[int, tuple[str, str]] = {}
        for entry in entries:
            line = entry["line"]
            if "intent" in entry:
                opened[line] = entry["intent"], entry["account"]
                self.standings[line] = LineState.OPEN
                continue
            opened.pop(line, None)
            self.standings[line] = LineState.BAD if "bad" in entry else line_state_of(entry)
        self._appender.cut(entries.end)
        failure = Failure(reason=Reason.CONNECTION_LOST, retry=Retry.UNSAFE, detail=_DIED)
        for line, (reference, account) in opened.items():
            lost = Ambiguous(reference=reference, account=account, failure=failure)
            self._settled(line, lost, _now())


class _Entries:
    """The whole lines of a results file, checked as far as they are relied on.

    Attributes:
        end: Bytes up to the end of the last whole line that was read.
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
        entry = _entry(raw, first=self._number == 1)
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


def _entry(raw: bytes, *, first: bool) -> dict[str, Any] | None:
    """Read one line; `None` where it is not what this module writes."""
    try:
        entry = orjson.loads(raw)
        if first:
            return entry if entry["omnimsg"] == _NAME else None
        if type(entry["line"]) is not int or entry["line"] < 1:
            return None
        if "intent" in entry:
            return entry if isinstance(entry["intent"] + entry["account"], str) else None
        if "bad" not in entry:
            line_state_of(entry)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return entry  # type: ignore[no-any-return]  # a dict, or it would have raised


def _batch(path: Path, header: dict[str, Any], sha256: str) -> str:
    if header.get("version") != _VERSION or not isinstance(header.get("batch"), str):
        raise ResultsError(
            f"{path}: was written by another version of omnimsg; resume it with that"
        )
    if header.get("sha256") != sha256:
        raise ResultsError(
            f"{path}: the file of messages has changed since it was begun; restore it, or put what"
            " is new into a file of its own"
        )
    return header["batch"]  # type: ignore[no-any-return]  # text, as was just checked


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Say what the usual obstacles mean here."""
    try:
        yield
    except FileExistsError:
        raise ResultsError(
            f"{path}: exists already, so the file was sent before;"
            " --resume sends what is left of it, --results begins again elsewhere"
        ) from None
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise ResultsError(f"{path}: there is no such folder; make it first") from None
        raise ResultsError(
            f"{path}: no such results file to resume; leave out --resume to begin"
        ) from None
    except BlockingIOError:
        raise ResultsError(
            f"{path}: is in use by another process; wait until that has ended"
        ) from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
