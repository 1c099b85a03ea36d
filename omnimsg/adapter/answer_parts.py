"""Inspect decoded answers of any form: blank error members, codes, and error sentences."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from omnimsg.adapter.unknown_codes import code_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The members that hold sentences in the error documents of many APIs; lower case, without
# underscores.
_SENTENCE_MEMBERS = frozenset(
    {
        "description",
        "detail",
        "details",
        "error",
        "errordescription",
        "errormessage",
        "errors",
        "faultstring",
        "message",
        "msg",
        "reason",
        "title",
    }
)
_CODE_MEMBERS = ("code", "errorCode", "error_code")
_MAX_DEPTH = 6
_MAX_LENGTH = 500
_MAX_MEMBERS = 200


def is_blank(value: object) -> bool:
    """Return whether a member holds nothing: null, empty, zero, or only members that hold nothing.

    Some servers write an error member into every answer: `"errors": []`, `"error": {"code": null}`.
    """
    if isinstance(value, dict):
        return all(map(is_blank, value.values()))
    if isinstance(value, list):
        return all(map(is_blank, value))
    return not value or value == "0"


def read_code(value: object) -> str | None:
    """Return a code as text, as tables are keyed; `None` unless it is text or a whole number."""
    is_code = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value) if is_code else None


def words_of(document: object) -> str:
    """Collect the sentences of an error from anywhere in an answer; empty if there are none.

    Use it for answers in a form that the provider's documents do not show, such as those of an
    older API of the same company. The text explains a failure to people; nothing is decided by it.
    """
    found = dict.fromkeys(sentence for sentence, _ in sentences_of(document))
    return "; ".join(found)[:_MAX_LENGTH]


def sentences_of(document: object) -> Iterator[tuple[str, str | None]]:
    """Yield the sentences of an error from anywhere in a document, each with the code beside it.

    Sentences stand under their usual names, and in the lists below these: many servers write
    `{"errors": {"to": ["is not valid"]}}`.
    """
    return _sentences(document, None, _MAX_DEPTH, is_sentence=False)


def codes_of(members: Mapping[Any, Any]) -> Iterator[str]:
    """Yield the codes of an object that may be shown, under their usual names."""
    for name in _CODE_MEMBERS:
        given = members.get(name)
        code = None if is_blank(given) else code_text(given)
        if code is not None:
            yield code


def _sentences(
    value: object, code: str | None, depth: int, *, is_sentence: bool
) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, str):
        text = " ".join(value.split())
        if is_sentence and text:
            yield text, code
    elif depth and isinstance(value, dict):
        own = next(codes_of(value), None)
        for name, member in islice(value.items(), _MAX_MEMBERS):
            known = str(name).replace("_", "").lower() in _SENTENCE_MEMBERS
            is_list = is_sentence and isinstance(member, list)
            yield from _sentences(member, own, depth - 1, is_sentence=known or is_list)
    elif depth and isinstance(value, list):
        for entry in value[:_MAX_MEMBERS]:
            yield from _sentences(entry, code, depth - 1, is_sentence=is_sentence)
