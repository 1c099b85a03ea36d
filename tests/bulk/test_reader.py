"""Reading message files: JSON Lines and CSV, line numbers, columns, and bad lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from omnimsg.bulk import FileFormatError, Line, open_message_file, source
from omnimsg.bulk.column_names import column_of_path
from omnimsg.bulk.csv_columns import Columns
from omnimsg.bulk.parsing import LineParser
from omnimsg.bulk.source import fingerprint
from omnimsg.domain.content import Email, Media, Template, Text
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import Link, MediaKind
from omnimsg.domain.serialization import message_from_json

if TYPE_CHECKING:
    from pathlib import Path

HELLO = {"to": "+27820000001", "content": {"type": "text", "text": "Hello"}}
JSON = b'{"to":"+27820000001","content":{"type":"text","text":"Hello"}}'
# A line with non-ASCII text marks the file as UTF-8, so that bad bytes are a bad line.
OLA = '{"to":"+27820000001","content":{"type":"text","text":"Olá"}}'.encode()


def _read(folder: Path, name: str, data: bytes) -> list[Line]:
    (folder / name).write_bytes(data)
    return list(open_message_file(folder / name).read())


def _why(line: Line) -> str:
    (problem,) = line.problems
    assert line.data is None
    return problem.why


def test_json_lines_have_the_numbers_of_the_file(tmp_path: Path) -> None:
    """Blank lines are skipped but counted; a byte order mark and CRLF are accepted."""
    read = _read(tmp_path, "a.jsonl", b"\xef\xbb\xbf" + JSON + b"\r\n\n \t\n" + JSON)

    assert [Line(1, HELLO), Line(4, HELLO)] == read


@pytest.mark.parametrize("broken", [b"{", b"to,text", b'{"to": "\xff"}', b"{} {}", b"NaN"])
def test_a_line_that_is_not_json_does_not_stop_the_others(tmp_path: Path, broken: bytes) -> None:
    """The bad line is reported with its number and without its content."""
    first, second, _ = _read(tmp_path, "a.ndjson", broken + b"\n" + JSON + b"\n" + OLA)

    assert "is not JSON" in _why(first)
    assert (1, Line(2, HELLO)) == (first.number, second)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"to":"%b","to":"%b"}', "has the key 'to' twice; remove one"),
        (b'{"to":"%b","content":{"text":"9:30 %b","text":"10:30"}}', "has the key 'text' twice"),
        (b'{"%b":1,"%b":2}', "has the key '+278******01' twice; remove one"),
    ],
)
def test_a_line_with_a_key_twice_is_bad(tmp_path: Path, line: bytes, why: str) -> None:
    """Nobody knows which of the values is meant; the last one was taken."""
    (tmp_path / "many.jsonl").write_bytes(line.replace(b"%b", b"+27820000001") + b'\n{"to":"a"}\n')

    bad, good = open_message_file(tmp_path / "many.jsonl").read()

    assert why in _why(bad)
    assert {"to": "a"} == good.data


def test_null_is_no_value(tmp_path: Path) -> None:
    """A data frame writes null for what a row does not have; its line gets its own reference.

    One that is made anew in every run would have the line sent again.
    """
    none = dict.fromkeys(("reference", "sender", "tags", "metadata", "priority", "send_at"))
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(HELLO | none)}\n{json.dumps(HELLO)}\n")
    file = open_message_file(tmp_path / "a.jsonl")
    parser = LineParser(file, "own-{}".format)

    with_null, without = map(parser.parse, file.read())

    assert "own-1" == with_null.reference
    assert attrs.evolve(without, reference="own-1") == with_null


def test_a_json_array_is_no_file_of_messages(tmp_path: Path) -> None:
    """A JSON array is refused whole: its last line alone would parse as a message."""
    message = '{"to": "+27820001000", "content": {"type": "text", "text": "x"}}'
    (tmp_path / "a.jsonl").write_text(f"\n [\n{message},\n{message}\n]\n")

    with pytest.raises(FileFormatError, match="is one JSON array"):
        open_message_file(tmp_path / "a.jsonl")


def test_a_line_over_the_limit_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line over the limit is reported, and the line after it is read."""
    monkeypatch.setattr(source, "MAX_LINE_BYTES", 100)

    first, second = _read(tmp_path, "a.jsonl", JSON + b" " * 5000 + b"\n" + JSON + b"\n")

    assert "has 100 bytes or more" in _why(first)
    assert Line(2, HELLO) == second


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_decides_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    """Commas, semicolons and tabs are accepted as delimiters."""
    text = "to,text\n+27820000001,Hello\n".replace(",", delimiter)

    assert [Line(2, HELLO)] == _read(tmp_path, "a.csv", text.encode())


def test_the_delimiter_that_the_first_line_names(tmp_path: Path) -> None:
    """A line such as `sep=;` decides, also where the header has more of another delimiter."""
    data = b"sep=;\nto;text;metadata.a,b,c,d\n+27820000001;Hello;1\n"

    assert [Line(3, {**HELLO, "metadata": {"a,b,c,d": "1"}})] == _read(tmp_path, "a.csv", data)


