"""CSV files as spreadsheets and people write them: separators, headers, columns, placeholders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.bulk import (
    FileFormatError,
    MessageFile,
    ReadOptions,
    WrongInputError,
    open_message_file,
)

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = "+27820000001"


def _open(folder: Path, data: str, **options: Any) -> MessageFile:
    (folder / "a.csv").write_bytes(data.encode())
    return open_message_file(folder / "a.csv", ReadOptions(**options))


def _read(folder: Path, data: str, **options: Any) -> list[Any]:
    """Return the data of each line, or the reason why it is bad."""
    lines = _open(folder, data, **options).read()
    return [line.data or line.problems[0].why for line in lines]


def _message(text: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"to": NUMBER, "content": {"type": "text", "text": text}, **more}


@pytest.mark.parametrize(
    "text",
    [
        f"sep=;\r\nto;text\r\n{NUMBER};Hello\r\n",
        f'"sep=;"\r\nto;text\r\n{NUMBER};Hello\r\n',
        f"SEP=|\nto|text\n{NUMBER}|Hello\n",
        f"to|text\n{NUMBER}|Hello\n",
        f"sep=\t\nto\ttext\n{NUMBER}\tHello\n",
        f"to,text\r{NUMBER},Hello\r",
        f"\r\n,,\r\nto,text\r\n{NUMBER},Hello\r\n",
        f"to,text,,\n{NUMBER},Hello,,\n",
        f"to,text\n{NUMBER},Hello,,\n",
        f"TO, Text \n{NUMBER},Hello\n",
        f"\u200bto,te\u00adxt\n{NUMBER},Hello\n",
        f'"to\n",text\n{NUMBER},Hello\n',
        f"to,text\n,,\n{NUMBER},Hello\n , \n,\u00a0\n\n",
        f"to,text,subject,html\n{NUMBER},Hello, ,\u00a0\n",
    ],
)
def test_accepted_forms_of_a_csv_file(tmp_path: Path, text: str) -> None:
    """A sep= line, CR, blank rows and columns, and capitals or marks in the header are accepted."""
    assert [_message()] == _read(tmp_path, text)


def test_lines_are_counted_from_the_top(tmp_path: Path) -> None:
    """A sep= line and blank lines before the header count as lines of the file."""
    file = _open(tmp_path, f"\nsep=;\n\nto;text\n{NUMBER};Hello\n")

    assert 4 == file.header_line_count
    assert [5] == [line.number for line in file.read()]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"to,text\n{NUMBER},Hello,more\n", "has 3 cells, the header has 2"),
        (f"to,,text\n{NUMBER},more,Hello\n", "cell 2 is filled, but its column has no name"),
        (f'to,text\n{NUMBER},"Hello\n', "a cell has an opening quote and no closing quote"),
    ],
)
def test_what_is_in_no_column_is_bad(tmp_path: Path, text: str, why: str) -> None:
    """A filled cell without a named column makes its row bad."""
    assert [why] == _read(tmp_path, text)


def test_other_columns_are_metadata(tmp_path: Path) -> None:
    """Other columns become metadata under their own name, and `kept` lists them."""
    file = _open(tmp_path, f"Full Name,to,text,metadata.ID\nOla N,{NUMBER},Hello,7\n")

    assert ("Full Name",) == file.kept
    assert [_message(metadata={"Full Name": "Ola N", "ID": "7"})] == [
        line.data for line in file.read()
    ]


def test_columns_are_renamed(tmp_path: Path) -> None:
    """--map renames any column to any other, without regard to case."""
    text = f"Phone;Message;to\n{NUMBER};Hello;Ola\n"

    read = _read(tmp_path, text, renamed={"phone": "to", "MESSAGE": "text", "to": "metadata.who"})

    assert [_message(metadata={"who": "Ola"})] == read


def test_a_text_is_filled_from_columns(tmp_path: Path) -> None:
    """A placeholder is a column's name in the header or its name after --map; case is ignored."""
    text = f"Phone,First Name,table\n{NUMBER},Ola,7\n{NUMBER},Ann, \n"

    read = _read(
        tmp_path,
        text,
        renamed={"phone": "to"},
        text="{first name}, table {TABLE} is ready {{{table}}} {to}",
    )

    assert f"Ola, table 7 is ready {{7}} {NUMBER}" == read[0]["content"]["text"]
    assert "table: is blank, and --text uses it" == read[1]


