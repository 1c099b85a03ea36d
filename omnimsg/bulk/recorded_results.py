"""Read a results file without a lock, also while a run writes it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from omnimsg.bulk.line_state import LineState, LineStates
from omnimsg.bulk.results_format import Entries, ResultsError, checked_header, state_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The reason of a line is stored as one byte; there are some fifty reasons.
_MAX_REASONS = 255
# Line numbers up to this one are believed, whatever the size of the results file: blank lines and
# texts of many lines have no entries. The states of so many lines take 20 MB.
_ALWAYS_BELIEVED = 10_000_000


class RecordedResults:
    """The last entry of each line of a results file.

    Args:
        path: The results file.

    Attributes:
        header: The header of the file.
        line_states: The state of each line; a line without an outcome yet is `IN_FLIGHT`.

    Raises:
        ResultsError: The file is missing, damaged or not a results file, or it has no results,
            because no message was sent.
        OSError: The file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.line_states: LineStates = LineStates()
        self._reasons: list[str] = [""]
        self._reason_indexes = bytearray()
        if not path.exists():
            raise ResultsError(
                f"{path}: no such results file; `omnimsg send-many` writes it, --results names"
                " another"
            )
        # A damaged, much higher line number must not allocate memory.
        self._max_line = max(path.stat().st_size, _ALWAYS_BELIEVED)
        if not path.is_file():
            raise ResultsError(f"{path}: is not a regular file; name another with --results")
        entries = Entries(path, self._max_line)
        header = next(entries, None)
        if header is None:
            raise ResultsError(f"{path}: has no results yet; no message was sent")
        self.header: dict[str, Any] = checked_header(path, header)
        if "refused" in header:
            raise ResultsError(
                f"{path}: the file was refused, and no message was sent: {header['refused']}"
            )
        for entry in entries:
            self._read(entry)

    def reason_of(self, line: int) -> str:
        """Return why the message of a line failed; empty if it did not."""
        index = self._reason_indexes[line] if line < len(self._reason_indexes) else 0
        return self._reasons[index]

    def reasons(self, *states: LineState) -> Counter[str]:
        """Count the reasons of the lines in these states."""
        return Counter(
            self.reason_of(line) for line, state in self.line_states.known() if state in states
        )

    def message_ids(self) -> Iterator[tuple[int, str | None]]:
        """Read the file again; yield each accepted line and its id, `None` without one.

        A line with fallback legs is yielded once for each accepted leg.
        """
        entries = Entries(self._path, self._max_line)
        next(entries)
        for entry in entries:
            line = entry["line"]
            accepted = entry.get("outcome") == "accepted"
            if accepted and self.line_states[line] is LineState.ACCEPTED:
                message_id = entry.get("id")
                yield line, message_id if isinstance(message_id, str) else None

    def _read(self, entry: dict[str, Any]) -> None:
        state = state_after(entry)
        if state is None:
            return
        line, failure = entry["line"], entry.get("failure")
        self.line_states[line] = state
        reason = str(failure.get("reason", "")) if isinstance(failure, dict) else ""
        if line >= len(self._reason_indexes):
            self._reason_indexes.extend(bytes(line + 1 - len(self._reason_indexes)))
        self._reason_indexes[line] = self._index_of(reason)

    def _index_of(self, reason: str) -> int:
        if reason not in self._reasons:
            if len(self._reasons) >= _MAX_REASONS:
                return 0
            self._reasons.append(reason)
        return self._reasons.index(reason)
