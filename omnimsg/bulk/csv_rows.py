"""Read the rows of a CSV file so that a misplaced quote makes only its own row bad.

A quoted cell may span several lines. If such a cell never ends, ends in the middle of a text, or
has further lines that look like rows, its quote counts as misplaced: its line becomes a bad row,
and reading continues with the next line. So every line of a file belongs to one row, and no row
disappears in the text of another.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# The limits of one cell that spans several lines.
_MAX_CELL_LINES = 10_000
_MAX_CELL_CHARACTERS = 4 * 1024 * 1024

UNCORRECTED = "empty this cell once the row is corrected"
"""The cell behind a row of `omnimsg results --failed` that must not be sent as it is."""

# Everything up to the quote that ends a cell; a doubled quote does not end it.
_QUOTED = re.compile(r'[^"]*+(?:""[^"]*+)*+')


@attrs.frozen
class Row:
    """One row of a CSV file.

    Attributes:
        number: The number of the row's first line in the file, from 1.
        line_count: How many lines the row has.
        cells: The cells; for a bad row, its line split at the delimiters.
        problem: Why the row is bad; `None` for a good row.
    """

    number: int
    line_count: int
    cells: list[str]
    problem: str | None = None


class RowReader:
    """Reads rows from the lines of a file.

    Args:
        lines: The lines, with their line breaks; a lone surrogate stands for an undecodable byte.
        delimiter: The character between two cells.
        first_number: The number of the first line.

    Attributes:
        delimiter: The character between two cells.
        width: How many cells a row has; a row that spans lines must have this many, and no further
            filled ones but the mark of an uncorrected row.
        looks_like_row: Whether a single line, split at its delimiters, looks like a row.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, first_number: int = 1) -> None:
        self._lines = iter(lines)
        self._next_number = first_number
        # Lines that were read ahead and belong to later rows.
        self._pushed_back: deque[str] = deque()
        self.delimiter = delimiter
        self.width: int | None = None
        self.looks_like_row: Callable[[list[str]], bool] = lambda _: False

    def __iter__(self) -> RowReader:
        return self

    def __next__(self) -> Row:
        """Read the next row.

        Raises:
            StopIteration: There are no more lines.
        """
        number, line = self._next_number, self._next_line()
        if line is None:
            raise StopIteration
        if '"' not in line:
            self._next_number += 1
            return Row(number, 1, _without_line_break(line).split(self.delimiter))
        taken = [line]
        try:
            cells = self._parse(taken)
        except _QuoteError as error:
            self._pushed_back.extendleft(reversed(taken[1:]))
            self._next_number += 1
            pieces = _without_line_break(line).split(self.delimiter)
            return Row(number, 1, pieces, str(error))
        self._next_number += len(taken)
        return Row(number, len(taken), cells)

    def _next_line(self) -> str | None:
        return self._pushed_back.popleft() if self._pushed_back else next(self._lines, None)

    def _parse(self, taken: list[str]) -> list[str]:
        """Parse a row, reading further lines while a cell continues.

        Raises:
            _QuoteError: A quote is misplaced.
        """
        cells: list[str] = []
        text, start = _without_line_break(taken[-1]), 0
        while True:
            if text.startswith('"', start):
                cell, text, start = self._quoted(taken, start + 1, len(cells) + 1)
                if start < len(text) and text[start] != self.delimiter:
                    raise _QuoteError(
                        "text follows the closing quote of a cell; write a quote in a cell twice"
                    )
            else:
                end = text.find(self.delimiter, start)
                end = len(text) if end < 0 else end
                cell, start = text[start:end], end
            cells.append(cell)
            if start == len(text):
                break
            start += 1
        if len(taken) > 1 and self.width is not None:
            surplus = "".join(cells[self.width :]).strip()
            if surplus not in ("", UNCORRECTED) or len(cells) < self.width:
                last = self._line(taken)
                raise _QuoteError(
                    f"a quote joins the lines up to line {last} into a row of the wrong width"
                )
        return cells

    def _quoted(self, taken: list[str], start: int, position: int) -> tuple[str, str, int]:
        """Parse a cell after its first quote.

        Args:
            taken: The lines of the row so far.
            start: The index after the quote in the last of them.
            position: The position of the cell in its row, from 1.

        Returns:
            The cell, the line that it ends in, and the index after its last quote.
        """
        pieces: list[str] = []
        size = 0
        while True:
            whole = taken[-1]
            match = _QUOTED.match(whole, start)
            assert match is not None  # noqa: S101 - it matches an empty text too
            pieces.append(match[0])
            size += len(match[0])
            if match.end() < len(whole):
                cell = "".join(pieces).replace('""', '"')
                return cell, _without_line_break(whole), match.end() + 1
            if size > _MAX_CELL_CHARACTERS or len(taken) > _MAX_CELL_LINES:
                raise _QuoteError("a cell is too long, so its closing quote must be missing")
            self._take_line(taken, position)
            start = 0

    def _take_line(self, taken: list[str], position: int) -> None:
        """Append the next line of a cell that continues there."""
        line = self._next_line()
        if line is None:
            raise _QuoteError("a cell has an opening quote and no closing quote")
        taken.append(line)
        pieces = _without_line_break(line).split(self.delimiter)
        if self.looks_like_row(pieces):
            raise _QuoteError(
                "a cell has an opening quote and no closing quote before line"
                f" {self._line(taken)}, which looks like a row of its own"
            )
        if self.width is not None and position > self.width:
            raise _QuoteError(
                "an opening quote stands in a cell beyond the last column of the header"
            )

    def _line(self, taken: list[str]) -> int:
        """Return the line number of the last line of the row so far."""
        return self._next_number + len(taken) - 1


class _QuoteError(Exception):
    """A quote is misplaced; the text describes its effect."""


def _without_line_break(line: str) -> str:
    if line.endswith("\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(("\n", "\r")) else line