@pytest.mark.parametrize(
    "value",
    [
        *("#NAME?", " #N/A ", "#DIV/0!", "#NV", "#¿NOMBRE?", "#ССЫЛКА!", "Err:502", "#######"),
        *("nan", "NaN", "NaT", "<NA>", "NULL", "(null)", "\\N"),
    ],
)
@pytest.mark.parametrize(
    ("columns", "text", "field"),
    [
        ("to,text,sender", None, "text"),
        ("to,sender,text", None, "sender"),
        ("to,First Name,sender", "Hello {first name}", "First Name"),
        ("to,media,caption", None, "media"),
    ],
)
def test_what_stands_for_a_missing_value_is_not_sent(
    tmp_path: Path, columns: str, text: str | None, field: str, value: str
) -> None:
    """A formula that failed, or the mark of a data frame or a database, makes its row bad.

    It was texted to the recipient.
    """
    read = _read(tmp_path, f"{columns}\n{NUMBER},{value},Hello\n", text=text)

    what = f"{field}: holds {value.strip()}, which stands for a value that is missing"
    assert [f"{what}; correct or empty the cell"] == read


@pytest.mark.parametrize("column", ["text", "sender", "param.1", "subject"])
def test_a_text_that_has_lost_characters_is_not_sent(tmp_path: Path, column: str) -> None:
    """U+FFFD stands for a character that a program could not decode: the text is damaged."""
    read = _read(tmp_path, f"to,{column},name,template\n{NUMBER},Gr\ufffd\ufffde,J\ufffdrg,\n")

    assert isinstance(read[0], str)
    assert f"{column}: holds U+FFFD, which stands for a character that was lost" in read[0]
    assert "name: " not in read[0]


@pytest.mark.parametrize(
    ("columns", "cells", "field"),
    [
        ("to,text", "J\ufffdrg@x.test,Hello", "to"),
        ("to,media", f"{NUMBER},https://x.test/Gr\ufffdn.png", "media"),
        (
            "to,text,callback_url",
            f"{NUMBER},Hello,https://x.test/Gr\ufffdn",
            "callback_url",
        ),
    ],
)
def test_an_address_that_has_lost_characters_is_not_used(
    tmp_path: Path, columns: str, cells: str, field: str
) -> None:
    """An address with U+FFFD is valid, and is that of another mailbox or page."""
    read = _read(tmp_path, f"{columns}\n{cells}\n")

    assert isinstance(read[0], str)
    assert read[0].startswith(f"{field}: holds U+FFFD, which stands for a character that was lost")


@pytest.mark.parametrize(
    ("column", "more", "rest"),
    [
        ("text", "", ""),
        ("subject", "", ""),
        ("html", ",subject", ",Hello"),
        ("caption", ",media", ",https://x.test/a.png"),
    ],
)
def test_a_text_that_was_meant_to_be_filled_is_not_sent(
    tmp_path: Path, column: str, more: str, rest: str
) -> None:
    """A column of the file in braces in a text is a mistake: everybody would get it as it is."""
    text = f"to,{column},First Name{more}\n{NUMBER},Hello {{first name}},Ola{rest}\n"

    read = _read(tmp_path, text)

    assert [f"{column}: has {{first name}}, a column of the file, which only --text fills"] == read


def test_a_missing_value_that_is_not_sent_is_kept(tmp_path: Path) -> None:
    """A mark in a column of metadata, and a text that resembles one, stop nothing."""
    rows = ("Hello,#N/A", "#WIN!,", "#N/A means n/a,", "Nan,", "None,", "{hotels} {},")
    text = "to,text,Hotel\n" + "".join(f"{NUMBER},{each}\n" for each in rows)

    read = _read(tmp_path, text)

    assert [
        _message(metadata={"Hotel": "#N/A"}),
        _message("#WIN!"),
        _message("#N/A means n/a"),
        _message("Nan"),
        _message("None"),
        _message("{hotels} {}"),
    ] == read


@pytest.mark.parametrize(
    "left",
    [
        *((each, "an Excel file") for each in ("_x000D_", "_x000d_", "_x000B_", "_x005F_")),
        *((each, "HTML") for each in ("&amp;", "&nbsp;", "&eacute;", "&#39;", "&#x1F600;")),
    ],
)
@pytest.mark.parametrize(
    ("columns", "cells", "text", "field"),
    [
        ("text", "Tom{0}Ola", None, "text"),
        ("template,param.1", "ready,{0}Ola", None, "param.1"),
        ("First Name", "Ola{0}", "Hello {first name}", "First Name"),
        ("media", "https://x.test/a.png?b=1{0}c=2", None, "media"),
    ],
)
def test_what_stands_for_a_character_is_not_sent(
    tmp_path: Path, columns: str, cells: str, text: str | None, field: str, left: tuple[str, str]
) -> None:
    """An escape of Excel's files or of HTML that an export has left makes its row bad.

    It was texted to the recipient.
    """
    escape, language = left

    read = _read(tmp_path, f"to,{columns}\n{NUMBER},{cells.format(escape)}\n", text=text)

    what = f"{field}: holds {escape}, which stands for a character in {language}"
    assert [f"{what}; write the character itself, or remove it"] == read


