"""Recognise the cells that an export has spoiled, each in a way of its own.

The recipient would read "Hello nan", "Tom &amp; Ola", "GrÃ¼ÃŸe". Such cells are refused and not
replaced, because a text is never changed; whoever means one sends it in JSON Lines.

Each function returns what is wrong with a cell, and what to do about it, or `None`.
"""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING

from omnimsg.bulk.missing_values import is_missing_value

if TYPE_CHECKING:
    from collections.abc import Callable

# What a spreadsheet shows of a number with more digits than a cell has room for.
_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}")
# A formula for a text that looks like a number, or the apostrophe in front of what looks like one.
# With another apostrophe at the end of a word, the two are quotation marks.
_FORMULA = re.compile(r"""\s*(="|'[=+\-@](?!.*'\B))""", re.DOTALL)
# A quotation without a second mark of any kind: languages and typists differ in which one ends it.
_OPEN_QUOTATION = re.compile('[\u201c\u201e\u00ab][^\u201c-\u201f\u00ab\u00bb"]*')
# Excel's files escape control characters, and the underscore of what looks like such an escape
# (Office Open XML, ST_Xstring). Another, such as _x0041_, may be part of a name.
_OF_EXCEL = re.compile(r"_x00(?:[01][0-9A-F]|5F)_", re.IGNORECASE)
# Without the semicolon, one cannot be told from the `&copy=1` of a URL.
_OF_HTML = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")
# An address such as <p.smith@example.com> is none.
_TAG = re.compile(r"</?(?:br|p|div|span)(?:\s[^<>=]*+=[^<>]*+|\s*+/?)>", re.IGNORECASE)
# JSON, databases and shells write line breaks and letters so; a path of Windows goes with them.
_OF_PROGRAMS = re.compile(r"\\(?:r\\n|[nr]|u[0-9a-fA-F]{4})")
_ESCAPED_DELIMITER = re.compile(r"[^-:;=]\\\Z")  # and not a face such as :-\
# No phone shows them, and with ISO 8859 as the encoding they were letters of Windows-1252.
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# UTF-8 read as Windows-1252 or Mac Roman. A capital with a quotation mark or an ellipsis behind it
# is not among them, because it may be the end of a word; nor is Ã with a no-break space behind it
# in a word of capitals.
_OTHER_ENCODING = re.compile(
    "[ÂÃ][\u00a1-\u00ba\u00bc-\u00bf]|Â\u00a0|(?<![A-Z])Ã\u00a0|Ã[Ÿœ„]|â€.?|â\u201a¬|ðŸ.."
    "|Ð[\u00b0-\u00bf]|√[©§º∂±ü®†]|\u201aÄ[ìîïòôöúùû¢¶]"
)


def missing_value(cell: str) -> str | None:
    """Find what programs write for a value that they do not have."""
    if not is_missing_value(cell):
        return None
    what = f"holds {cell.strip()}, which stands for a value that is missing"
    return f"{what}; correct or empty the cell"


def lost_digits(cell: str) -> str | None:
    """Find a number of which a spreadsheet has kept the first digits only."""
    if "E+" not in cell or _SCIENTIFIC.fullmatch(cell.strip()) is None:
        return None
    return (
        "is in scientific notation: a spreadsheet has dropped its last digits;"
        " format the column as text there and take the number from its source"
    )


def formula(cell: str) -> str | None:
    """Find what makes a spreadsheet take a cell for text, or keeps it from computing it."""
    found = _FORMULA.match(cell)
    if found is None:
        return None
    return f"begins with {found[1]}, which is meant for a spreadsheet; write the text alone"


def half_of_a_quotation(cell: str) -> str | None:
    """Find a cell that an editor's quotation marks were to keep together with the next one."""
    cell = cell.strip()
    if _OPEN_QUOTATION.fullmatch(cell) is None:
        return None
    return f'begins with {cell[0]}, which nothing closes; put a cell with a delimiter in " and "'


def escape_of_excel(cell: str) -> str | None:
    """Find an escape of Excel's files."""
    found = _OF_EXCEL.search(cell) if "_x" in cell.lower() else None
    return None if found is None else _escape(found[0], "an Excel file")


def escape_of_html(cell: str) -> str | None:
    """Find an escape of HTML, or a tag that breaks lines."""
    if "&" not in cell and "<" not in cell:
        return None
    for found in _OF_HTML.finditer(cell):
        if found[0][1] == "#" or found[0][1:] in html5:
            return _escape(found[0], "HTML")
    tag = _TAG.search(cell)
    return None if tag is None else f"holds a tag of HTML, {tag[0][:20]}; write the text alone"


def escape_of_programs(cell: str) -> str | None:
    r"""Find an escape such as `\n`, or a backslash before the delimiter, which ends the cell."""
    if "\\" not in cell:
        return None
    if _ESCAPED_DELIMITER.search(cell):
        return "ends with a backslash, which escapes no delimiter; put the whole cell in quotes"
    found = _OF_PROGRAMS.search(cell)
    return None if found is None else _escape(found[0], "JSON and other programs")


def control_character(cell: str) -> str | None:
    """Find a character that no phone shows, other than a tab and a line break."""
    found = None if cell.isascii() and cell.isprintable() else _CONTROLS.search(cell)
    if found is None:
        return None
    what = f"holds U+{ord(found[0]):04X}, a control character, which no phone shows"
    return f"{what}; take the text from its source"


def other_encoding(cell: str) -> str | None:
    """Find letters of UTF-8 that a program has read in another encoding."""
    found = None if cell.isascii() else _OTHER_ENCODING.search(cell)
    if found is None:
        return None
    what = f"holds {found[0]}, which was another character before the file was read in a wrong"
    return f"{what} encoding; open the original file as UTF-8"


def lost_character(cell: str) -> str | None:
    """Find what programs write in place of a character that they cannot decode."""
    if "\ufffd" not in cell:
        return None
    what = "holds U+FFFD, which stands for a character that was lost when the file was converted"
    return f"{what}; take the text from its source"


IN_A_TEXT: tuple[Callable[[str], str | None], ...] = (
    escape_of_excel,
    escape_of_html,
    escape_of_programs,
    control_character,
    other_encoding,
    lost_character,
)
"""What may be wrong with a part of a text."""


def _escape(found: str, language: str) -> str:
    what = f"holds {found}, which stands for a character in {language}"
    return f"{what}; write the character itself, or remove it"
