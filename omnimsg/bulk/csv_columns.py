"""How a row of a CSV file becomes a message in the JSON form, by the columns of the file.

`column_names` lists the columns. A blank cell counts as absent. A row fills exactly one of `text`,
`media`, `template` and `subject` (with `text` allowed beside `subject`); rows of one file may fill
different ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.bulk.column_names import (
    CONTENT_COLUMNS,
    COPIED_COLUMNS,
    METADATA_PREFIX,
    PARAMETER,
    column_of_name,
    is_metadata,
    normalized,
    owner_of,
    renamed_names,
    shown_name,
    visible_name,
)
from omnimsg.bulk.csv_rows import UNCORRECTED
from omnimsg.bulk.recipient_guess import looks_like_recipient
from omnimsg.bulk.spoiled_cells import (
    control_character,
    escape_of_excel,
    escape_of_html,
    escape_of_programs,
    formula,
    half_of_a_quotation,
    lost_character,
    lost_digits,
    missing_value,
    other_encoding,
)
from omnimsg.bulk.text_template import TextTemplate, unfilled
from omnimsg.domain.frozen_dict import EMPTY
from omnimsg.domain.media import kind_of_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def _text(cells: dict[str, str]) -> dict[str, Any]:
    return {"type": "text", "text": cells["text"]}


def _media(cells: dict[str, str]) -> dict[str, Any]:
    url = cells["media"]
    kind = cells.get("media_kind") or kind_of_url(url)
    if kind is None:
        why = missing_value(url) or "the URL's ending does not tell the kind; fill media_kind"
        raise ValueError(f"media: {why}")
    item = {"kind": kind, "source": {"type": "link", "url": url}}
    return {"type": "media", "items": [item], **_filled(cells, "caption")}


def _template(cells: dict[str, str]) -> dict[str, Any]:
    parameters = {
        int(match[1]): cells[name] for name in cells if (match := PARAMETER.fullmatch(name))
    }
    # A blank one behind the others is none: the templates of a file may have fewer.
    wanted = range(1, max(parameters, default=0) + 1)
    if blank := [n for n in wanted if n not in parameters]:
        raise ValueError(f"param.{blank[0]}: is blank, and param.{wanted[-1]} is filled")
    body = [{"type": "text", "text": parameters[n]} for n in wanted]
    return {
        "type": "template",
        "name": cells["template"],
        **_filled(cells, "language"),
        **({"body": body} if body else {}),
    }


def _email(cells: dict[str, str]) -> dict[str, Any]:
    return {"type": "email", **_filled(cells, "subject", "html", "text")}


_CONTENT_BUILDERS: dict[str, Callable[[dict[str, str]], dict[str, Any]]] = {
    "subject": _email,
    "template": _template,
    "media": _media,
    "text": _text,
}


_TEXT_COLUMNS = ("text", "subject", "html", "caption")
# The columns of whose cells the message itself says what is wrong.
_CHECKED_COLUMNS = {"to", "channel", "send_at", "ttl", "priority", "callback_url", "media"}
# Of these it does not say what an export has left: such a URL is valid, and leads elsewhere.
_URL_COLUMNS = {"media", "callback_url"}


class CellError(ValueError):
    """Cells of a row cannot be used.

    Attributes:
        problems: What is wrong with them.
        others: The fields of the message that the other cells give, in the JSON form.
    """

    def __init__(self, problems: Sequence[str], others: dict[str, Any]) -> None:
        super().__init__("; ".join(problems))
        self.problems: tuple[str, ...] = tuple(problems)
        self.others = others


class Columns:
    """The columns of one file.

    Args:
        names: The cells of the header row.
        renamed: The column that each of these header names stands for.
        text: The text of every message, with placeholders for columns.

    Attributes:
        width: The minimum number of cells in a row; further ones must be blank.
        to_index: The index of the recipient in a row.
        kept: The names of the columns that no message uses and that are kept as metadata.

    Raises:
        ValueError: A name is unknown or repeated, or `to` or every content column is missing.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        renamed: Mapping[str, str] = EMPTY,
        text: str | None = None,
    ) -> None:
        given = [visible_name(name) for name in names]
        while given and not given[-1]:
            given.pop()
        meant = renamed_names(given, renamed)
        self._names = tuple(map(column_of_name, meant))
        _check_header(self._names, has_text=text is not None)
        self.width: int = len(self._names)
        self.to_index: int = self._names.index("to")
        self._fillable = self._placeholders(given)
        self._text = None if text is None else TextTemplate(text, self._fillable)
        # Computed once here instead of for each row.
        self._copied = [name for name in COPIED_COLUMNS if name in self._names]
        self._contents = [name for name in CONTENT_COLUMNS if name in self._names]
        self._owned = {name: owner for name in self._names if (owner := owner_of(name)) is not None}
        self._given = tuple(given)
        self._metadata = {
            name: name.removeprefix(METADATA_PREFIX) for name in self._names if is_metadata(name)
        }
        used = self._text.columns if self._text is not None else set()
        # A cell that is only kept harms nobody.
        kept = self._metadata.keys() - used
        sent = [name for name in self._names if name not in kept | _CHECKED_COLUMNS]
        urls = [name for name in self._names if name in _URL_COLUMNS]
        # HTML is written with its escapes; an e-mail address may have any character of Unicode.
        self._spoiled: tuple[tuple[Callable[[str], str | None], list[str]], ...] = (
            (missing_value, sent),
            (lost_digits, sent),
            (formula, sent),
            (half_of_a_quotation, sent),
            (escape_of_excel, sent + urls),
            (escape_of_html, [name for name in sent + urls if name != "html"]),
            (escape_of_programs, sent),
            (control_character, sent),
            (other_encoding, ["to", *sent, *urls]),
            (lost_character, ["to", *sent, *urls]),
        )
        self._texts = [name for name in _TEXT_COLUMNS if name in self._names]
        self.kept: tuple[str, ...] = tuple(
            name
            for name, asked, column in zip(given, meant, self._names, strict=True)
            if is_metadata(column) and column not in used and not is_metadata(normalized(asked))
        )

    def row_to_json(self, row: Sequence[str]) -> dict[str, Any]:
        """Convert a row to a message in the JSON form, not yet validated.

        Raises:
            CellError: Cells are invalid or exclude each other, or there is no content.
            ValueError: The number of cells is wrong, or a cell is in no column.
        """
        count = len(row)
        if count != self.width and (count < self.width or any(map(str.strip, row[self.width :]))):
            if "".join(row[self.width :]).strip() == UNCORRECTED:
                raise ValueError("is not corrected yet; empty its last cell once it is")
            cells_found = "1 cell" if count == 1 else f"{count} cells"
            raise ValueError(f"has {cells_found}, the header has {self.width}")
        pairs = zip(self._names, row, strict=False)
        cells = {name: cell for name, cell in pairs if cell and not cell.isspace()}
        if "" in cells:
            index = next(i for i, name in enumerate(self._names) if not name and row[i].strip())
            raise ValueError(f"cell {index + 1} is filled, but its column has no name")
        data: dict[str, Any] = _filled(cells, *self._copied)
        problems = self._unsendable(cells)
        try:
            data["content"] = self._content(cells)
        except ValueError as error:
            problems.append(str(error))
        if "ttl" in cells:
            try:
                data["ttl"] = _whole_seconds(cells["ttl"])
            except ValueError as error:
                problems.append(str(error))
        if "tags" in cells:
            data["tags"] = [tag.strip() for tag in cells["tags"].split("|")]
        metadata = {key: cells[name] for name, key in self._metadata.items() if name in cells}
        if metadata:
            data["metadata"] = metadata
        if problems:
            raise CellError(problems, data)
        return data

    def similar_metadata(self, key: str) -> str | None:
        """Return the header name of metadata that differs from `key` in capitals or spaces only."""
        if key in self._metadata.values():
            return None
        for name, column in zip(self._given, self._names, strict=True):
            if normalized(self._metadata.get(column, "")) == normalized(key):
                return name
        return None

    def looks_like_row(self, pieces: Sequence[str]) -> bool:
        """Return whether a line looks like a row, and not like part of a text.

        Args:
            pieces: The line split at its delimiters, which a text may contain too.
        """
        if len(pieces) < min(2, self.width):
            return False
        # The recipient's index from the left and, as the text before it may hold delimiters, from
        # the right.
        indexes = (self.to_index, len(pieces) - self.width + self.to_index)
        found = {pieces[index] for index in indexes if 0 <= index < len(pieces)}
        if any(map(looks_like_recipient, found)):
            return True
        # A blank recipient, but not behind a text: that may be a line such as "Kind regards,".
        return len(pieces) == self.width > 1 and not (pieces[0] + pieces[self.to_index]).strip()

    def _unsendable(self, cells: dict[str, str]) -> list[str]:
        """Return what is wrong with the values themselves: nobody is to read them so."""
        problems = [
            f"{name.removeprefix(METADATA_PREFIX)}: {why}"
            for find, names in self._spoiled
            for name in names
            if name in cells and (why := find(cells[name])) is not None
        ]
        problems += [
            f"{name}: has {found}, a column of the file, which only --text fills"
            for name in self._texts
            for found in unfilled(cells.get(name, ""), self._fillable)
        ]
        return problems

    def _content(self, cells: dict[str, str]) -> dict[str, Any]:
        if self._text is not None:
            self._check_cell_owners(cells, "text")
            return _text({"text": self._text.fill(cells)})
        chosen = [name for name in self._contents if name in cells]
        if "subject" in chosen and "text" in chosen:
            # Beside a subject, the text is the plain body of the e-mail.
            chosen.remove("text")
        if not chosen:
            known = ", ".join(sorted(CONTENT_COLUMNS))
            raise ValueError(f"there is no content: fill one of {known}")
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(sorted(chosen))} exclude each other: fill one of them")
        self._check_cell_owners(cells, chosen[0])
        return _CONTENT_BUILDERS[chosen[0]](cells)

    def _check_cell_owners(self, cells: dict[str, str], chosen: str) -> None:
        """Refuse a filled cell that belongs to another content column than the chosen one."""
        for name, owner in self._owned.items():
            if owner != chosen and name in cells:
                raise ValueError(f"{name}: belongs to {owner}, and this row fills {chosen}")

    def _placeholders(self, given: Sequence[str]) -> dict[str, str]:
        """Map each name that a text may have in braces to its column."""
        pairs = [(column.removeprefix(METADATA_PREFIX), column) for column in self._names]
        pairs += zip(given, self._names, strict=True)
        return {normalized(name): column for name, column in pairs if column}


def _check_header(columns: Sequence[str], *, has_text: bool) -> None:
    """Refuse a header in which a column is repeated, or the recipient or the content is missing."""
    for name in columns:
        if name and columns.count(name) > 1:
            raise ValueError(f"column {shown_name(name)} appears twice")
    if not columns:
        raise ValueError(
            "there is no column 'to': the file has no header;"
            " write one into its first line, such as to,text"
        )
    if "to" not in columns:
        raise ValueError("there is no column 'to'; --map NAME=to takes another column for it")
    contents = [name for name in columns if name in CONTENT_COLUMNS]
    if has_text and contents:
        raise ValueError(f"column {contents[0]!r} and --text exclude each other")
    if not has_text and not contents:
        wanted = ", ".join(sorted(CONTENT_COLUMNS))
        raise ValueError(
            f"there is no column with content: add one of {wanted};"
            " --map NAME=text takes another column for one, --text gives the text"
        )


def _filled(cells: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: cells[name] for name in names if name in cells}


def _whole_seconds(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 9):
        raise ValueError("ttl: must be a whole number of seconds")
    return int(cell)