def test_an_escape_that_is_none_is_sent(tmp_path: Path) -> None:
    """An ampersand, an underscore and a semicolon that only resemble an escape stop nothing."""
    texts = ("Fish&chips; Q&A;", "https://x.test/?a=1&copy=2", "& #39;", "x_000D_", "_x0041_")
    text = "to,text,Hotel\n" + "".join(f"{NUMBER},{each},&amp;\n" for each in texts)

    read = _read(tmp_path, text)

    assert [_message(each, metadata={"Hotel": "&amp;"}) for each in texts] == read


def test_html_has_escapes_of_html_only(tmp_path: Path) -> None:
    """HTML is written with `&amp;`, and a browser would show Excel's escape."""
    rows = ("Tom &amp; Ola", "Tom_x000D_Ola")
    text = "to,subject,html\n" + "".join(f"ola@x.test,Hello,{each}\n" for each in rows)

    read = _read(tmp_path, text)

    assert rows[0] == read[0]["content"]["html"]
    assert read[1].startswith("html: holds _x000D_, which stands for a character in an Excel file")


@pytest.mark.parametrize(
    ("header", "options", "why"),
    [
        ("to,name", {"text": "Hello {nam}"}, "no column for {nam}; did you mean {name}?"),
        ("to,name", {"text": "Hello {name"}, "has a single brace"),
        ("to,name", {"text": " "}, "--text: is blank"),
        ("to,name", {"text": "Gr\udcfc\udcdfe {name}"}, "--text: has a byte that is not UTF-8"),
        ("to,text", {"text": "Hello"}, "column 'text' and --text exclude each other"),
        ("to,text", {"renamed": {"phone": "to"}}, "the header has no column 'phone'"),
        ("phone,text", {"renamed": {"phone": "too"}}, "--map: 'too' is not a known key"),
        ("to,phone,text", {"renamed": {"phone": "to"}}, "column 'to' appears twice"),
        ("phone,text", {}, "--map NAME=to takes another column"),
        ("to,message", {}, "--map NAME=text takes another column"),
        ("to,text,refrence", {}, "did you mean 'reference'?"),
        ("to,text,Name,name ,Name", {}, "column 'metadata.Name' appears twice"),
        ("sep=:\nto:text", {}, "sep= with the delimiter ':'"),
        ("sep=;,\nto,text", {}, "delete that line"),
        ("sep=tab\nto\ttext", {}, "delete that line"),
        ("Guests of Friday,\n,\nTo,text", {}, "line 3 has the names of the columns; delete"),
        ("# exported\nto,text", {}, "line 2 has the names of the columns; delete"),
        ("# exported\nto;text", {}, "line 2 has the names of the columns; delete"),
        ("Guests, Friday\n\nto\ttext", {}, "line 3 has the names of the columns; delete"),
        (f"phone,text\n{NUMBER},Hello\n{NUMBER},to", {}, "--map NAME=to takes another column"),
        (f"phone,name\n{NUMBER},To", {"renamed": {"tel": "to"}}, "the header has no column 'tel'"),
    ],
)
def test_what_the_header_does_not_have(
    tmp_path: Path, header: str, options: dict[str, Any], why: str
) -> None:
    """A flag or a column that does not fit the header is an error when the file is opened."""
    with pytest.raises(FileFormatError) as error:
        _open(tmp_path, f"{header}\n", **options)

    assert why in str(error.value)


@pytest.mark.parametrize(
    "first", [NUMBER, "082 000 0001", "2.78E+10", "\u202a+27820000001", "ola@example.test"]
)
@pytest.mark.parametrize("position", [0, 1])
def test_a_file_without_a_header(tmp_path: Path, first: str, position: int) -> None:
    """A first line with a recipient is no header; the error does not show the recipient."""
    cells = ["Hello", "Hello"]
    cells[position] = first

    with pytest.raises(FileFormatError, match="the first line is no header") as error:
        _open(tmp_path, f"{','.join(cells)}\n")

    assert first not in str(error.value)


