"""The file that messages are read from: its fingerprint, its encoding, its lines as UTF-8.

The whole file is read once before any of its messages is sent, because a file in another encoding
must be refused before some of its lines were sent.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

import attrs

from omnimsg.bulk.encoding import (
    encoding_by_mark,
    known_encoding,
    likely_encoding,
    to_utf8,
    utf16_without_mark,
)
from omnimsg.bulk.fingerprint import Fingerprint, Fingerprinter, read_unchanged
from omnimsg.bulk.line import FileFormatError, WrongInputError
from omnimsg.bulk.physical_lines import physical_lines
from omnimsg.domain.frozen_dict import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# The limit of one line, in bytes. A message may contain inline files, but not this many.
MAX_LINE_BYTES = 64 * 1024 * 1024

# How many lines that are not UTF-8, and bytes of each, are used to guess their encoding.
_SAMPLES, _SAMPLE_BYTES = 50, 500

# U+0080 to U+009F in UTF-8.
_C1_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")

# Encodings whose byte order is known only from their byte order mark.
_NEED_MARK = ("utf-16", "utf-32")

_FOREIGN_FORMATS = {
    b"PK\x03\x04": "an Excel workbook or another archive; save it as CSV UTF-8 there",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook; save it as CSV UTF-8 there",
    b"\x1f\x8b": "compressed; decompress it first",
    b"%PDF": "a PDF; export its table as CSV",
}


@attrs.frozen(kw_only=True)
class ReadOptions:
    """How a file is read.

    Attributes:
        encoding: The encoding; `None` for that of the byte order mark, or UTF-8 without a mark.
        renamed: For CSV: the column that each of these header names stands for.
        text: For CSV: the text of every message, with placeholders for columns.
    """

    encoding: str | None = None
    renamed: Mapping[str, str] = EMPTY
    text: str | None = None


class Source:
    """A file that messages are read from.

    Args:
        path: The file; see `require_regular_file`.
        options: How to read it.

    Attributes:
        path: The file.
        options: How to read it.
        fingerprint: The fingerprint of the whole file.
        encoding_name: The encoding that the file is read in, as errors name it.
        may_be_of_excel: Whether the file has a byte order mark, or is not UTF-8.

    Raises:
        FileFormatError: The file is no text.
        OSError: The file cannot be read.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path = path
        self.options = options
        self._encoding = _encoding_of(options)
        fingerprinter = Fingerprinter(path)
        blocks = fingerprinter.read()
        head = next(blocks, b"")
        refuse_foreign_format(head)
        _refuse_wrong_encoding(head, self._encoding)
        mark = encoding_by_mark(head)
        self.may_be_of_excel: bool = mark is not None or self._encoding not in (None, "utf-8")
        detected = self._encoding or mark or "utf-8"
        self.encoding_name: str = "UTF-8" if detected == "utf-8" else (options.encoding or detected)
        survey = _Survey(
            may_be_utf8=not detected.startswith("utf"), is_iso=detected.startswith("iso8859")
        )
        survey.read(chain((head,) if head else (), blocks), self._encoding)
        self._survey = survey
        self.fingerprint: Fingerprint = fingerprinter.result(survey.line_count)

    def lines(self) -> Iterator[bytes]:
        """Read the lines as UTF-8, with line breaks; from `MAX_LINE_BYTES` on one may be truncated.

        Raises:
            FileChangedError: The file has changed since its fingerprint was computed.
            OSError: The file cannot be read.
        """
        blocks = read_unchanged(self.path, self.fingerprint)
        return physical_lines(to_utf8(blocks, self._encoding), MAX_LINE_BYTES)

    def check_encoding(self) -> None:
        """Refuse a file that as a whole has another encoding; a few damaged lines are accepted.

        Raises:
            FileFormatError: The file has another encoding.
        """
        survey = self._survey
        if survey.is_utf8_instead:
            raise WrongInputError("is UTF-8 already; leave out --encoding")
        if survey.first_control:
            raise WrongInputError(
                f"line {survey.first_control} has control characters of {self.encoding_name}, which"
                " are letters and signs of Windows-1252; read it with --encoding cp1252"
            )
        if survey.wrong_lines > survey.right_lines:
            raise FileFormatError(f"line {survey.first_wrong} {self.not_in_encoding()}")

    def not_in_encoding(self) -> str:
        """Return an error text: not in the expected encoding, and which encoding it seems to be."""
        what = f"is not {self.encoding_name}"
        likely = likely_encoding(self._survey.samples)
        if likely is None or self.options.encoding is not None:
            return f"{what}; save the file as UTF-8, or name its encoding with --encoding"
        name, description = likely
        return (
            f"{what}; it looks like {description}: save the file as UTF-8 (CSV UTF-8 in Excel),"
            f" or read it with --encoding {name}"
        )