@pytest.mark.parametrize("name", ["a.CSV", "a.Tsv"])
def test_the_suffix_may_have_capitals(tmp_path: Path, name: str) -> None:
    """The format is known by the suffix in any case."""
    assert [Line(2, HELLO)] == _read(tmp_path, name, b"to,text\n+27820000001,Hello\n")


def test_a_row_may_have_several_lines(tmp_path: Path) -> None:
    """A quoted cell may contain line breaks and quotes; a row has the number of its first line."""
    data = b'to,text\n+27820000001,"One\nsays ""two"""\n\n+27820000001,Hello\n'

    first, second = _read(tmp_path, "a.csv", data)

    assert (2, 'One\nsays "two"') == (first.number, first.data["content"]["text"])
    assert Line(5, HELLO) == second


@pytest.mark.parametrize(
    ("row", "content"),
    [
        ("Hello,,,,,,,,", Text("Hello")),
        (
            ",https://example.test/a.png,,,,,,,",
            Media.link(MediaKind.IMAGE, "https://example.test/a.png"),
        ),
        (
            ",https://example.test/a,gif,,,,,,",
            Media.link(MediaKind.GIF, "https://example.test/a"),
        ),
        (
            ",https://example.test/a.png,document,,,,,,",
            Media.link(MediaKind.DOCUMENT, "https://example.test/a.png"),
        ),
        (",,,ready,en,Ola,,,", Template("ready", "en", body=("Ola",))),
        (",,,ready,,Ola,19:30,,", Template("ready", body=("Ola", "19:30"))),
        (",,,ready,,,,,", Template("ready")),
        ("Plain,,,,,,,Your table,", Email(subject="Your table", text="Plain")),
        (",,,,,,,Your table,<b>Bold</b>", Email(subject="Your table", html="<b>Bold</b>")),
    ],
)
def test_the_filled_columns_decide_the_content(tmp_path: Path, row: str, content: object) -> None:
    """Each row's filled columns decide its content; rows of one file may differ."""
    header = "text,media,media_kind,template,language,param.1,param.2,subject,html,to"

    (line,) = _read(tmp_path, "a.csv", f"{header}\n{row},+27820000001\n".encode())

    assert content == message_from_json(line.data).content


def test_every_other_column(tmp_path: Path) -> None:
    """Each field of a message has a column of the same name."""
    header = "to,text,channel,sender,reference,send_at,ttl,priority,tags,callback_url,metadata.id"
    row = "+27820000001,Hello,sms,omnimsg,r-1,2030-05-01T09:00:00Z,60,high,a|b,https://example.test/,7"

    (line,) = _read(tmp_path, "a.csv", f"{header}\n{row}\n".encode())
    message = message_from_json(line.data)

    assert ("sms", "omnimsg", "r-1", 60, "high", ("a", "b"), "7") == (
        message.channel,
        message.sender,
        message.reference,
        message.ttl,
        message.priority,
        message.tags,
        message.metadata["id"],
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("+27820000001,Hello", "has 2 cells, the header has 7"),
        ("+27820000001,,,,,,", "there is no content: fill one of media, subject, template"),
        ("+27820000001,Hello,,ready,,,", "template and text exclude each other"),
        ("+27820000001,Hello,,,,Ola,", "param.1: belongs to template, and this row fills text"),
        ("+27820000001,Hello,See,,,,", "caption: belongs to media, and this row fills text"),
        ("+27820000001,Hello,,,,,soon", "ttl: must be a whole number of seconds"),
        ("+27820000001,Hello,,,,,\u0663\u0660", "ttl: must be a whole number of seconds"),
        ("+27820000001,Hello,,,https://example.test/a,,", "media and text exclude each other"),
        ("+27820000001,,,,https://example.test/a,,", "ending does not tell"),
        ('+27820000001,"Hello"x,,,,,', "text follows the closing quote of a cell"),
        ("+27820000001,\udcff,,,,,", "is not UTF-8"),
    ],
)
def test_a_bad_row_does_not_stop_the_others(tmp_path: Path, row: str, why: str) -> None:
    """A bad row is reported with its line number and the problem; the next row is read."""
    data = (
        f"to,text,caption,template,media,param.1,ttl\n{row}\n+27820000001,Hello,,,,,\n,Olá,,,,,\n"
    )

    first, second, _ = _read(tmp_path, "a.csv", data.encode(errors="surrogateescape"))

    assert (2, True) == (first.number, why in _why(first))
    assert Line(3, HELLO) == second


def test_a_blank_parameter_before_a_filled_one(tmp_path: Path) -> None:
    """A template is not sent with a gap in its text; blank parameters at the end are not there."""
    rows = "+27820000001,ready,,19:30,\n+27820000001,ready,Ola,,\n"

    gap, fewer = _read(tmp_path, "a.csv", f"to,template,param.1,param.2,param.3\n{rows}".encode())

    assert "param.1: is blank, and param.2 is filled" == _why(gap)
    assert Template("ready", body=("Ola",)) == message_from_json(fewer.data).content


