"""CSV rows: each line of a file belongs to exactly one row, wherever its quotes stand."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.bulk import Line, csv_rows, open_message_file
from omnimsg.bulk.csv_columns import Columns
from omnimsg.bulk.csv_rows import Row, RowReader

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = Columns(["to", "text", "reference"])

_NUMBERS = st.integers(10**6, 10**9).map("+2782{}".format)
# Invalid recipients: bad rows of their own, which must not be swallowed by another row.
_SPOILT_NUMBERS = st.sampled_from(
    ["082 000 1004", "2.78E+10", "\u202a+27820001004", "'+27820001004", "ola@example.test", ""]
)
# A line that begins with a delimiter looks like a row without a recipient.
_TEXTS = st.text(st.sampled_from('Hi, "you"\n\r;'), max_size=12).filter(
    lambda text: not any(line.lstrip().startswith(",") for line in text.splitlines())
)


def _rows(text: str) -> list[Row]:
    """Read rows as from a file with the columns `to`, `text` and `reference`."""
    reader = RowReader(io.StringIO(text, newline=""), ",")
    reader.width = COLUMNS.width
    reader.looks_like_row = COLUMNS.looks_like_row
    return list(reader)


def _lines_of(rows: list[Row]) -> list[int]:
    return [row.number + index for row in rows for index in range(row.line_count)]


@given(st.lists(st.tuples(_NUMBERS, _TEXTS, st.integers(0, 99).map("r-{}".format)), max_size=8))
def test_what_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    """Cells may hold delimiters, quotes and line breaks, as long as no line looks like a row."""
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)

    read = _rows(written.getvalue())

    assert [list(row) for row in rows] == [row.cells for row in read]
    assert [None] * len(rows) == [row.problem for row in read]


@given(
    rows=st.lists(
        st.tuples(_NUMBERS | _SPOILT_NUMBERS, st.sampled_from(["Hello", "One, two", "See you"])),
        min_size=2,
        max_size=12,
    ),
    data=st.data(),
)
def test_a_stray_quote_damages_no_other_row(
    rows: list[tuple[str, str]], data: st.DataObject
) -> None:
    """With stray quotes anywhere each line is one row, and no text gets another row's number."""
    written = []
    for number, (to, text) in enumerate(rows):
        line = f"{to},{text.replace(',', ' ')},r-{number}"
        for _ in range(data.draw(st.sampled_from([0, 0, 1, 2]), label="quotes")):
            at = data.draw(st.integers(len(to) + 1, len(line)), label="at")
            line = f'{line[:at]}"{line[at:]}'
        written.append(line)

    read = _rows("\r\n".join(written))

    assert list(range(1, len(rows) + 1)) == _lines_of(read)
    for row in read:
        if row.problem is None:
            assert 1 == row.line_count
            assert rows[row.number - 1][0] == row.cells[0]
            assert f"r-{row.number - 1}" in row.cells[-1].replace('"', "")


def test_a_quote_that_joins_lines_into_a_row_of_the_wrong_width_is_misplaced() -> None:
    """A row over several lines has as many cells as the header: else each line is a row."""
    for more in ("", ",r-1,surplus"):
        first, second = _rows(f'x,"One\ntwo"{more}\n')

        assert "up to line 2 into a row of the wrong width" in str(first.problem)
        assert (2, None) == (second.number, second.problem)


@pytest.mark.parametrize("limit", ["_MAX_CELL_LINES", "_MAX_CELL_CHARACTERS"])
def test_a_cell_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """A cell of too many lines or characters has no closing quote: its first line is a bad row."""
    monkeypatch.setattr(csv_rows, limit, 40)
    lines = ["y\n"] * 100

    bad, *others = _rows(f'x,"One\n{"".join(lines)}')

    assert "too long, so its closing quote must be missing" in str(bad.problem)
    assert lines == [f"{row.cells[0]}\n" for row in others]


@given(st.text(st.sampled_from('a+1234567,"\n\r'), max_size=60))
def test_every_line_belongs_to_one_row(text: str) -> None:
    """Whatever the file contains, no line is lost and none is counted twice."""
    lines = io.StringIO(text, newline="").readlines()

    assert list(range(1, len(lines) + 1)) == _lines_of(_rows(text))


@pytest.mark.parametrize("tail", ["x", '"x"', ',"x', '"",', "\n"])
def test_many_stray_quotes_take_linear_time(tail: str) -> None:
    """With a stray quote on each line, the number of rows checked grows linearly."""
    count = 20_000
    looked_at = 0
    reader = RowReader(io.StringIO(f'a,"b{tail}\n' * count, newline=""), ",")

    def looks_like_row(_: list[str]) -> bool:
        nonlocal looked_at
        looked_at += 1
        return False

    reader.width = COLUMNS.width
    reader.looks_like_row = looks_like_row
    rows = sum(1 for _ in reader)

    assert rows <= count * 2
    assert looked_at <= count * 4


