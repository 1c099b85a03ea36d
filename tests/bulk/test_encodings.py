"""Encodings of message files: given by a byte order mark or by the caller, never guessed."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.bulk import FileFormatError, ReadOptions, open_message_file
from omnimsg.bulk.encoding import known_encoding, likely_encoding, to_utf8
from omnimsg.bulk.physical_lines import physical_lines

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "to,text\r\n+27820000001,Olá € “você”\r\n"
OPEN_TEN = "to,text\r\n+27820000001,Hello\r\n+27820000002,Open 10 \u2013 20\r\n"


def _texts(path: Path, data: bytes, encoding: str | None = None) -> list[str]:
    path.write_bytes(data)
    lines = open_message_file(path, ReadOptions(encoding=encoding)).read()
    return [line.data["content"]["text"] for line in lines if line.data]


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
    ],
)
def test_a_byte_order_mark_names_the_encoding(tmp_path: Path, data: bytes) -> None:
    """UTF-8, UTF-16 and UTF-32 with a mark are read without a flag, and the mark is removed."""
    assert ["Olá € “você”"] == _texts(tmp_path / "a.csv", data)


@pytest.mark.parametrize("encoding", ["cp1252", "CP1252", "utf-16-le", "utf-16", "mac-roman"])
def test_an_encoding_that_is_named(tmp_path: Path, encoding: str) -> None:
    """The caller may give an encoding by any name that Python knows."""
    data = TEXT.encode(encoding)

    assert ["Olá € “você”"] == _texts(tmp_path / "a.csv", data, encoding)


def test_a_file_that_ends_like_a_part_of_a_utf8_character(tmp_path: Path) -> None:
    """A named encoding is not doubted because the last byte could begin a character of UTF-8."""
    data = "to,text\n+27820000001,Café".encode("cp1252")

    assert ["Café"] == _texts(tmp_path / "a.csv", data, "cp1252")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "U16"])
def test_an_encoding_without_its_mark(tmp_path: Path, encoding: str) -> None:
    """UTF-16 and UTF-32 need a byte order mark, or a name with the byte order."""
    (tmp_path / "a.csv").write_bytes(TEXT.encode("utf-16-le"))

    with pytest.raises(FileFormatError, match="has no byte order mark of UTF-"):
        open_message_file(tmp_path / "a.csv", ReadOptions(encoding=encoding))


def test_json_lines_in_utf_16(tmp_path: Path) -> None:
    """JSON Lines in UTF-16, as Windows shells write them, are read."""
    row = '{"to":"+27820000001","content":{"type":"text","text":"Olá\\nvocê"}}\r\n'

    assert ["Olá\nvocê"] == _texts(tmp_path / "a.jsonl", row.encode("utf-16"))


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        (OPEN_TEN, "cp1252", "line 3 is not UTF-8; it looks like Windows-1252"),
        ("to,text\n+27820000001,Café à Zürich\n", "cp1252", "--encoding cp1252"),
        ("to,text\n+27820000001,Café à Zürich\n", "mac_roman", "--encoding mac_roman"),
        ("to,text\n+27820000001,Café à Zürich\n", "cp850", "--encoding cp850"),
        ("to,text\n+27820000001,Ваш стол готов\n", "cp1251", "--encoding cp1251"),
        ("to,text\n+27820000001,Příliš žluťoučký kůň\n", "cp1250", "--encoding cp1250"),
        ("to,text\n+27820000001,Καλημέρα σας φίλε\n", "cp1253", "--encoding cp1253"),
        ("to,text\n+27820000001,\x98\x81\n", "latin-1", "name its encoding with --encoding"),
    ],
)
def test_another_encoding_is_refused_and_named(
    tmp_path: Path, text: str, encoding: str, shown: str
) -> None:
    """A file in another encoding is refused when it is opened; the error suggests the encoding."""
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))

    with pytest.raises(FileFormatError) as error:
        open_message_file(tmp_path / "a.csv")

    assert shown in str(error.value)


@pytest.mark.parametrize(
    ("data", "encoding", "shown"),
    [
        (TEXT.encode(), "cp1252", "is UTF-8 already; leave out --encoding"),
        (TEXT.encode("utf-16-le"), None, "--encoding utf-16-le"),
        (TEXT.encode("utf-16-be"), None, "--encoding utf-16-be"),
        (TEXT.encode("cp1252"), "ascii", "is not ascii"),
        (TEXT.encode(), "rot13", "'rot13' is not an encoding"),
        (TEXT.encode(), "utf-9", "'utf-9' is not an encoding"),
        (TEXT.encode(), "a\0b", "is not an encoding"),
        (TEXT.encode(), "unicode_escape", "is not an encoding"),
        (b"PK\x03\x04\x14\0", None, "is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, "is an old Excel workbook"),
        (b"\x1f\x8b\x08", None, "is compressed"),
    ],
)
def test_a_file_that_is_no_text_in_its_encoding(
    tmp_path: Path, data: bytes, encoding: str | None, shown: str
) -> None:
    """A wrong --encoding, UTF-16 without a mark, and bytes that are no text are refused."""
    (tmp_path / "a.csv").write_bytes(data)

    with pytest.raises(FileFormatError) as error:
        open_message_file(tmp_path / "a.csv", ReadOptions(encoding=encoding))

    assert shown in str(error.value)


def test_a_damaged_line_is_no_other_encoding(tmp_path: Path) -> None:
    """A damaged line in a file that is otherwise UTF-8 is a bad line; the file is read."""
    data = TEXT.encode() + b"+27820000002,cut in half \xe2\x80\r\n+27820000003,Hello\r\n"

    assert ["Olá € “você”", "Hello"] == _texts(tmp_path / "a.csv", data)


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\ufeff")),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"]),
    size=st.integers(1, 9),
)
def test_blocks_may_cut_characters(text: str, encoding: str, size: int) -> None:
    """The conversion to UTF-8 gives the same bytes wherever the blocks are cut."""
    data = text.encode(encoding)
    blocks = [data[start : start + size] for start in range(0, len(data), size)]

    assert text.encode() == b"".join(to_utf8(blocks, known_encoding(encoding)))


@given(st.text(st.sampled_from("ab\r\n\u2028"), max_size=40), st.integers(1, 5))
def test_lines_are_those_of_an_editor(text: str, size: int) -> None:
    """Only LF, CRLF and CR end a line, wherever the blocks are cut."""
    data = text.encode()
    blocks = [data[start : start + size] for start in range(0, len(data), size)]

    assert data.splitlines(keepends=True) == list(physical_lines(blocks, 1000))


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_a_guess_never_fails(samples: list[bytes]) -> None:
    """Guessing an encoding never raises, and gives a known encoding or `None`."""
    guess = likely_encoding(samples)

    assert guess is None or known_encoding(guess[0])


def test_a_line_that_never_ends_takes_bounded_memory() -> None:
    """A line is kept up to the limit and the block that exceeds it, and the next one is whole."""
    blocks = [*[b"0123456789"] * 100, b"\nnext\n"]

    cut, following = physical_lines(blocks, 25)

    assert (b"0123456789" * 3, b"next\n") == (cut.rstrip(b"\n"), following)


def test_a_last_character_that_is_cut_off_is_not_dropped() -> None:
    """Half a character of UTF-16 at the end of a file makes its line bad, and does not vanish."""
    data = b"".join(to_utf8(["ab".encode("utf-16-le"), b"c"], "utf-16-le"))

    assert b"ab" == data[:2] != data


def test_only_the_mark_at_the_start_is_removed() -> None:
    """A mark at the start of a later block is a character of the text."""
    blocks = ["\ufeffa".encode("utf-16-le"), "\ufeffb".encode("utf-16-le")]

    assert "a\ufeffb".encode() == b"".join(to_utf8(blocks, "utf-16-le"))


@pytest.mark.parametrize("encoding", ["latin-1", "iso-8859-1", "ISO-8859-15"])
def test_windows_1252_under_the_name_of_iso_8859_is_refused(tmp_path: Path, encoding: str) -> None:
    """The dash and the euro sign were texted as control characters that no phone shows."""
    (tmp_path / "a.csv").write_bytes(OPEN_TEN.encode("cp1252"))

    with pytest.raises(FileFormatError, match=r"line 3 has control .*with --encoding cp1252"):
        open_message_file(tmp_path / "a.csv", ReadOptions(encoding=encoding))

    assert ["Olá"] == _texts(
        tmp_path / "b.csv", "to,text\n+27820000001,Olá\n".encode("l1"), encoding
    )


@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-16", b"", "cp1252"),
        ("utf-16", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "cp1252"),
        ("utf-8", codecs.BOM_UTF8, "utf-16-le"),
    ],
)
def test_another_encoding_than_that_of_the_mark_is_refused(
    tmp_path: Path, encoding: str, mark: bytes, name: str
) -> None:
    """The advice is to leave out the flag, and not about columns that are not found."""
    (tmp_path / "a.csv").write_bytes(mark + TEXT.encode(encoding))

    with pytest.raises(FileFormatError, match=f"mark of {encoding.upper()}; leave out --encoding"):
        open_message_file(tmp_path / "a.csv", ReadOptions(encoding=name))


def test_the_mark_of_a_further_part_and_the_end_of_dos(tmp_path: Path) -> None:
    """JSON Lines that were put together have marks in the middle, and may end as DOS ends files."""
    line = b'{"to":"+27820000001","content":{"type":"text","text":"Hello"}}\r\n'
    (tmp_path / "a.jsonl").write_bytes(line + codecs.BOM_UTF8 + line + b"\x1a")

    lines = list(open_message_file(tmp_path / "a.jsonl").read())

    assert [(1, ()), (2, ())] == [(each.number, each.problems) for each in lines]
