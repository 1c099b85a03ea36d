"""The columns of a CSV file of messages, and how a row becomes a message in the JSON form.

* message fields: `to`, `channel`, `sender`, `reference`, `send_at`, `ttl`, `priority`,
  `callback_url`, and `tags`, separated by `|`
* content: `text`; or `media` with `media_kind` and `caption`; or `template` with `language`,
  `param.1`, `param.2` and so on; or, for an e-mail, `subject` with `html` and `text`
* `metadata.NAME`: the caller's own data, which is never sent to the provider

An empty cell counts as absent. A row fills exactly one of `text`, `media`, `template` and
`subject` (with `text` allowed beside `subject`); the rows of one file may differ in that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from omnimsg.domain.media import kind_of_url
from omnimsg.domain.structuring import unknown_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Columns whose cell is copied to the message field of the same name.
_COPIED_COLUMNS = ("to", "channel", "sender", "reference", "send_at", "priority", "callback_url")
_PARAMETER = re.compile(r"param\.([1-9][0-9]?)")
_METADATA_PREFIX = "metadata."


def _text(cells: dict[str, str]) -> dict[str, Any]:
    return {"type": "text", "text": cells["text"]}


def _media(cells: dict[str, str]) -> dict[str, Any]:
    url = cells["media"]
    kind = cells.get("media_kind") or kind_of_url(url)
    if kind is None:
        raise ValueError("media: its ending does not tell the kind; fill media_kind")
    item = {"kind": kind, "source": {"type": "link", "url": url}}
    return {"type": "media", "items": [item], **_filled(cells, "caption")}


def _template(cells: dict[str, str]) -> dict[str, Any]:
    parameters = {
        int(match[1]): cells[name] for name in cells if (match := _PARAMETER.fullmatch(name))
    }
    count = max(parameters, default=0)
    body = [{"type": "text", "text": parameters.get(n, "")} for n in range(1, count + 1)]
    return {
        "type": "template",
        "name": cells["template"],
        **_filled(cells, "language"),
        **({"body": body} if body else {}),
    }


def _email(cells: dict[str, str]) -> dict[str, Any]:
    return {"type": "email", **_filled(cells, "subject", "html", "text")}


# Each content column, the function that builds its content, and the columns it alone may have.
_CONTENT_COLUMNS: dict[str, tuple[Callable[[dict[str, str]], dict[str, Any]], set[str]]] = {
    "subject": (_email, {"html"}),
    "template": (_template, {"language"}),
    "media": (_media, {"media_kind", "caption"}),
    "text": (_text, set()),
}

_KNOWN_COLUMNS = {
    *_COPIED_COLUMNS,
    *("ttl", "tags"),
    *_CONTENT_COLUMNS,
    *(name for _, extra in _CONTENT_COLUMNS.values() for name in extra),
}

# JSON paths whose column has another name than the path.
_COLUMN_BY_PATH = {
    "content.name": "template",
    "content.items[0].kind": "media_kind",
    "content.items[0].source.url": "media",
}
_PARAMETER_PATH = re.compile(r"content\.body\[([0-9]+)\].*")


class Columns:
    """The columns of one file.

    Args:
        names: The cells of the header row.

    Raises:
        ValueError: A name is unknown or repeated, or `to` or every content column is missing.
    """

    def __init__(self, names: Sequence[str]) -> None:
        for name in names:
            if not (name in _KNOWN_COLUMNS or _PARAMETER.fullmatch(name) or _is_metadata(name)):
                known = [*_KNOWN_COLUMNS, "param.1", f"{_METADATA_PREFIX}NAME"]
                raise ValueError(f"column {name!r} {unknown_key(name, known)}")
            if names.count(name) > 1:
                raise ValueError(f"column {name!r} is there twice")
        if "to" not in names:
            raise ValueError("there is no column 'to'")
        if not set(names) & set(_CONTENT_COLUMNS):
            wanted = ", ".join(sorted(_CONTENT_COLUMNS))
            raise ValueError(f"there is no column with content: add one of {wanted}")
        self._names = tuple(names)

    def row_to_json(self, row: Sequence[str]) -> dict[str, Any]:
        """Convert a row to a message in the JSON form, not yet validated.

        Raises:
            ValueError: The number of cells is wrong, or cells exclude each other.
        """
        if len(row) != len(self._names):
            raise ValueError(f"has {len(row)} cells, the header has {len(self._names)}")
        cells = {name: cell for name, cell in zip(self._names, row, strict=True) if cell}
        data: dict[str, Any] = _filled(cells, *_COPIED_COLUMNS)
        data["content"] = _content(cells)
        if "ttl" in cells:
            data["ttl"] = _whole_seconds(cells["ttl"])
        if "tags" in cells:
            data["tags"] = [tag.strip() for tag in cells["tags"].split("|")]
        metadata = {
            name.removeprefix(_METADATA_PREFIX): cells[name] for name in cells if _is_metadata(name)
        }
        return data | ({"metadata": metadata} if metadata else {})

    def column_of(self, path: str) -> str:
        """Return the name of the column that fills a path of the JSON form."""
        if match := _PARAMETER_PATH.fullmatch(path):
            return f"param.{int(match[1]) + 1}"
        return _COLUMN_BY_PATH.get(path, path.removeprefix("content."))


def _content(cells: dict[str, str]) -> dict[str, Any]:
    chosen = [name for name in _CONTENT_COLUMNS if name in cells]
    if "subject" in chosen and "text" in chosen:
        # Beside a subject, the text is the plain body of the e-mail.
        chosen.remove("text")
    if not chosen:
        raise ValueError(f"there is no content: fill one of {', '.join(sorted(_CONTENT_COLUMNS))}")
    if len(chosen) > 1:
        raise ValueError(f"{' and '.join(sorted(chosen))} exclude each other: fill one of them")
    build, _ = _CONTENT_COLUMNS[chosen[0]]
    for name in cells:
        owner = _content_column_of(name)
        if owner not in (None, chosen[0]):
            raise ValueError(f"{name}: belongs to {owner}, and this row fills {chosen[0]}")
    return build(cells)


def _content_column_of(name: str) -> str | None:
    """Return the content column that another column belongs to; `None` if to none alone."""
    if _PARAMETER.fullmatch(name):
        return "template"
    return next((kind for kind, (_, extra) in _CONTENT_COLUMNS.items() if name in extra), None)


def _filled(cells: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: cells[name] for name in names if name in cells}


def _whole_seconds(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 9):
        raise ValueError("ttl: must be a whole number of seconds")
    return int(cell)


def _is_metadata(name: str) -> bool:
    return name.startswith(_METADATA_PREFIX) and len(name) > len(_METADATA_PREFIX)
