"""Write some lines of a file of messages to a new file, for another run.

A CSV file gets two additional columns, `metadata.line` and `metadata.why`, which are never sent. A
row with too many cells keeps them. The lines of a JSON Lines file are copied unchanged.

A line that could be a good one in the new file and must not be sent as it is, is marked so that it
is bad: a row of CSV by a cell beyond the header, where also a spreadsheet keeps it, a line of JSON
Lines by an unknown key.
"""

from __future__ import annotations

import csv
import os
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import attrs

from omnimsg.bulk.csv_file import CsvFile
from omnimsg.bulk.csv_rows import UNCORRECTED
from omnimsg.bulk.reader import UNCORRECTED_KEY
from omnimsg.json_codec import dumps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omnimsg.bulk.line import Line
    from omnimsg.bulk.reader import MessageFile

_ADDED = ("metadata.line", "metadata.why")
# The surrogate that marks a cut-off line is written, like that of an undecodable byte, as a byte
# that is not UTF-8: the line stays bad until it is corrected.
_CUT_OFF = str.maketrans({"\ud800": "\udcff"})


@attrs.frozen
class Cause:
    """Why a line is written.

    Attributes:
        text: The reason.
        needs_mark: Whether the line may be a good one by itself and must not be sent as it is,
            because it repeats a reference or its recipient has opted out.
    """

    text: str
    needs_mark: bool = False


def export_lines(file: MessageFile, to: Path, why: Callable[[Line], Cause | None]) -> int:
    """Write the lines that `why` gives a reason for, and return their number.

    Args:
        file: The file of messages.
        to: The new file, readable by its owner only.
        why: Returns why a line is written; `None` for a line that is not.

    Raises:
        FileChangedError: The file has changed since it was opened.
        OSError: The new file exists, or a file cannot be read or written.
    """
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    export = _export_rows if isinstance(file, CsvFile) else _export_lines
    try:
        with os.fdopen(
            descriptor, "w", encoding=_encoding_for(file), errors="surrogateescape", newline=""
        ) as new:
            return export(file, new, why)
    except BaseException:
        # An incomplete file would be taken for a complete one, and block another attempt.
        with suppress(OSError):
            to.unlink()
        raise


def _encoding_for(file: MessageFile) -> str:
    """Return the encoding of the new file: UTF-8, marked as such for Excel if it wrote the old one.

    Without the mark, Excel would read it in another encoding, and save letters that were none.
    """
    return "utf-8-sig" if file.format == "csv" and file.source.may_be_of_excel else "utf-8"


def _export_lines(file: MessageFile, new: TextIO, why: Callable[[Line], Cause | None]) -> int:
    count = 0
    for line in file.read():
        cause = why(line)
        if cause is not None:
            assert isinstance(line.source, bytes)  # noqa: S101 - no row of CSV
            text = line.source.decode(errors="surrogateescape").rstrip("\r\n")
            if cause.needs_mark:
                reason = dumps(f"{cause.text}; correct this line, then delete this key").decode()
                text = text.replace("{", f'{{"{UNCORRECTED_KEY}": {reason}, ', 1)
            new.write(f"{text}\n")
            count += 1
    return count


def _export_rows(file: MessageFile, new: TextIO, why: Callable[[Line], Cause | None]) -> int:
    assert isinstance(file, CsvFile)  # noqa: S101 - `export_lines` has chosen
    header = [name for name in file.header if name not in _ADDED]
    kept = [index for index, name in enumerate(file.header) if name not in _ADDED]
    # How many cells at the end of a row are those of an earlier export.
    earlier = len(file.header) - len(kept) if kept == list(range(len(kept))) else 0
    writer = csv.writer(new, delimiter=file.delimiter, lineterminator="\r\n")
    if file.names_delimiter:
        # The delimiter may not be recognizable from the header alone.
        new.write(f"sep={file.delimiter}\r\n")
    writer.writerow([*header, *_ADDED])
    count = 0
    for line in file.read():
        cause = why(line)
        if cause is None:
            continue
        cells = [str(cell).translate(_CUT_OFF) for cell in line.source]
        width = len(file.header)
        missing, surplus = width - len(cells), "".join(cells[width:]).strip()
        cells += [""] * missing
        own = [cells[index] for index in kept]
        added = [str(line.number), cause.text]
        if earlier and surplus == UNCORRECTED:
            # Nobody has corrected it since the earlier export, which says why.
            added = [str(line.number), cells[width - 1], UNCORRECTED]
        elif surplus:
            # Nobody knows which cells are too many, such as the rest of a text after a comma
            # without quotes: all are kept as they stand, but for the number and the reason of an
            # earlier export, behind which a spreadsheet may have put blank ones.
            while earlier and not cells[-1].strip():
                cells.pop()
            own = cells[: len(cells) - earlier]
        elif missing > 0 or cause.needs_mark or line.is_misread:
            # Nor which are missing or misread, such as a line that may belong to a cell: with empty
            # ones in their place, or as it stands, the row would be a good one.
            added.append(UNCORRECTED)
        writer.writerow([*own, *added])
        count += 1
    return count