def test_a_number_in_a_name_is_masked(tmp_path: Path) -> None:
    """Numbers in column names are masked in errors, because a name may be a cell."""
    with pytest.raises(FileFormatError) as error:
        _open(tmp_path, "to,text,txt 27820001001\n", renamed={"call 27820001001": "to"})

    assert "27820001001" not in str(error.value)


def test_recipients_in_another_column(tmp_path: Path) -> None:
    """A file with recipients only in a column other than `to` is refused; the error names both."""
    with pytest.raises(FileFormatError, match=r"column 'to' has no recipient.*'phone' has"):
        _open(tmp_path, f"to,text,phone\nOla,Hello,{NUMBER}\nAnn,Hello,082 000 0001\n")


def test_json_lines_have_no_columns(tmp_path: Path) -> None:
    """--map and --text are refused for JSON Lines."""
    (tmp_path / "a.jsonl").write_text("{}\n")

    with pytest.raises(FileFormatError, match="--map and --text are for CSV"):
        open_message_file(tmp_path / "a.jsonl", ReadOptions(text="Hello"))


@pytest.mark.parametrize(
    "header",
    [
        "to;text;Address (street, no., code, town)",
        'to;text;"Address (street, no., code, town)"',
        '"to","text","a;b;c;d;e"',
        "to,text,a|b|c|d",
        '"to","text","a;b\n;c;d;e"',
        '"Table\nno";text;to',
    ],
)
def test_other_delimiters_in_the_names_of_columns(tmp_path: Path, header: str) -> None:
    """The delimiter is the one with which the header names the recipient, not the most frequent."""
    file = _open(tmp_path, f"{header}\n")

    assert len(file.kept) == 1


@pytest.mark.parametrize(
    "header", ["to,text,Hotel", '\ufeff"To","text","Hotel"', "to,text,Hotel,,"]
)
def test_the_header_of_a_further_part_is_passed_over(tmp_path: Path, header: str) -> None:
    """A file that was put together from several has its header, or sep=, again in the middle."""
    row = f"{NUMBER},Hello,\n"

    assert [_message(), _message()] == _read(
        tmp_path, f"to,text,Hotel\n{row}sep=,\n{header}\n{row}"
    )


def test_rows_below_a_header_of_other_columns_are_bad(tmp_path: Path) -> None:
    """Their cells are in other columns: the reference was texted in place of the text."""
    rows = "to,reference,text\n+27820000002,r-2,Hello\nto,text,reference\n+27820000003,Hello,r-3\n"

    read = _read(tmp_path, f"to,text,reference\n{NUMBER},Hello,r-1\n{rows}")

    assert "is a header with other columns than the first one" in read[1]
    assert "stands below the header of line 3, which has other columns" in read[2]
    assert ["r-1", "r-3"] == [each["reference"] for each in (read[0], read[3])]


@pytest.mark.parametrize("end", ["\x1a", "\u200b,", "\ufeff\n", " ,\u00a0\u200b\n"])
def test_a_row_of_invisible_marks_is_blank(tmp_path: Path, end: str) -> None:
    """The end of a file of DOS, and cells with marks that nobody sees, are no row."""
    assert [_message()] == _read(tmp_path, f"to,text\r\n{NUMBER},Hello\r\n{end}")


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("1.23457E+15", "is in scientific notation: a spreadsheet has dropped its last digits"),
        ("1,2E+12", "is in scientific notation"),
        ('"=""0123"""', 'begins with =", which is meant for a spreadsheet'),
        ("'=1+1", "begins with '=, which is meant for a spreadsheet"),
        ("'-20 % today", "begins with '-, which is meant for a spreadsheet"),
        ("\u201cHello", "begins with \u201c, which nothing closes"),
        ("\u00abHello", "begins with \u00ab, which nothing closes"),
        ("Hello<br>Ola", "holds a tag of HTML, <br>"),
        ("<p class=x>Hello</p>", "holds a tag of HTML, <p class=x>"),
        ("Hello\\nOla", "holds \\n, which stands for a character in JSON"),
        ("Gr\\u00fc\\u00dfe", "holds \\u00fc, which stands for a character in JSON"),
        ("<p\tclass='x'>", "holds a tag of HTML"),
        ("<br />", "holds a tag of HTML"),
        ("Hello\\", "ends with a backslash, which escapes no delimiter"),
        ("Hello\x0bOla", "holds U+000B, a control character"),
        ("10 \x96 20", "holds U+0096, a control character"),
        *(
            (text.encode().decode("cp1252"), "which was another character before")
            for text in (
                "Grüße",
                "It\u2019s",
                "5 €",
                "£5",
                "\U0001f600",
                "çà",
                "voilà",
                "\u0414\u043e\u0431\u0440\u044b\u0439",
            )
        ),
        *(
            (text.encode().decode("mac_roman"), "which was another character before")
            for text in ("Grüße", "It\u2019s", "Wait\u2026")
        ),
    ],
)
@pytest.mark.parametrize(
    ("columns", "text", "field"),
    [("text", None, "text"), ("First Name", "Hello {first name}", "First Name")],
)
def test_what_an_export_has_spoiled_is_not_sent(
    tmp_path: Path, columns: str, text: str | None, field: str, cell: str, why: str
) -> None:
    """Digits, line breaks and letters that programs have lost or escaped make a row bad.

    They were texted as they stood.
    """
    read = _read(tmp_path, f"to;{columns}\n{NUMBER};{cell}\n", text=text)

    assert isinstance(read[0], str)
    assert read[0].startswith(f"{field}: ")
    assert why in read[0]