def test_a_multi_line_cell_with_a_signature(tmp_path: Path) -> None:
    """A line of a cell that is only a number, or begins with words, does not look like a row."""
    text = "Dear Ola,\nyour table, as booked, is ready.\n\nCall\n+27820000009\nSee you, Ann"
    (tmp_path / "a.csv").write_text(f'to,text\n+27820000001,"{text}"\n+27820000002,Hello\n')

    first, second = open_message_file(tmp_path / "a.csv").read()

    assert text == first.data["content"]["text"]
    assert (2, 6, 8) == (first.number, first.line_count, second.number)


@pytest.mark.parametrize("behind", ["", ",Ola"])
def test_a_recipient_behind_a_cell_of_several_lines(tmp_path: Path, behind: str) -> None:
    """The last line of the cell looks like a row then; it was refused, and once texted alone."""
    header = "text,to" + (",name" if behind else "")
    row = f'"Hello,\nsee you ""soon"", Ann",+27820000001{behind}\n'
    (tmp_path / "a.csv").write_text(f"{header}\n{row}{row}")

    lines = list(open_message_file(tmp_path / "a.csv").read())

    assert ['Hello,\nsee you "soon", Ann'] * 2 == [line.data["content"]["text"] for line in lines]


def test_two_stray_quotes_in_texts_before_their_recipients(tmp_path: Path) -> None:
    """Both rows are bad: the text of the first was texted to the recipient of the second."""
    rows = '"Hello,+27820000001\nBye",+27820000002\n'
    (tmp_path / "a.csv").write_text(f"text,to\n{rows}")

    assert all(line.problems for line in open_message_file(tmp_path / "a.csv").read())


def test_a_line_that_ends_at_a_delimiter_is_no_row(tmp_path: Path) -> None:
    """The comma of a signature is no blank recipient, where that is the last column."""
    text = "Your table is ready\nKind regards,\nAnn"
    (tmp_path / "a.csv").write_text(f'text,to\n"{text}",+27820000001\n')

    (line,) = open_message_file(tmp_path / "a.csv").read()

    assert text == line.data["content"]["text"]


@pytest.mark.parametrize(
    "further",
    [
        "+27820000002,Hello",
        "082 000 1004,Hello",
        "2.78E+10,Hello",
        "ola@example.test,Hello",
        ",Hello",
        ",",
    ],
)
def test_a_cell_whose_further_lines_look_like_rows_is_bad(tmp_path: Path, further: str) -> None:
    """A row is bad if a line of its quoted cell looks like a row; the later rows are read."""
    data = f'to,text\n+27820000001,"Hello\n{further}\nBye"\n+27820000003,Hello\n'
    (tmp_path / "a.csv").write_text(data)

    lines = list(open_message_file(tmp_path / "a.csv").read())

    assert "line 3, which looks like a row" in lines[0].problems[0].why
    assert [line.number for line in lines if not line.problems][-1] == 5
    assert not any("Bye" in str(line.data) for line in lines)


def test_one_stray_quote_costs_one_row(tmp_path: Path) -> None:
    """One stray quote in a file of four thousand rows costs one row."""
    rows = [
        "+2782{0:07},{1}Order {0} is ready; see you,o-{0}\r\n".format(n, '"' * (n == 300))
        for n in range(4000)
    ]
    (tmp_path / "a.csv").write_text("to,text,reference\r\n" + "".join(rows))

    lines: list[Line] = list(open_message_file(tmp_path / "a.csv").read())

    assert list(range(2, 4002)) == [line.number for line in lines]
    assert [302] == [line.number for line in lines if line.problems]


def test_a_line_of_a_cell_that_looks_like_a_row_texts_nobody(tmp_path: Path) -> None:
    """A number in a quoted text is not texted; the line may also be a row behind a stray quote.

    The line was read as a row, and its rest was texted to the number.
    """
    text = "Call\n+27820000009, Ola\nor\n+27820000008, Ann"
    (tmp_path / "a.csv").write_text(f'to,text\n+27820000001,"{text}"\n+27820000002,Hello\n')

    lines = list(open_message_file(tmp_path / "a.csv").read())

    why = [line.problems[0].why if line.problems else None for line in lines]
    belongs = "may belong to the quoted cell of line 2, or be a row of its own"
    assert [2, 3, 4, 5, 6] == [line.number for line in lines]
    assert [belongs, belongs, belongs, None] == why[1:]
    assert "that ends in line 5 contains line 3, which looks like a row of its own" in str(why[0])


@pytest.mark.parametrize("space", [" ", "\t", "\u00a0"])
def test_a_space_before_an_opening_quote_is_an_error(tmp_path: Path, space: str) -> None:
    """The quotes would be texted, and the text would end at its first comma."""
    row = f'+27820000001,{space}"Hello, Ola"\n'
    (tmp_path / "a.csv").write_text(f"to,text,reference\n{row}")

    (line,) = open_message_file(tmp_path / "a.csv").read()

    assert "a space stands before the opening quote of a cell; remove the space" == (
        line.problems[0].why
    )
