"""A text with placeholders that the columns of a file fill: `Hello {name}`."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from omnimsg.bulk.column_names import METADATA_PREFIX, normalized
from omnimsg.bulk.spoiled_cells import IN_A_TEXT
from omnimsg.domain.validate import is_unicode

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
# The marks around a placeholder in several programs; each may begin inside another.
_OPENING = re.compile(r"[{\[<«%|]")
_PLACEHOLDER = re.compile(r"(?=((?:[{\[<«%]|\*\|)([^{}\[\]<>«»%|]+)(?:[}\]>»%]|\|\*)))")
# Within these, spaces may be around the name. With spaces, « and » are the quotation marks of
# French, and % is a percent sign.
_SPACED = ("{", "[", "<")
_DOUBLED = re.compile(r"(?<!\{)\{\{([^{}]+)\}\}(?!\})")


def unfilled(text: str, columns: Container[str]) -> Iterator[str]:
    """Yield each name of a column, by normalized name, that a text has in brackets."""
    if _OPENING.search(text) is None:
        return
    for found in _PLACEHOLDER.finditer(text):
        name = found[2].strip() if found[1].startswith(_SPACED) else found[2]
        if normalized(name) in columns:
            yield found[1]


class TextTemplate:
    """A text with placeholders; `{{` and `}}` stand for literal braces.

    Args:
        text: The text.
        columns: The column that fills each placeholder, by normalized name.

    Raises:
        ValueError: The text is blank, not Unicode or spoiled, a placeholder has no column or is
            written in another way, or there is a single brace.
    """

    def __init__(self, text: str, columns: Mapping[str, str]) -> None:
        if not text.strip():
            raise ValueError("--text: is blank")
        if not is_unicode(text):
            # Every line would be bad, and stay so.
            raise ValueError("--text: has a byte that is not UTF-8; give it in UTF-8")
        _check_text(text, columns)
        # Literal texts at even indexes, and the columns between them at odd ones.
        self._parts: list[str] = [""]
        end = 0
        for match in _BRACES.finditer(text):
            self._parts[-1] += text[end : match.start()]
            end = match.end()
            if match[0] in ("{{", "}}"):
                self._parts[-1] += match[0][0]
            elif match[1] is None:
                raise ValueError(
                    "--text: has a single brace; write it twice where it is part of the text"
                )
            else:
                self._parts += [_column_of(match[1], columns), ""]
        self._parts[-1] += text[end:]

    @property
    def columns(self) -> set[str]:
        """The columns of its placeholders."""
        return set(self._parts[1::2])

    def fill(self, cells: Mapping[str, str]) -> str:
        """Return the text for one row.

        Args:
            cells: The cells of the row that are not blank, by column.

        Raises:
            ValueError: The row has a blank cell where the text has a placeholder.
        """
        parts = list(self._parts)
        for index in range(1, len(parts), 2):
            if parts[index] not in cells:
                name = parts[index].removeprefix(METADATA_PREFIX)
                raise ValueError(f"{name}: is blank, and --text uses it")
            parts[index] = cells[parts[index]]
        return "".join(parts)


def _check_text(text: str, columns: Mapping[str, str]) -> None:
    """Refuse a text that everybody would get with an escape or a placeholder in it."""
    for find in IN_A_TEXT:
        why = find(text)
        if why is not None:
            raise ValueError(f"--text: {why}")
    others = [each for each in unfilled(text, columns) if not each.startswith("{")]
    others += [
        found[0] for found in _DOUBLED.finditer(text) if normalized(found[1].strip()) in columns
    ]
    if others:
        name = others[0].strip("{}[]<>«»%|*").strip()
        raise ValueError(f"--text: has {others[0]}, which nothing fills; write {{{name}}}")


def _column_of(placeholder: str, columns: Mapping[str, str]) -> str:
    """Return the column of a placeholder."""
    name = normalized(placeholder.strip())
    if name in columns:
        return columns[name]
    matches = difflib.get_close_matches(name, columns, n=1, cutoff=0.5)
    hint = f"; did you mean {{{matches[0]}}}?" if matches else "; write {{ for a brace in the text"
    raise ValueError(f"--text: there is no column for {{{placeholder[:40]}}}{hint}")
