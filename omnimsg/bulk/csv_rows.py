"""Read the rows of a CSV file so that a misplaced quote makes only its own row bad.

A quoted cell may span several lines. If such a cell never ends, or ends in the middle of a text,
its quote counts as misplaced: its line becomes a bad row, and reading continues with the next line.
If the cell ends as it should and one of its lines looks like a row, nobody knows which of the two
was meant: all its lines are bad, because a number in a text may be that of somebody else. The line
in which it ends may have the recipient behind it, so that line counts only if the first one looks
like a row too. So every line of a file belongs to one row, and no row disappears in the text of
another.
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
        is_doubtful: Whether the row may be a part of the cell of another row, or has such a cell.
    """

    number: int
    line_count: int
    cells: list[str]
    problem: str | None = None
    is_doubtful: bool = False


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
        # Of the row being parsed: its first further line that looks like a row of its own, or 0.
        self._row_like = 0
        # The first and the last line of a quoted cell with such a line.
        self._doubtful = (0, 0)
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
        opening, last = self._doubtful
        if number <= last:
            why = f"may belong to the quoted cell of line {opening}, or be a row of its own"
            return self._bad_row(line, why, is_doubtful=True)
        if '"' not in line:
            self._next_number += 1
            return Row(number, 1, _without_line_break(line).split(self.delimiter))
        taken = [line]
        self._row_like = 0
        try:
            cells = self._parse(taken)
        except _QuoteError as error:
            why = str(error)
            if self._row_like:
                why = (
                    "a cell has an opening quote and no closing quote before line"
                    f" {self._row_like}, which looks like a row of its own"
                )
        else:
            if not self._row_like:
                self._next_number += len(taken)
                return Row(number, len(taken), cells)
            last = self._line(taken)
            self._doubtful = number, last
            why = (
                f"a quoted cell that ends in line {last} contains line {self._row_like}, which"
                " looks like a row of its own; correct the quote, or send such a text in JSON Lines"
            )
        self._pushed_back.extendleft(reversed(taken[1:]))
        return self._bad_row(line, why, is_doubtful=number == self._doubtful[0])

    def _bad_row(self, line: str, why: str, *, is_doubtful: bool) -> Row:
        """Return the row of a single line that is bad."""
        self._next_number += 1
        pieces = _without_line_break(line).split(self.delimiter)
        return Row(self._next_number - 1, 1, pieces, why, is_doubtful)

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
                if cell.lstrip().startswith('"'):
                    raise _QuoteError(
                        "a space stands before the opening quote of a cell; remove the space"
                    )
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
        # A line with a quote may end the cell, and have the row's recipient behind it.
        rows = [line] if '"' not in line else [line, taken[0]]
        if not self._row_like and all(map(self._looks_like_row, rows)):
            self._row_like = self._line(taken)
        if self.width is not None and position > self.width:
            raise _QuoteError(
                "an opening quote stands in a cell beyond the last column of the header"
            )

    def _looks_like_row(self, line: str) -> bool:
        return self.looks_like_row(_without_line_break(line).split(self.delimiter))

    def _line(self, taken: list[str]) -> int:
        """Return the line number of the last line of the row so far."""
        return self._next_number + len(taken) - 1


class _QuoteError(Exception):
    """A quote is misplaced; the text describes its effect."""


def _without_line_break(line: str) -> str:
    if line.endswith("\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(("\n", "\r")) else line
