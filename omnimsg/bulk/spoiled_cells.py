"""Recognise the cells that an export has spoiled, each in a way of its own.

The recipient would read "Hello nan", "Tom &amp; Ola", "Hello_x000D_". Such cells are refused and
not replaced, because a text is never changed; whoever means one sends it in JSON Lines.

Each function returns what is wrong with a cell, and what to do about it, or `None`.
"""

from __future__ import annotations

import re
from html.entities import html5

from omnimsg.bulk.missing_values import is_missing_value

# Excel's files escape control characters, and the underscore of what looks like such an escape
# (Office Open XML, ST_Xstring). Another, such as _x0041_, may be part of a name.
_OF_EXCEL = re.compile(r"_x00(?:[01][0-9A-F]|5F)_", re.IGNORECASE)
# Without the semicolon, one cannot be told from the `&copy=1` of a URL.
_OF_HTML = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")


def missing_value(cell: str) -> str | None:
    """Find what programs write for a value that they do not have."""
    if not is_missing_value(cell):
        return None
    what = f"holds {cell.strip()}, which stands for a value that is missing"
    return f"{what}; correct or empty the cell"


def escape_of_excel(cell: str) -> str | None:
    """Find an escape of Excel's files."""
    found = _OF_EXCEL.search(cell)
    return None if found is None else _escape(found[0], "an Excel file")


def escape_of_html(cell: str) -> str | None:
    """Find an escape of HTML."""
    for found in _OF_HTML.finditer(cell):
        if found[0][1] == "#" or found[0][1:] in html5:
            return _escape(found[0], "HTML")
    return None


def lost_character(cell: str) -> str | None:
    """Find what programs write in place of a character that they cannot decode."""
    if "\ufffd" not in cell:
        return None
    what = "holds U+FFFD, which stands for a character that was lost when the file was converted"
    return f"{what}; take the text from its source"


def _escape(found: str, language: str) -> str:
    what = f"holds {found}, which stands for a character in {language}"
    return f"{what}; write the character itself, or remove it"
