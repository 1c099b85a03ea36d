"""The format of a results file: an intent before each request, and an outcome after it.

The file is JSON Lines:

* the header, the first line: `omnimsg` ("send-many"), `version`, `file` and `sha256` (of the file
  of messages), `batch` (the prefix of generated references), `at`; `flags`, of the run, which
  `run_flags` describes and a file of an earlier version lacks; and `refused`, if the file of
  messages was refused as a whole and no line was tried
* an intent, before a request is sent: `line`, `intent` (the reference), `account`, `at`
* an outcome, after the request: `line`, `at`, `id` (the argument of `omnimsg status`, or null), and
  the members of the outcome's own JSON form, such as `outcome` and `reference`
* a bad line, which is not a message: `line`, `at`, `bad` (a list of `field` and `why`)

The last entry of a line decides its state. An intent without a later entry is a message that may
have been sent. Entries with `later_leg` are ignored: they are an intent or an outcome of a fallback
leg that follows an accepted one, and the line stays accepted.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from omnimsg.bulk.line_state import LineState, line_state_of
from omnimsg.bulk.run_flags import printable_path
from omnimsg.domain.errors import OmnimsgError
from omnimsg.domain.frozen_dict import EMPTY
from omnimsg.domain.reason import Reason, Retry
from omnimsg.json_codec import dumps_line, loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from omnimsg.bulk.line_state import LineStates
    from omnimsg.bulk.run_flags import Flags

PROGRAM, VERSION = "send-many", 1
LATER_LEG = "later_leg"
HEADER_START = b'{"omnimsg":"send-many"'
"""The first bytes of every results file."""
# A run creates the file with its header, so that only what happens to it later leaves it so.
EMPTY_FILE = (
    "is empty, as no run leaves it: another program has emptied it; restore it from a copy, or"
    " delete it to send every line"
)
# What no header holds: in a text, its quotes are escaped.
_ENTRY_START = b'{"line":'
# The largest header; the files that Linux can name have at most 4 KiB of a path.
_MAX_HEADER = 64 * 1024


class ResultsError(OmnimsgError):
    """A results file that cannot be used; after a semicolon, the text says what to do."""


def damaged(path: Path, line: int) -> ResultsError:
    """Return the error for a line that is not an entry."""
    # Not to start anew, which would text everybody twice.
    advice = "restore it from a copy, or name the right one; a new one would send every line again"
    return ResultsError(f"{path}: line {line} is damaged, or no line of a results file; {advice}")


class Entries:
    """Iterates over the complete lines of a results file, parsed; members in use are validated.

    Args:
        path: The results file.
        max_line: The highest line number that the file of messages can have.

    Attributes:
        end: The offset in bytes of the end of the last complete line that was read.

    Raises:
        ResultsError: While iterating: a line is not a valid entry.
    """

    def __init__(self, path: Path, max_line: int) -> None:
        self._path = path
        self._max_line = max_line
        self._raw = _whole_lines(path)
        self._number = 0
        self.end: int = 0

    def __iter__(self) -> Entries:
        return self

    def __next__(self) -> dict[str, Any]:
        raw = next(self._raw, None)
        if raw is None:
            if self._number == 0:
                _require_cut_header(self._path)
            raise StopIteration
        self._number += 1
        entry = _parse_entry(raw, self._max_line, header=self._number == 1)
        if entry is None:
            raise damaged(self._path, self._number)
        self.end += len(raw)
        return entry


def state_after(entry: Mapping[str, Any]) -> LineState | None:
    """Return the state of a line after an entry of it; `None` if the entry does not change it."""
    if LATER_LEG in entry:
        return None
    if "intent" in entry:
        return LineState.IN_FLIGHT
    return LineState.BAD if "bad" in entry else line_state_of(entry)


def new_header(name: str, sha256: str, flags: Flags = EMPTY) -> dict[str, Any]:
    """Return the header of a new results file.

    Args:
        name: The name of the file of messages.
        sha256: Its SHA-256, in hexadecimal digits.
        flags: The flags of the run.
    """
    return {
        "omnimsg": PROGRAM,
        "version": VERSION,
        "file": printable_path(name),
        "sha256": sha256,
        "batch": secrets.token_hex(8),
        "at": now(),
        "flags": dict(flags),
    }


def checked_header(path: Path, header: dict[str, Any]) -> dict[str, Any]:
    """Return the header, after a check that this version can read the file.

    Raises:
        ResultsError: Another version has written the file.
    """
    if header.get("version") != VERSION or not isinstance(header.get("batch"), str):
        raise ResultsError(
            f"{path}: was written by another version of omnimsg; resume it with that version"
        )
    return header


def require_same_file(
    path: Path, first: Mapping[str, Any], now: Mapping[str, Any], *, is_untried: bool
) -> None:
    """Refuse to resume with another file of messages than the first run.

    A file of which no line was tried may have been corrected since.

    Args:
        path: The results file.
        first: Its header.
        now: The header that a first run would write now.
        is_untried: Whether no line was tried.

    Raises:
        ResultsError: The results file belongs to another file, or that file has changed.
    """
    if first.get("sha256") == now["sha256"]:
        return
    if first.get("file") != now["file"]:
        raise ResultsError(
            f"{path}: belongs to another file, {first.get('file')}; name the right results file"
            " with --results"
        )
    if not is_untried:
        raise ResultsError(
            f"{path}: the file of messages has changed since the first run; restore it, or put new"
            " lines into a file of their own"
        )


def is_start_of_header(path: Path) -> bool:
    """Return whether a file begins as a results file does, or is the start of one."""
    with path.open("rb") as file:
        start = file.read(len(HEADER_START))
    return HEADER_START.startswith(start)


def _require_cut_header(path: Path) -> None:
    """Require that a file without a complete line is a header that a killed process left.

    One with entries is a results file whose line breaks another program has replaced: its messages
    were sent. So they may have been if it is empty.

    Raises:
        ResultsError: It is not.
    """
    with path.open("rb") as file:
        start = file.read(_MAX_HEADER)
    if not start:
        raise ResultsError(f"{path}: {EMPTY_FILE}")
    if not is_start_of_header(path) or _ENTRY_START in start:
        raise damaged(path, 1)


def to_line(entry: dict[str, Any]) -> bytes:
    """Convert an entry to a line."""
    # A provider's raw answer may have keys that are not text, and numbers of any size.
    return dumps_line(entry)


def now() -> str:
    """Return the current time in the format of entries."""
    return _time_of(time.time_ns() // 1_000_000)


@lru_cache(maxsize=1)  # many entries are made in one millisecond
def _time_of(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_LOST = "another program has changed the results file; only the state of the line is known"


def state_lines(header: dict[str, Any], states: LineStates) -> Iterator[bytes]:
    """Yield the lines of a results file that has only the state of each line."""
    yield to_line(header)
    for line, state in states.known():
        yield to_line(_entry_of_state(line, state))


def _entry_of_state(line: int, state: LineState) -> dict[str, Any]:
    """Return an entry that gives a line a state, for a line of which nothing else is known."""
    if state is LineState.BAD:
        return {"line": line, "at": now(), "bad": [{"field": "line", "why": _LOST}]}
    outcome, retry = {
        LineState.ACCEPTED: ("accepted", None),
        LineState.REJECTED: ("rejected", Retry.NEVER),
        LineState.NOT_SENT: ("not_sent", Retry.NEVER),
        LineState.RETRYABLE: ("not_sent", Retry.SAFE),
    }.get(state, ("ambiguous", Retry.UNSAFE))
    entry = {"line": line, "at": now(), "id": None, "outcome": outcome}
    if retry is None:
        return entry
    return {**entry, "failure": {"reason": Reason.UNKNOWN, "retry": retry, "detail": _LOST}}


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for raw in file:
            if raw.endswith(b"\n"):
                yield raw


def _parse_entry(raw: bytes, max_line: int, *, header: bool) -> dict[str, Any] | None:
    """Parse one line; `None` if it is not an entry of a results file."""
    try:
        entry: dict[str, Any] = loads(raw)
        if header:
            return entry if entry["omnimsg"] == PROGRAM else None
        if type(entry["line"]) is not int or not 1 <= entry["line"] <= max_line:
            return None
        if "intent" in entry:
            return entry if isinstance(entry["intent"] + entry["account"], str) else None
        if "bad" not in entry:
            line_state_of(entry)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return entry
