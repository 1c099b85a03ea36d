"""Read a file of messages, one line at a time.

* JSON Lines (`.jsonl`, `.ndjson`): each line is one message, an object in the JSON form
* CSV (`.csv`, `.tsv`): a header, then each row is one message; `csv_columns` describes the columns.
  The delimiter is the comma, semicolon or tab that the header has most of

Both are UTF-8, with or without a byte order mark. Blank lines are skipped, but count in line
numbers. A line that cannot be read is reported and does not stop the lines after it.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import os
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Protocol

import attrs
import orjson

from omnimsg.bulk.csv_columns import Columns
from omnimsg.domain.errors import OmnimsgError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# The limit of one line, in bytes. A message may contain inline files, but not this many.
MAX_LINE_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class FileFormatError(OmnimsgError):
    """The file cannot be read as messages at all; the text says what is wrong with it."""


@attrs.frozen
class Line:
    """One message of a file, as read.

    Attributes:
        number: The number of its first line in the file, from 1.
        data: The message in the JSON form, not yet validated; `None` where it cannot be read.
        problems: Why it cannot be read; empty where it can.
    """

    number: int
    data: Any = None
    problems: tuple[Problem, ...] = ()


class MessageFile(Protocol):
    """A file of messages."""

    format: str
    """`jsonl` or `csv`."""

    def read(self) -> Iterator[Line]:
        """Read the file from its start, in memory bounded by its longest line."""

    def field_of(self, path: str) -> str:
        """Return the name by which the file's author knows a path of the JSON form."""


def open_message_file(path: Path) -> MessageFile:
    """Choose the reader of a file by its name; of a CSV file, check the header.

    Raises:
        FileFormatError: The suffix of the name is unknown, the path is not a regular file, or the
            header is wrong.
        OSError: The file cannot be read.
    """
    if not path.is_file():
        if path.exists():
            raise FileFormatError("is no regular file, and could not be read again to resume")
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    for kind in (JsonLinesFile, CsvFile):
        if path.suffix.lower() in kind.suffixes:
            return kind(path)
    known = ", ".join([*JsonLinesFile.suffixes, *CsvFile.suffixes])
    raise FileFormatError(f"its name does not tell its format; let it end in one of {known}")


@attrs.frozen
class Fingerprint:
    """The digest and length of a file.

    Attributes:
        sha256: The SHA-256 of its bytes, in hexadecimal digits.
        line_count: How many lines it has; a last line without a line break counts.
    """

    sha256: str
    line_count: int


def fingerprint(path: Path) -> Fingerprint:
    """Compute the fingerprint of a file; reads all of it.

    Raises:
        OSError: The file cannot be read.
    """
    digest, line_breaks, last_byte = hashlib.sha256(), 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            line_breaks += chunk.count(b"\n")
            last_byte = chunk[-1:]
    return Fingerprint(digest.hexdigest(), line_breaks + (last_byte != b"\n"))


class JsonLinesFile:
    """A JSON Lines file."""

    format = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Iterator[Line]:
        """Read the file from its start."""
        with self._path.open("rb") as file:
            for number, raw in enumerate(_raw_lines(file), 1):
                if len(raw) >= MAX_LINE_BYTES:
                    yield _bad_line(number, f"has {MAX_LINE_BYTES} bytes or more")
                elif raw.strip():
                    yield self._parse(number, raw)

    def field_of(self, path: str) -> str:
        """Return the path itself."""
        return path

    def _parse(self, number: int, raw: bytes) -> Line:
        try:
            return Line(number, orjson.loads(raw))
        except orjson.JSONDecodeError as error:
            return _bad_line(number, f"is not JSON, see column {error.colno}")


class CsvFile:
    """A CSV file with a header.

    Raises:
        FileFormatError: The header is wrong.
        OSError: The file cannot be read.
    """

    format = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            raw = next(_raw_lines(file), b"")
        try:
            header = raw.decode()
        except UnicodeDecodeError:
            raise FileFormatError("its header is not UTF-8") from None
        # No column name contains a delimiter.
        self._delimiter = max(",;\t", key=header.count)
        try:
            names = next(csv.reader([header], delimiter=self._delimiter), [])
            self._columns = Columns([name.strip() for name in names])
        except (ValueError, csv.Error) as error:
            raise FileFormatError(f"header: {error}") from None

    def read(self) -> Iterator[Line]:
        """Read the file from its start."""
        with self._path.open("rb") as file:
            decoded = _DecodedLines(_raw_lines(file))
            reader = csv.reader(decoded, delimiter=self._delimiter, strict=True)
            next(reader)
            while True:
                number, decoded.failed = reader.line_num + 1, False
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    why = f"cannot be read up to line {reader.line_num}: {error}"
                    yield _bad_line(number, why)
                    continue
                if cells is None:
                    return
                if decoded.failed:
                    yield _bad_line(number, "is not UTF-8")
                elif cells:
                    yield self._parse(number, cells)

    def field_of(self, path: str) -> str:
        """Return the name of the column that fills a path of the JSON form."""
        return self._columns.column_of(path)

    def _parse(self, number: int, cells: list[str]) -> Line:
        try:
            return Line(number, self._columns.row_to_json(cells))
        except ValueError as error:
            return _bad_line(number, str(error))


class _DecodedLines:
    """Decode lines from UTF-8, and go on after one that is not, so that `csv` finds its end.

    Attributes:
        failed: Whether a line was not UTF-8 since the reader last set this to false.
    """

    def __init__(self, raw: Iterable[bytes]) -> None:
        self._raw = iter(raw)
        self.failed = False

    def __iter__(self) -> _DecodedLines:
        return self

    def __next__(self) -> str:
        raw = next(self._raw)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.failed = True
            return raw.decode(errors="replace")


def _bad_line(number: int, why: str) -> Line:
    return Line(number, problems=(Problem("line", why),))


def _raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """Read lines as bytes; a line over the limit is cut off at the limit."""
    first = True
    while raw := file.readline(MAX_LINE_BYTES):
        if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while (rest := file.readline(_CHUNK_BYTES)) and not rest.endswith(b"\n"):
                pass
        yield raw.removeprefix(_BYTE_ORDER_MARK) if first else raw
        first = False
