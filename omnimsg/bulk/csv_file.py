"""A CSV file of messages: its header, and its rows as messages in the JSON form."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, ClassVar

import attrs

from omnimsg.bulk import source as source_module
from omnimsg.bulk.column_names import column_of_path, shown_name, visible_name
from omnimsg.bulk.csv_columns import CellError, Columns
from omnimsg.bulk.csv_rows import Row, RowReader
from omnimsg.bulk.line import FileFormatError, Line, WrongInputError, bad_line
from omnimsg.bulk.recipient_guess import looks_like_recipient
from omnimsg.domain.errors import Problem
from omnimsg.domain.validate import is_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.bulk.source import Source

# How many rows are checked for a recipient before the file is accepted, or searched for the names
# of the columns before it is refused.
_HEAD_ROWS = 20
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'"?sep=(.*?)"?', re.IGNORECASE)
_BLANK_ROW = ' \t\r\n,;"\u00a0'
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
        for row in reader:
            if row.problem is not None:
                yield bad_line(row.number, row.problem, source=row.cells)
            elif not _is_blank(row.cells):
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
        reader = RowReader(chain((first,), lines), delimiter or _delimiter_of(first), number)
        reader.looks_like_row = lambda pieces: any(map(looks_like_recipient, pieces))
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

    def _check_is_header(self) -> None:
        if any(map(looks_like_recipient, self.header)):
            raise FileFormatError(
                "the first line is no header, because it holds a recipient;"
                " write a header such as to,text above it"
            )

    def _check_is_first_header(self, rows: Iterator[Row]) -> None:
        """Refuse a file with a title or a comment above its header."""
        if _names_recipient(self.header):
            return
        for row in islice(rows, _HEAD_ROWS):
            # The delimiter of a title is not that of the table, or it has none.
            line = self.delimiter.join(row.cells)
            if _names_recipient(row.cells) or _names_recipient(line.split(_delimiter_of(line))):
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


def _delimiter_of(header: str) -> str:
    """Return the most frequent delimiter of the header: no name of a column contains one."""
    return max(_DELIMITERS, key=header.count)


def _names_recipient(cells: list[str]) -> bool:
    """Return whether cells may be a header: one is `to`, and none is a recipient, as in a row."""
    is_named = any(visible_name(cell).lower() == "to" for cell in cells)
    return is_named and not any(map(looks_like_recipient, cells))


def _is_blank(cells: list[str]) -> bool:
    return not any(map(str.strip, cells))


def _is_undecodable(cells: list[str]) -> bool:
    """Return whether cells have a lone surrogate, which stands for an undecodable byte."""
    return not all(map(str.isascii, cells)) and not all(map(is_unicode, cells))
