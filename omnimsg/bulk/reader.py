"""Read a file of messages, one line at a time.

* JSON Lines (`.jsonl`, `.ndjson`): each line is one message, an object in the JSON form; no key may
  stand twice in an object
* CSV (`.csv`, `.tsv`): a header, then each row is one message; `column_names` lists the columns.
  The delimiter is the most frequent of comma, semicolon, tab and `|` in the header, or the
  character that a first line such as `sep=;` names

Both are UTF-8, with or without a byte order mark, or UTF-16 with one. Blank lines are skipped, but
count in line numbers. A line that cannot be read is reported and does not stop the lines after it.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, ClassVar, Protocol

from omnimsg.bulk import source as source_module
from omnimsg.bulk.csv_file import CsvFile
from omnimsg.bulk.line import FileFormatError, Line, WrongInputError, bad_line
from omnimsg.bulk.results_format import HEADER_START
from omnimsg.bulk.source import (
    ReadOptions,
    Source,
    refuse_foreign_format,
    require_regular_file,
)
from omnimsg.domain.redaction import mask_text
from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg.json_codec.repeated_keys import repeated_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


UNCORRECTED_KEY = "why"
"""The key in a line of `omnimsg results --failed` that must not be sent as it is."""

_MAGIC_BYTES = 8
# White space, and the end of a file of DOS.
_BLANK_LINE = b" \t\r\n\x1a"


class MessageFile(Protocol):
    """A file of messages."""

    format: str
    """`jsonl` or `csv`."""

    source: Source
    """The file itself."""

    header_line_count: int
    """How many lines come before the first message."""

    kept: tuple[str, ...]
    """The names of the columns that are kept as metadata only."""

    def read(self) -> Iterator[Line]:
        """Read the file from its start, in memory bounded by its longest line.

        Raises:
            FileChangedError: The file has changed since its fingerprint was computed.
            OSError: The file cannot be read.
        """

    def field_of(self, path: str) -> str:
        """Return the name that the file itself uses for a path of the JSON form."""

    def similar_metadata(self, key: str) -> str | None:
        """Return the column of metadata that differs from `key` in capitals or spaces only."""


def open_message_file(path: Path, options: ReadOptions | None = None) -> MessageFile:
    """Open a file of messages in the format of its suffix, and check its header and encoding.

    Args:
        path: The file.
        options: How to read it.

    Raises:
        FileFormatError: The header is wrong, or the file is in another encoding.
        WrongInputError: The suffix of the name is unknown, the path is not a regular file, or an
            option does not suit the file.
        OSError: The file cannot be read.
    """
    require_regular_file(path)
    for kind in _KINDS:
        if path.suffix.lower() in kind.suffixes:
            file = kind(Source(path, options or ReadOptions()))
            file.source.check_encoding()
            return file
    with path.open("rb") as unknown:
        # Whoever gave a workbook the name of a CSV file would be refused once more.
        refuse_foreign_format(unknown.read(_MAGIC_BYTES), WrongInputError)
    known = ", ".join(suffix for each in _KINDS for suffix in each.suffixes)
    raise WrongInputError(f"its name does not tell its format; let it end in one of {known}")


class JsonLinesFile:
    """A JSON Lines file.

    Args:
        source: The file.

    Raises:
        FileFormatError: The file is one JSON array.
        WrongInputError: An option for CSV was given, or the file is a results file.
        FileChangedError: The file has changed since its fingerprint was computed.
        OSError: The file cannot be read.
    """

    format = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    header_line_count = 0
    kept: tuple[str, ...] = ()

    def __init__(self, source: Source) -> None:
        if source.options.renamed or source.options.text is not None:
            raise WrongInputError(
                "is JSON Lines, where messages have no columns; --map and --text are for CSV"
            )
        self.source = source
        first = next(filter(bytes.strip, source.lines()), b"")
        if first.startswith(HEADER_START):
            # Its name ends as that of a file of messages, and a shell completes it.
            raise WrongInputError("is a results file; name the file of messages that it belongs to")
        if first.lstrip().startswith(b"["):
            # With one element a line, the last would be read as a message, the others as bad lines.
            raise FileFormatError(
                "is one JSON array; write each message as an object on a line of its own, such as"
                " with jq -c '.[]'"
            )

    def read(self) -> Iterator[Line]:
        """Read the file from its start."""
        limit = source_module.MAX_LINE_BYTES
        for number, raw in enumerate(self.source.lines(), 1):
            if len(raw) >= limit:
                yield bad_line(number, f"has {limit} bytes or more")
            elif raw.strip(_BLANK_LINE):
                yield self._parse(number, raw)

    def field_of(self, path: str) -> str:
        """Return the path itself."""
        return path

    def similar_metadata(self, key: str) -> str | None:
        """Return `None`: there are no columns."""
        return None

    def _parse(self, number: int, raw: bytes) -> Line:
        raw = raw.removeprefix(codecs.BOM_UTF8)  # of a file that was put behind another one
        try:
            data = loads(raw)
        except JSONDecodeError as error:
            return bad_line(number, f"is not JSON, see column {error.colno}", source=raw)
        repeated = repeated_key(raw, data)
        if repeated is not None:
            # Which value is meant? The wrong person might be texted.
            why = f"has the key {mask_text(repeated)!r} twice; remove one"
            return bad_line(number, why, source=raw)
        if isinstance(data, dict) and UNCORRECTED_KEY in data:
            why = f"is not corrected yet; delete its key {UNCORRECTED_KEY!r} once it is"
            return bad_line(number, why, source=raw)
        return Line(number, data, source=raw)


_KINDS: tuple[type[JsonLinesFile | CsvFile], ...] = (JsonLinesFile, CsvFile)
