"""Extract readable sentences and codes from an answer of unknown origin and form."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from omnimsg.adapter import code_text, is_blank
from omnimsg.domain.quotations import cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.adapter import Response

# Members that hold sentences, in the error documents of many APIs (RFC 9457 among them).
_SENTENCES = ("message", "description", "detail", "title", "error")
_CODES = ("code", "errorCode", "error_code")

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
    found = dict.fromkeys(_sentences(document, _MAX_DEPTH))
    return _shorten("; ".join(list(found)[:_MAX_SENTENCES]))


def code_of(response: Response) -> str | None:
    """Return the first code of an answer that was not understood; `None` where it has none.

    It is text that may be shown, at most 64 characters.
    """
    return next(_codes_in(response.json(), _MAX_DEPTH), None)


def _codes_in(value: object, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(value, Mapping):
        yield from _own_codes(value)
    if isinstance(value, (Mapping, list)):
        members = value.values() if isinstance(value, Mapping) else value
        for each in islice(members, _MAX_MEMBERS):
            yield from _codes_in(each, depth - 1)


def _own_codes(members: Mapping[str, object]) -> Iterator[str]:
    for name in _CODES:
        given = members.get(name)
        code = None if is_blank(given) else code_text(given)
        if code is not None:
            yield code


def _sentences(value: object, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(value, Mapping):
        members = dict(list(value.items())[:_MAX_MEMBERS])
        code = next(_own_codes(members), None)
        for name in _SENTENCES:
            sentence = members.get(name)
            if isinstance(sentence, str) and sentence.strip():
                yield sentence.strip() if code is None else f"{sentence.strip()} (code {code})"
        for each in members.values():
            yield from _sentences(each, depth - 1)
    elif isinstance(value, list):
        for each in value[:_MAX_MEMBERS]:
            yield from _sentences(each, depth - 1)


def _plain_text(response: Response) -> str:
    kind = (response.header("Content-Type") or "").lower()
    text = response.body[: 4 * _MAX_CHARACTERS].decode(errors="replace").strip()
    if "html" in kind or "xml" in kind or text.startswith("<"):
        return ""
    return _shorten(text) if text.isprintable() else ""


def _shorten(text: str) -> str:
    return cut_off(" ".join(text.split()), _MAX_CHARACTERS)
