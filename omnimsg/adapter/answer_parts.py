"""Inspect decoded answers of any form: blank error members, codes, and error sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The members that hold sentences in providers' answers; lower case, without underscores.
_SENTENCE_MEMBERS = frozenset(
    {
        "description",
        "detail",
        "details",
        "error",
        "errordescription",
        "errormessage",
        "message",
        "reason",
        "title",
    }
)
_MAX_DEPTH = 6
_MAX_LENGTH = 500


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
    found = dict.fromkeys(_sentences(document, 0, is_sentence=False))
    return "; ".join(found)[:_MAX_LENGTH]


def _sentences(value: object, depth: int, *, is_sentence: bool) -> Iterator[str]:
    if isinstance(value, str):
        text = " ".join(value.split())
        if is_sentence and text:
            yield text
    elif depth < _MAX_DEPTH and isinstance(value, dict):
        for name, member in value.items():
            known = str(name).replace("_", "").lower() in _SENTENCE_MEMBERS
            yield from _sentences(member, depth + 1, is_sentence=known)
    elif depth < _MAX_DEPTH and isinstance(value, list):
        for entry in value:
            yield from _sentences(entry, depth + 1, is_sentence=is_sentence)
