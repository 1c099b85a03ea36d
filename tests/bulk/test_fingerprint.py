"""A file that changes between its two readings: no changed byte is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg.bulk import FileChangedError, open_message_file
from omnimsg.bulk.fingerprint import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from omnimsg.bulk import Line

ROW = "+27820000001,Hello\n"
ROWS = 3 * BLOCK_BYTES // len(ROW)


def _cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(2 * BLOCK_BYTES)


def _grow(path: Path) -> None:
    with path.open("a") as file:
        file.write(ROW * BLOCK_BYTES)


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(2 * BLOCK_BYTES)
        file.write(ROW.replace("1,", "2,").encode() * 100)


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


def _delete(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_cut, "was c"),
        (_grow, "was changed"),
        (_overwrite, "was changed"),
        (_replace, "was replaced by another file"),
        (_delete, "was deleted or renamed"),
    ],
)
def test_a_change_while_it_is_read(
    tmp_path: Path, change: Callable[[Path], None], why: str
) -> None:
    """After a change while a file is read, only lines from verified blocks have been returned."""
    path = tmp_path / "a.csv"
    path.write_text("to,text\n" + ROW * ROWS)
    lines = open_message_file(path).read()
    read = [next(lines)]

    change(path)
    with pytest.raises(FileChangedError, match=why):
        read.extend(lines)

    assert 0 < len(read) < ROWS
    assert {"+27820000001"} == {line.data["to"] for line in read}


def test_a_file_of_whole_blocks_that_grows(tmp_path: Path) -> None:
    """No line behind the old end of a file is read, also where a block ended there."""
    path = tmp_path / "a.csv"
    head = "to,text\n" + ROW * (ROWS // 3 - 2)
    rest = BLOCK_BYTES - len(head) - len("+27820000001,\n")
    path.write_text(f"{head}+27820000001,{'x' * rest}\n")
    file = open_message_file(path)

    read: list[Line] = []

    _grow(path)
    with pytest.raises(FileChangedError, match="was changed"):
        read.extend(file.read())

    assert 1 == len(file.source.fingerprint.blocks)
    assert len(read) <= ROWS // 3


def test_a_change_before_it_is_read(tmp_path: Path) -> None:
    """A file that was overwritten after it was opened yields no line."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"to": "+27820000001"}\n')
    file = open_message_file(path)
    path.write_text('{"to": "+27820000002"}\n')

    with pytest.raises(FileChangedError):
        list(file.read())