def test_what_only_resembles_a_spoiled_cell_is_sent(tmp_path: Path) -> None:
    """Capitals before quotation marks, amounts, apostrophes and paths stop nothing."""
    texts = (
        *(
            "“CAFÉ”",
            '„Ola" reist ab',
            "FERMÉ…",
            "AMANHÃ”",
            "AMANHÃ…",
            "ÂGE",
            "Ðorð",
            "1.2E5",
            "'Tis",
            "='",
            "a <b",
            "√9",
        ),
        *("C:\\temp", "¯\\_(ツ)_/¯", "50 % [off]", "a\tb", "E+10"),
        *("'@ola' likes it", "'-10 %' is what I said", "See you :-\\", "P <p.smith@shop.example>"),
        *(
            "\u201aÄpfel\u2018 und \u201aÄrger\u2018",
            "ABERTO AMANHÃ\u00a0às 9",
            "\u201cHallo\u201c",
            "«Hei \u201dOla",
        ),
        *("a <p and b> c", "Le « name » exact", "10 % name 20 %"),
    )
    rows = "".join(f"{NUMBER}|{each}|x\n" for each in texts)

    assert [_message(each, metadata={"name": "x"}) for each in texts] == _read(
        tmp_path, f"to|text|name\n{rows}"
    )


@pytest.mark.parametrize("mark", ["[name]", "<Name>", "«name»", "%NAME%", "*|name|*", "{{ name }}"])
def test_a_placeholder_of_another_program_is_not_sent(tmp_path: Path, mark: str) -> None:
    """Neither a text of the file nor --text has the name of a column in brackets that stay."""
    read = _read(tmp_path, f"to,text,name\n{NUMBER},Hi {mark},Ola\n")
    with pytest.raises(WrongInputError, match=r"--text: has .*, which nothing fills; write \{"):
        _open(tmp_path, f"to,name\n{NUMBER},Ola\n", text=f"Hi {mark}")

    assert "a column of the file, which only --text fills" in read[0]


@pytest.mark.parametrize("text", ["Hi\\nOla", "Tom &amp; Ola", "GrÃ¼ÃŸe", "Hi\x0b", "\ufffd"])
def test_a_spoiled_text_of_every_message_is_refused(tmp_path: Path, text: str) -> None:
    """What would make a row bad is refused in --text before anybody gets it."""
    with pytest.raises(WrongInputError, match="--text: holds "):
        _open(tmp_path, f"to,name\n{NUMBER},Ola\n", text=text)


def test_pieces_with_a_bar_between_are_no_placeholder(tmp_path: Path) -> None:
    """Only `*|name|*` is one: a bar alone divides what stands on one line."""
    text = "10:00 | name | |name|"

    assert [_message(text, metadata={"name": "x"})] == _read(
        tmp_path, f"to;text;name\n{NUMBER};{text};x\n"
    )


@pytest.mark.parametrize("name", ["2030-05-12", "12.5.2030", "5/12/2030", "2030-05-12 10:00"])
def test_a_date_is_no_recipient(tmp_path: Path, name: str) -> None:
    """A date may name a column, and begin a line of a text."""
    text = f"See you\n{name}, room 4"

    assert [_message(text, metadata={name: "x"})] == _read(
        tmp_path, f'to,text,{name}\n{NUMBER},"{text}",x\n'
    )
