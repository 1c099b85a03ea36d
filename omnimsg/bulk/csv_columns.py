"""What the columns of a CSV file are, and how a row becomes a message in the model's JSON form.

* `to`, `channel`, `sender`, `reference`, `send_at`, `ttl`, `priority`, `callback_url`, and `tags`,
  several separated by `|`
* `text`; or `media`, with `media_kind` and `caption`; or `template`, with `language` and `param.1`,
  `param.2` and so on; or `subject`, with `html` and `text`: an e-mail
* `metadata.NAME`: the caller's own data, which never leaves the process

An empty cell says nothing. A row fills one of `text`, `media`, `template` and `subject`; the rows
of one file may differ in that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from omnimsg.domain.media import kind_of_url
from omnimsg.domain.structuring import unknown_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PLAIN = ("to", "channel", "sender", "reference", "send_at", "priority", "callback_url")
_PARAMETER = re.compile(r"param\.([1-9][0-9]?)")
_METADATA = "metadata."


def _text(cells: dict[str, str]) -> dict[str, Any]:
    return {"type": "text", "text": cells["text"]}


def _media(cells: dict[str, str]) -> dict[str, Any]:
    url = cells["media"]
    kind = cells.get("media_kind") or kind_of_url(url)
    if kind is None:
        raise ValueError("media: its ending does not tell what it is; fill media_kind")
    item = {"kind": kind, "source": {"type": "link", "url": url}}
    return {"type": "media", "items": [item], **_given(cells, "caption")}


def _template(cells: dict[str, str]) -> dict[str, Any]:
    given = {int(found[1]): cells[name] for name in cells if (found := _PARAMETER.fullmatch(name))}
    body = [{"type": "text", "text": given.get(n, "")} for n in range(1, max(given, default=0) + 1)]
    return {
        "type": "template",
        "name": cells["template"],
        **_given(cells, "language"),
        **({"body": body} if body else {}),
    }


def _email(cells: dict[str, str]) -> dict[str, Any]:
    return {"type": "email", **_given(cells, "subject", "html", "text")}


# Each column that decides what is sent, how to build it, and the columns that only go with it.
_KINDS: dict[str, tuple[Callable[[dict[str, str]], dict[str, Any]], set[str]]] = {
    "subject": (_email, {"html"}),
    "template": (_template, {"language"}),
    "media": (_media, {"media_kind", "caption"}),
    "text": (_text, set()),
}

_KNOWN = {*_PLAIN, "ttl", "tags", *_KINDS, *(name for _, own in _KINDS.values() for name in own)}

# Where a path of the JSON form comes from, if not from a column of its own name.
_PLACES = {
    "content.name": "template",
    "content.items[0].kind": "media_kind",
    "content.items[0].source.url": "media",
}
_BODY = re.compile(r"content\.body\[([0-9]+)\].*")


class Columns:
    """The columns of one file.

    Args:
        names: The header.

    Raises:
        ValueError: A name is unknown or stands there twice, or there is no `to`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        for name in names:
            if not (name in _KNOWN or _PARAMETER.fullmatch(name) or _is_metadata(name)):
                known = [*_KNOWN, "param.1", f"{_METADATA}NAME"]
                raise ValueError(f"column {name!r} {unknown_key(name, known)}")
            if names.count(name) > 1:
                raise ValueError(f"column {name!r} stands there twice")
        if "to" not in names:
            raise ValueError("there is no column 'to'")
        if not set(names) & set(_KINDS):
            raise ValueError(f"there is no column to say anything: {', '.join(sorted(_KINDS))}")
        self._names = tuple(names)

    def message(self, row: Sequence[str]) -> dict[str, Any]:
        """Put a row into the model's JSON form.

        Raises:
            ValueError: It has another number of cells, or fills what does not belong together.
        """
        if len(row) != len(self._names):
            raise ValueError(f"has {len(row)} cells, the header has {len(self._names)}")
        cells = {name: cell for name, cell in zip(self._names, row, strict=True) if cell}
        data: dict[str, Any] = _given(cells, *_PLAIN)
        data["content"] = _content(cells)
        if "ttl" in cells:
            data["ttl"] = _whole(cells["ttl"])
        if "tags" in cells:
            data["tags"] = [tag.strip() for tag in cells["tags"].split("|")]
        metadata = {
            name.removeprefix(_METADATA): cells[name] for name in cells if _is_metadata(name)
        }
        return data | ({"metadata": metadata} if metadata else {})

    def place(self, path: str) -> str:
        """Name the column that a path of the JSON form comes from."""
        if found := _BODY.fullmatch(path):
            return f"param.{int(found[1]) + 1}"
        return _PLACES.get(path, path.removeprefix("content."))


def _content(cells: dict[str, str]) -> dict[str, Any]:
    chosen = [kind for kind in _KINDS if kind in cells]
    if "subject" in chosen and "text" in chosen:
        # The plain body of the e-mail.
        chosen.remove("text")
    if not chosen:
        raise ValueError(f"there is nothing to say: fill one of {', '.join(sorted(_KINDS))}")
    if len(chosen) > 1:
        raise ValueError(f"{' and '.join(sorted(chosen))} exclude each other: fill one of them")
    build, _ = _KINDS[chosen[0]]
    for name in cells:
        owner = _owner(name)
        if owner not in (None, chosen[0]):
            raise ValueError(f"{name}: belongs to {owner}, and this row fills {chosen[0]}")
    return build(cells)


def _owner(name: str) -> str | None:
    """Name the deciding column that another belongs to, where it does."""
    if _PARAMETER.fullmatch(name):
        return "template"
    return next((kind for kind, (_, own) in _KINDS.items() if name in own), None)


def _given(cells: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: cells[name] for name in names if name in cells}


def _whole(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) <= 9):
        raise ValueError("ttl: must be a whole number of seconds")
    return int(cell)


def _is_metadata(name: str) -> bool:
    return name.startswith(_METADATA) and len(name) > len(_METADATA)
