"""Extract readable sentences and codes from an answer of unknown origin and form."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from omnimsg.adapter.answer_parts import codes_of, sentences_of
from omnimsg.domain.quotations import cut_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omnimsg.adapter import Response

_MAX_CHARACTERS = 200
_MAX_SENTENCES = 3
_MAX_DEPTH = 6
_MAX_MEMBERS = 200


def words_of(response: Response) -> str:
    """Return the sentences of an answer that was not understood; empty where it has none.

    A web page has none. The sentences may quote the message and its recipient; the engine redacts
    both in every failure that is shown.
    """
    document = response.json()
    if document is None:
        return _plain_text(response)
    found = dict.fromkeys(
        sentence if code is None else f"{sentence} (code {code})"
        for sentence, code in sentences_of(document)
    )
    return _shorten("; ".join(list(found)[:_MAX_SENTENCES]))


def code_of(response: Response) -> str | None:
    """Return the first code of an answer that was not understood; `None` where it has none.

    It is text that may be shown, at most 64 characters.
    """
    codes = (code for members in _objects(response.json()) for code in codes_of(members))
    return next(codes, None)


def _objects(value: object, depth: int = _MAX_DEPTH) -> Iterator[dict[Any, Any]]:
    """Yield the objects of a document, each before those in it, up to the limits."""
    inner: Iterable[object] = ()
    if isinstance(value, Mapping):
        members = dict(islice(value.items(), _MAX_MEMBERS))
        yield members
        inner = members.values()
    elif isinstance(value, list):
        inner = value[:_MAX_MEMBERS]
    if depth > 1:
        for each in inner:
            yield from _objects(each, depth - 1)


def _plain_text(response: Response) -> str:
    kind = (response.header("Content-Type") or "").lower()
    text = response.body[: 4 * _MAX_CHARACTERS].decode(errors="replace").strip()
    if "html" in kind or "xml" in kind or text.startswith("<"):
        return ""
    return _shorten(text) if text.isprintable() else ""


def _shorten(text: str) -> str:
    return cut_off(" ".join(text.split()), _MAX_CHARACTERS)