class _Survey:
    """Counts from reading a whole file: its lines, and which are in the expected encoding.

    Attributes:
        line_count: How many lines the file has.
        right_lines: How many lines have characters that are not ASCII, and are in the encoding.
        wrong_lines: How many lines are not in the encoding.
        first_wrong: The number of the first line that is not in the encoding.
        samples: Parts of some lines that are not in the encoding.
        is_utf8_instead: Whether the file is UTF-8, although another encoding was expected.
        first_control: The number of the first line with a control character that only encodings of
            ISO 8859 have; 0 in another encoding. Programs that name one mean Windows-1252.
    """

    def __init__(self, *, may_be_utf8: bool, is_iso: bool) -> None:
        self.line_count = 0
        self.right_lines = 0
        self.wrong_lines = 0
        self.first_wrong = 0
        self.samples: list[bytes] = []
        self.is_utf8_instead = False
        self.first_control = 0
        self._may_be_utf8 = may_be_utf8
        self._is_iso = is_iso

    def read(self, blocks: Iterable[bytes], encoding: str | None) -> None:
        """Read the blocks of a file."""
        checked = self._detect_utf8(blocks) if self._may_be_utf8 else blocks
        for line in physical_lines(to_utf8(checked, encoding), MAX_LINE_BYTES):
            self.line_count += 1
            if not line.isascii():
                self._count_line(line)

    def _count_line(self, line: bytes) -> None:
        try:
            line.decode()
        except UnicodeDecodeError:
            self.wrong_lines += 1
            self.first_wrong = self.first_wrong or self.line_count
            if len(self.samples) < _SAMPLES:
                self.samples.append(_around_non_ascii(line))
        else:
            self.right_lines += 1
            if self._is_iso and not self.first_control and _C1_CONTROLS.search(line):
                self.first_control = self.line_count

    def _detect_utf8(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass blocks on, and detect whether they are UTF-8."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        is_utf8, is_ascii = True, True
        for block in blocks:
            is_ascii = is_ascii and block.isascii()
            if is_utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
            yield block
        is_whole = not decoder.getstate()[0]  # no bytes are left of a character that is cut off
        self.is_utf8_instead = is_utf8 and is_whole and not is_ascii


def fingerprint(path: Path) -> Fingerprint:
    """Compute the fingerprint of a file by reading all of it.

    Raises:
        OSError: The file cannot be read.
    """
    fingerprinter = Fingerprinter(path)
    lines = physical_lines(to_utf8(fingerprinter.read(), None), MAX_LINE_BYTES)
    return fingerprinter.result(sum(1 for _ in lines))


def _encoding_of(options: ReadOptions) -> str | None:
    if options.encoding is None:
        return None
    try:
        return known_encoding(options.encoding)
    except ValueError as error:
        raise WrongInputError(f"--encoding: {error}") from None


def require_regular_file(path: Path) -> None:
    """Refuse a path that is missing, or whose content cannot be read a second time.

    Raises:
        WrongInputError: The path is a pipe, a folder or a device.
        FileNotFoundError: The path does not exist.
    """
    if not path.is_file():
        if path.exists():
            raise WrongInputError("is not a regular file, and could not be read again to resume")
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def refuse_foreign_format(head: bytes, error: type[FileFormatError] = FileFormatError) -> None:
    """Refuse the start of a file that is no text.

    Args:
        head: The start of the file.
        error: The error to raise.

    Raises:
        FileFormatError: It is a workbook, an archive or a PDF.
    """
    for magic, what in _FOREIGN_FORMATS.items():
        if head.startswith(magic):
            raise error(f"is {what}")


def _refuse_wrong_encoding(head: bytes, encoding: str | None) -> None:
    if encoding in _NEED_MARK and head and encoding_by_mark(head) != encoding:
        raise FileFormatError(
            f"has no byte order mark of {encoding.upper()}; save it as UTF-8, or name the order of"
            f" its bytes too, such as --encoding {encoding}-le"
        )
    mark = encoding_by_mark(head)
    if mark is not None and encoding is not None and not encoding.startswith(mark):
        raise WrongInputError(f"has the byte order mark of {mark.upper()}; leave out --encoding")
    name = utf16_without_mark(head)
    if name is not None and encoding is None and mark is None:
        raise FileFormatError(
            f"looks like UTF-16 without a byte order mark; save it as UTF-8, or read it with"
            f" --encoding {name}"
        )


def _around_non_ascii(line: bytes) -> bytes:
    """Return the part of a line around its first byte that is not ASCII."""
    first = next(index for index, byte in enumerate(line) if byte >= 0x80)
    return line[max(0, first - _SAMPLE_BYTES // 2) : first + _SAMPLE_BYTES]
