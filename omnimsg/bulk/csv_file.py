"""A CSV file of messages: its header, and its rows as messages in the JSON form."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, ClassVar

import attrs

from omnimsg.bulk import source as source_module
from omnimsg.bulk.column_names import column_of_path, normalized, shown_name, visible_name
from omnimsg.bulk.csv_columns import CellError, Columns
from omnimsg.bulk.csv_rows import Row, RowReader
from omnimsg.bulk.line import FileFormatError, Line, WrongInputError, bad_line
from omnimsg.bulk.recipient_guess import looks_like_recipient
from omnimsg.domain.errors import Problem
from omnimsg.domain.validate import is_unicode

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from omnimsg.bulk.source import Source

# How many rows are checked for a recipient before the file is accepted, or searched for the names
# of the columns before it is refused.
_HEAD_ROWS = 20
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'"?sep=(.*?)"?', re.IGNORECASE)
_BLANK_ROW = ' \t\r\n,;|"\u00a0'
# A cell of nothing but these is blank too: the end of a file of DOS, and marks that nobody sees.
_BLANK_CELL = " \t\r\n\u00a0\x1a\u200b\ufeff"
_OWN_FILE = "put the rows below it into a file of their own"
_HEADER_AGAIN = f"is a header with other columns than the first one; {_OWN_FILE}"
_BELOW_HEADER = (
    "stands below the header of line {}, which has other columns; put it into another file"
)
# Replaces a line that was cut off. No other line contains a high surrogate: `surrogateescape` makes
# low ones.
_TOO_LONG = "\ud800"


class CsvFile:
    """A CSV file with a header.

    Args:
        source: The file.

    Attributes:
        header: The cells of the header row, as they are in the file, without the blank ones at its
            end: a spreadsheet makes all rows as wide as the widest.
        delimiter: The character between two cells.
        names_delimiter: Whether a first line such as `sep=;` names the delimiter.
        kept: The names of the columns that are kept as metadata only.

    Raises:
        FileFormatError: The header is wrong.
        FileChangedError: The file has changed since its fingerprint was computed.
        OSError: The file cannot be read.
    """

    format = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def __init__(self, source: Source) -> None:
        self.source = source
        renamed = source.options.renamed.items()
        self._recipient_names = {"to"} | {
            normalized(name) for name, column in renamed if normalized(column) == "to"
        }
        self.names_delimiter: bool = False
        reader, header = self._open()
        self.header: list[str] = header.cells
        self.header_line_count: int = header.number + header.line_count - 1
        self.delimiter: str = reader.delimiter
        self._check_is_header()
        try:
            self._columns = Columns(
                self.header, renamed=source.options.renamed, text=source.options.text
            )
        except ValueError as error:
            self._check_is_first_header(reader)
            what = str(error)
            if what.startswith("--"):
                raise WrongInputError(what) from None
            raise FileFormatError(f"header: {what}") from None
        del self.header[self._columns.width :]
        self._names = _names_of(self.header)
        self.kept: tuple[str, ...] = self._columns.kept
        self._use_columns(reader)
        self._check_recipients(list(islice(reader, _HEAD_ROWS)))

    def read(self) -> Iterator[Line]:
        """Read the file from its start.

        Raises:
            FileChangedError: The file has changed since its fingerprint was computed.
            OSError: The file cannot be read.
        """
        reader, _ = self._open()
        self._use_columns(reader)
        other_header = 0
        for row in reader:
            if row.problem is not None:
                line = bad_line(row.number, row.problem, source=row.cells)
                yield attrs.evolve(line, is_misread=row.is_doubtful)
            elif _is_blank(row.cells):
                continue
            elif self._is_header_again(row.cells):
                # The file was put together from several.
                is_same = self._names == _names_of(row.cells)
                other_header = 0 if is_same else row.number
                if other_header:
                    yield _misread(row, _HEADER_AGAIN)
            elif other_header:
                yield _misread(row, _BELOW_HEADER.format(other_header))
            elif not self._names_delimiter_again(row.cells):
                yield self._parse(row)

    def field_of(self, path: str) -> str:
        """Return the name of the column that fills a path of the JSON form."""
        return column_of_path(path)

    def similar_metadata(self, key: str) -> str | None:
        """Return the column of metadata that differs from `key` in capitals or spaces only."""
        return self._columns.similar_metadata(key)

    def _open(self) -> tuple[RowReader, Row]:
        """Open the file and read its header, which may follow blank rows and a line `sep=;`."""
        lines = self._decoded_lines()
        number, first, delimiter = 1, next(lines, ""), None
        while first:
            named = None if delimiter else _separator_of(first)
            if named is None and first.strip(_BLANK_ROW):
                break
            delimiter = named or delimiter
            self.names_delimiter = delimiter is not None
            number, first = number + 1, next(lines, "")
        # A line break in a cell of the header: its row goes on.
        head = [first, *islice(lines, _HEAD_ROWS if first.count('"') % 2 else 0)]
        delimiter = delimiter or _delimiter_of(head, self._recipient_names)
        reader = _reader(chain(head, lines), delimiter, number)
        header = next(reader)
        if header.problem is not None:
            raise FileFormatError(f"header: {header.problem}")
        if _is_undecodable(header.cells):
            raise FileFormatError(f"its header {self.source.not_in_encoding()}")
        return reader, header

    def _decoded_lines(self) -> Iterator[str]:
        limit = source_module.MAX_LINE_BYTES
        for line in self.source.lines():
            yield _TOO_LONG if len(line) >= limit else line.decode(errors="surrogateescape")

    def _use_columns(self, reader: RowReader) -> None:
        reader.width = self._columns.width
        reader.looks_like_row = self._columns.looks_like_row

    def _is_header_again(self, cells: list[str]) -> bool:
        """Return whether a row is a header: it names the recipient and another column."""
        to = cells[self._columns.to_index] if len(cells) > self._columns.to_index else ""
        if to.startswith("+") or "@" in to:
            return False
        names = set(_names_of(cells))
        known = names.intersection(self._names)
        return self._names[self._columns.to_index] in known and len(known) >= min(
            2, len(self._names)
        )

    def _names_delimiter_again(self, cells: list[str]) -> bool:
        """Return whether a row is the line `sep=;` of a file that was put behind another one."""
        if cells[0][:4].lower() != "sep=":
            return False
        return self.delimiter.join(cells).rstrip(" ").lower() == f"sep={self.delimiter}"

    def _check_is_header(self) -> None:
        if any(map(looks_like_recipient, self.header)):
            raise FileFormatError(
                "the first line is no header, because it holds a recipient;"
                " write a header such as to,text above it"
            )

    def _check_is_first_header(self, rows: Iterator[Row]) -> None:
        """Refuse a file with a title or a comment above its header."""
        if _names_recipient(self.header, self._recipient_names):
            return
        for row in islice(rows, _HEAD_ROWS):
            # The delimiter of a title is not that of the table, or it has none.
            line = self.delimiter.join(row.cells)
            candidates = (row.cells, *map(line.split, _DELIMITERS))
            if any(_names_recipient(each, {"to"}) for each in candidates):
                raise FileFormatError(
                    f"header: line {row.number} has the names of the columns;"
                    " delete the lines above it"
                )

    def _check_recipients(self, rows: list[Row]) -> None:
        """Refuse a file whose recipients are in another column than `to`."""
        found = [row.cells for row in rows if row.problem is None and not _is_blank(row.cells)]
        full = [cells for cells in found if len(cells) >= self._columns.width]
        to_index = self._columns.to_index
        if not full or any(looks_like_recipient(cells[to_index]) for cells in full):
            return
        for index in range(self._columns.width):
            if all(looks_like_recipient(cells[index]) for cells in full):
                raise FileFormatError(
                    f"column {shown_name(visible_name(self.header[to_index]))} has no recipient in"
                    " the first rows, but column"
                    f" {shown_name(visible_name(self.header[index]))} has; name that one 'to'"
                )

    def _parse(self, row: Row) -> Line:
        def bad(why: str) -> Line:
            return bad_line(row.number, why, line_count=row.line_count, source=row.cells)

        if _is_undecodable(row.cells):
            if row.cells == [_TOO_LONG]:
                return bad(f"has {source_module.MAX_LINE_BYTES} bytes or more")
            return bad(f"is not {self.source.encoding_name}")
        try:
            data = self._columns.row_to_json(row.cells)
        except CellError as error:
            problems = tuple(Problem("line", why) for why in error.problems)
            return attrs.evolve(bad(""), problems=problems, others=error.others)
        except ValueError as error:
            return bad(str(error))
        return Line(row.number, data, line_count=row.line_count, source=row.cells)


def _misread(row: Row, why: str) -> Line:
    """Return the line of a row whose cells may be others than were meant."""
    line = bad_line(row.number, why, line_count=row.line_count, source=row.cells)
    return attrs.evolve(line, is_misread=True)


def _separator_of(line: str) -> str | None:
    """Return the delimiter that a first line such as `sep=;` names, as Excel reads it."""
    match = _SEPARATOR_LINE.fullmatch(line.strip(" \r\n"))
    if match is None:
        return None
    if match[1] not in ("", *_DELIMITERS):
        raise FileFormatError(
            f"its first line is sep= with the delimiter {match[1][:3]!r}, which is not known;"
            " delete that line, or name a comma, a semicolon, a tab or |"
        )
    return match[1]


def _reader(lines: Iterable[str], delimiter: str, number: int) -> RowReader:
    """Return a reader for which each line with a recipient is a row."""
    reader = RowReader(lines, delimiter, number)
    reader.looks_like_row = lambda pieces: any(map(looks_like_recipient, pieces))
    return reader


def _delimiter_of(head: list[str], recipient_names: Container[str]) -> str:
    """Return the delimiter that makes a header of the first lines, or else the most cells."""

    def fitness(delimiter: str) -> tuple[bool, bool, int]:
        row = next(_reader(head, delimiter, 1))
        is_header = row.problem is None and _names_recipient(row.cells, recipient_names)
        return is_header, row.problem is None, len(row.cells)

    return max(_DELIMITERS, key=fitness)


def _names_recipient(cells: list[str], names: Container[str]) -> bool:
    """Return whether cells may be a header: one names the recipient, and none is one."""
    is_named = any(normalized(visible_name(cell)) in names for cell in cells)
    return is_named and not any(map(looks_like_recipient, cells))


def _names_of(cells: list[str]) -> list[str]:
    """Return the names in a header as they are compared, without blank ones at its end."""
    names = [normalized(visible_name(cell).strip('"')) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _is_blank(cells: list[str]) -> bool:
    return not any(each.strip() and each.strip(_BLANK_CELL) for each in cells)


def _is_undecodable(cells: list[str]) -> bool:
    """Return whether cells have a lone surrogate, which stands for an undecodable byte."""
    return not all(map(str.isascii, cells)) and not all(map(is_unicode, cells))