def test_a_quote_that_is_not_closed(tmp_path: Path) -> None:
    """The line with an unclosed quote is bad, and the lines after it are read."""
    first, second = _read(tmp_path, "a.csv", b'to,text\n+27820000001,"Hello\n+27820000001,Hello\n')

    assert (2, True) == (first.number, "no closing quote before line 3" in _why(first))
    assert Line(3, HELLO) == second


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("to,txt", "column 'txt' is not a known key; did you mean 'text'?"),
        ("to,text,param.0", "column 'param.0' is not a known key; did you mean 'param.1'?"),
        ("to,text,to", "column 'to' appears twice"),
        ("text", "there is no column 'to'"),
        ("to,ttl", "there is no column with content"),
        ("", "there is no column 'to': the file has no header; write one into its first line"),
        ("to,\xff", "its header is not UTF-8"),
    ],
)
def test_a_wrong_header(tmp_path: Path, header: str, why: str) -> None:
    """A wrong header is an error when the file is opened."""
    (tmp_path / "a.csv").write_bytes(header.encode("latin-1"))

    with pytest.raises(FileFormatError, match=r"header") as error:
        open_message_file(tmp_path / "a.csv")

    assert why in str(error.value)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("5550100,Hello,,,", "to"),
        ("+27820000001,,,ftp://x/a.png,", "media"),
        ("+27820000001,,x y,,", "media_kind"),
        ("+27820000001,Hello,,,pigeon", "channel"),
    ],
)
def test_a_problem_is_reported_by_its_column(tmp_path: Path, row: str, column: str) -> None:
    """A problem names the column, not the path in the JSON form."""
    row = row if "x y" not in row else "+27820000001,,x y,https://example.test/a,"
    (tmp_path / "a.csv").write_text(f"to,text,media_kind,media,channel\n{row}\n")
    table = open_message_file(tmp_path / "a.csv")
    (line,) = table.read()

    with pytest.raises(InvalidValue) as error:
        message_from_json(line.data)

    assert [column] == [table.field_of(each.path) for each in error.value.problems]


def test_columns_without_a_name_may_be_several() -> None:
    """Empty columns between others are ignored, as a spreadsheet has them."""
    row = Columns(["to", "", "text", "", " ", "tags"]).row_to_json(["a", " ", "b", "", "", "c"])

    assert {"to": "a", "content": {"type": "text", "text": "b"}, "tags": ["c"]} == row


def test_a_text_of_the_command_line_has_no_cells_of_other_content() -> None:
    """A cell that `--text` cannot use is an error, not left out without a word."""
    columns = Columns(["to", "caption"], text="Hello")

    with pytest.raises(ValueError, match="caption: belongs to media, and this row fills text"):
        columns.row_to_json(["+27820000001", "Menu"])

    assert "content" in columns.row_to_json(["+27820000001", ""])


def test_a_parameter_is_reported_by_its_column() -> None:
    """The second parameter of a template is the column `param.2`."""
    assert column_of_path("content.body[1].text") == "param.2"


@pytest.mark.parametrize("name", ["a.json", "a.txt", "a"])
def test_an_unknown_suffix(tmp_path: Path, name: str) -> None:
    """The error lists the known suffixes."""
    (tmp_path / name).write_bytes(JSON)

    with pytest.raises(FileFormatError, match=r"\.jsonl, \.ndjson, \.csv, \.tsv"):
        open_message_file(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.xlsx", b"PK\x03\x04\x14\0", "is an Excel workbook or another archive; save it as CSV"),
        ("a.csv.gz", b"\x1f\x8b\x08\0", "is compressed; decompress it first"),
    ],
)
def test_an_unknown_suffix_of_a_file_that_is_no_text(
    tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    """The error says what the file is: with another name, it would be refused again."""
    (tmp_path / name).write_bytes(data)

    with pytest.raises(FileFormatError, match=why):
        open_message_file(tmp_path / name)


def test_a_path_that_is_not_a_file(tmp_path: Path) -> None:
    """A folder is refused as no regular file; a missing file is an `OSError`."""
    (tmp_path / "a.jsonl").mkdir()

    with pytest.raises(FileFormatError, match="not a regular file"):
        open_message_file(tmp_path / "a.jsonl")
    with pytest.raises(FileNotFoundError):
        open_message_file(tmp_path / "b.jsonl")


@pytest.mark.parametrize(("data", "lines"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2)])
def test_the_fingerprint(tmp_path: Path, data: bytes, lines: int) -> None:
    """The fingerprint differs by content and counts lines, including an unterminated last one."""
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(data + b"!")

    found: dict[str, Any] = {name: fingerprint(tmp_path / name) for name in "ab"}

    assert lines == found["a"].line_count
    assert found["a"].sha256 != found["b"].sha256


def test_a_media_cell_becomes_a_link(tmp_path: Path) -> None:
    """The cell `media` is a URL that the provider fetches; `caption` goes with it."""
    (line,) = _read(
        tmp_path, "a.csv", b"to,media,caption\n+27820000001,https://example.test/a.pdf,See\n"
    )
    content = message_from_json(line.data).content

    assert isinstance(content, Media)
    assert (Link("https://example.test/a.pdf"), "document", "See") == (
        content.items[0].source,
        content.items[0].kind,
        content.caption,
    )
