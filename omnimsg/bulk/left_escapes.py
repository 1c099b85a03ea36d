"""Recognise the escapes that an export has left in a cell: those of Excel's files and of HTML.

The recipient would read them: "Tom &amp; Ola", "Hello_x000D_". They are refused and not replaced,
because a text is never changed; whoever means one sends it in JSON Lines.
"""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Excel's files escape control characters, and the underscore of what looks like such an escape
# (Office Open XML, ST_Xstring). Another, such as _x0041_, may be part of a name.
_OF_EXCEL = re.compile(r"_x00(?:[01][0-9A-F]|5F)_", re.IGNORECASE)
# Without the semicolon, one cannot be told from the `&copy=1` of a URL.
_OF_HTML = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")


def left_escapes(cell: str, *, is_html: bool) -> Iterator[str]:
    """Yield what is wrong with a cell: its first escape of Excel's files, and of HTML.

    Args:
        cell: The cell.
        is_html: Whether it is HTML, of which escapes are a part.
    """
    of_excel = _OF_EXCEL.search(cell)
    if of_excel is not None:
        yield _sentence(of_excel[0], "an Excel file")
    of_html = () if is_html else map(re.Match.group, _OF_HTML.finditer(cell))
    for each in of_html:
        if each[1] == "#" or each[1:] in html5:
            yield _sentence(each, "HTML")
            return


def _sentence(escape: str, language: str) -> str:
    what = f"holds {escape}, which stands for a character in {language}"
    return f"{what}; write the character itself, or remove it"
