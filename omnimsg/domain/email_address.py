"""Explain why a text is not an e-mail address, without showing it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from omnimsg.domain.stray_characters import (
    invisible_marks,
    name_of_character,
    visible,
    white_space,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PUNCTUATION = frozenset("<>\"',;:()\\[]")


def why_not_email(text: str) -> str:
    """Explain why a text is not an e-mail address; the explanation can be logged.

    Args:
        text: The text, which `is_email` has refused.
    """
    return f"is not an e-mail address: {', and '.join(_faults(text)) or 'it is not one'}"


def _faults(text: str) -> Iterator[str]:
    """Yield what is wrong with an address, in the order in which to fix it."""
    count = text.count("@")
    if count > 1 and any(each in text for each in ",;"):
        yield "it holds several addresses, and a message goes to one"
        return
    if "<" in text:
        yield "it has a name before it; give only what is between < and >"
        return
    yield from invisible_marks(text)
    text = visible(text)
    yield from white_space(text)
    text = text.strip()
    if text.casefold().startswith("mailto:"):
        yield "it begins with mailto:"
        text = text[len("mailto:") :]
    if found := sorted({each for each in text if each in _PUNCTUATION}):
        yield f"it has {' '.join(found)}"
    if halves := [each for each in text if unicodedata.category(each) == "Cs"]:
        yield f"it holds {name_of_character(halves[0])}, half a character"
    if count != 1:
        yield f"it has {count or 'no'} @ sign{'s' * (count != 1)}"
    elif text.startswith("@"):
        yield "nothing stands before its @"
    elif text.endswith("@"):
        yield "nothing stands after its @"
