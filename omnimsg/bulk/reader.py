"""Reading a file of messages, a line at a time.

* JSON Lines (`.jsonl`, `.ndjson`): one message an object, in the model's JSON form
* CSV (`.csv`, `.tsv`): a header, then one message a row; `columns` says which columns there are.
  The header also tells whether commas, semicolons or tabs stand between them

Both are UTF-8, with or without a byte order mark. Blank lines are passed over. A line that cannot
be read does not stop the others.
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

# Bytes of one line. A message may carry files inside, but not this many.
MOST_LINE = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_MARK = b"\xef\xbb\xbf"


class LinesError(OmnimsgError):
    """A file that cannot be read as messages at all; the text names what is wrong with it."""


@attrs.frozen
class Line:
    """One message of a file, as it stands there.

    Attributes:
        number: The line it begins on, from 1.
        data: It in the model's JSON form, not yet checked.
        problems: Why there is no `data`.
    """

    number: int
    data: Any = None
    problems: tuple[Problem, ...] = ()


class Lines(Protocol):
    """A file of messages."""

    form: str
    """What it is written in: `jsonl` or `csv`."""

    def read(self) -> Iterator[Line]:
        """Read it from the start, in memory bounded by its longest line."""

    def place(self, path: str) -> str:
        """Name the field or column that a path of the JSON form comes from."""


def open_lines(path: Path) -> Lines:
    """Look at a file and say how it is written; a header is checked here.

    Raises:
        LinesError: Its name does not tell what it is, or its header is wrong.
        OSError: It cannot be read.
    """
    if not path.is_file():
        if path.exists():
            raise LinesError("is no regular file, and could not be read again to resume")
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    for kind in (JsonLines, Table):
        if path.suffix.lower() in kind.suffixes:
            return kind(path)
    known = ", ".join([*JsonLines.suffixes, *Table.suffixes])
    raise LinesError(f"its name does not tell what it is; let it end in one of {known}")


@attrs.frozen
class Fingerprint:
    """What tells a file from another.

    Attributes:
        sha256: Of its bytes, in hexadecimal digits.
        breaks: Line breaks in it.
    """

    sha256: str
    breaks: int


def fingerprint(path: Path) -> Fingerprint:
    """Read a whole file for its fingerprint.

    Raises:
        OSError: It cannot be read.
    """
    digest, breaks, last = hashlib.sha256(), 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            breaks += chunk.count(b"\n")
            last = chunk[-1:]
    return Fingerprint(digest.hexdigest(), breaks + (last != b"\n"))


class JsonLines:
    """One JSON object a line."""

    form = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Iterator[Line]:
        """Read it from the start."""
        with self._path.open("rb") as file:
            for number, raw in enumerate(_raw_lines(file), 1):
                if len(raw) >= MOST_LINE:
                    yield _bad(number, f"has {MOST_LINE} bytes or more")
                elif raw.strip():
                    yield self._line(number, raw)

    def place(self, path: str) -> str:
        """Return the path itself."""
        return path

    def _line(self, number: int, raw: bytes) -> Line:
        try:
            return Line(number, orjson.loads(raw))
        except orjson.JSONDecodeError as error:
            return _bad(number, f"is not JSON, see column {error.colno}")


class Table:
    """A header and rows."""

    form = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            head = next(_raw_lines(file), b"")
        try:
            text = head.decode()
        except UnicodeDecodeError:
            raise LinesError("its header is not UTF-8") from None
        # No name of a column has any of them.
        self._delimiter = max(",;\t", key=text.count)
        try:
            names = next(csv.reader([text], delimiter=self._delimiter), [])
            self._columns = Columns([name.strip() for name in names])
        except (ValueError, csv.Error) as error:
            raise LinesError(f"header: {error}") from None

    def read(self) -> Iterator[Line]:
        """Read it from the start."""
        with self._path.open("rb") as file:
            text = _Text(_raw_lines(file))
            reader = csv.reader(text, delimiter=self._delimiter, strict=True)
            next(reader)
            while True:
                number, text.broken = reader.line_num + 1, False
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    yield _bad(number, f"cannot be read up to line {reader.line_num}: {error}")
                    continue
                if cells is None:
                    return
                if text.broken:
                    yield _bad(number, "is not UTF-8")
                elif cells:
                    yield self._line(number, cells)

    def place(self, path: str) -> str:
        """Name the column that a path of the JSON form comes from."""
        return self._columns.place(path)

    def _line(self, number: int, cells: list[str]) -> Line:
        try:
            return Line(number, self._columns.message(cells))
        except ValueError as error:
            return _bad(number, str(error))


class _Text:
    """Lines as text; one that is no UTF-8 is noted and goes on, for `csv` to find its end."""

    def __init__(self, raw: Iterable[bytes]) -> None:
        self._raw = iter(raw)
        self.broken = False

    def __iter__(self) -> _Text:
        return self

    def __next__(self) -> str:
        raw = next(self._raw)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.broken = True
            return raw.decode(errors="replace")


def _bad(number: int, why: str) -> Line:
    return Line(number, problems=(Problem("line", why),))


def _raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """Read lines; of one that is too long, only the beginning."""
    first = True
    while raw := file.readline(MOST_LINE):
        if len(raw) == MOST_LINE and not raw.endswith(b"\n"):
            while (rest := file.readline(_CHUNK)) and not rest.endswith(b"\n"):
                pass
        yield raw.removeprefix(_MARK) if first else raw
        first = False
