"""Normalise the text of a reply, so that it can be compared with keywords."""

from __future__ import annotations

import re
import unicodedata

# Unicode categories that are ignored everywhere in a reply: white space, hyphens of every shape,
# and invisible characters (controls, zero-width characters, the keycap around an emoji).
_IGNORED = frozenset({"Cc", "Cf", "Me", "Pd", "Zl", "Zp", "Zs"})
# Categories that are ignored around the words only: all punctuation, and all symbols, such as emoji
# and the accents and tildes that people type in its place.
_TRIMMED = frozenset({"Pc", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So"})
# Variation selectors and the grapheme joiner. Listed one by one, because their category also has
# the vowel signs of Indic scripts, without which a word has another meaning.
_SELECTORS = re.compile("[\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def normalized(text: str) -> str:
    """Normalise a reply for comparing keywords: no case, no spaces, no symbols around it.

    `" Stop. "` becomes `stop`, `OPT-OUT` and `Opt out` become `optout`.
    """
    folded = unicodedata.normalize("NFKC", _visible(text)).casefold()
    shown = trimmed(_visible(unicodedata.normalize("NFKC", folded)))
    return unicodedata.normalize("NFKC", shown)


def _visible(text: str) -> str:
    return "".join(each for each in text if not _is_ignored(each))


def trimmed(text: str) -> str:
    """Return a reply without punctuation, symbols, spaces and invisible characters around it."""
    start, end = 0, len(text)
    while start < end and _is_trimmed(text[start]):
        start += 1
    while start < end and _is_trimmed(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_ignored(character: str) -> bool:
    return unicodedata.category(character) in _IGNORED or bool(_SELECTORS.match(character))


def _is_trimmed(character: str) -> bool:
    return unicodedata.category(character) in _TRIMMED or _is_ignored(character)
