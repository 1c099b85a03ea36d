"""Find one-time codes and links in a text."""

from __future__ import annotations

import re
from typing import Final

_LINK = re.compile(r"https?://[^\s<>\"'\x00-\x20]+", re.IGNORECASE)
# Punctuation and closing brackets at the end of an address do not belong to it.
_TRAILING: Final = ".,;:!?)]}'\"»”\u2019"

# Four to eight digits, also as "123-456", "123 456" and "G-123456".
_CODE = re.compile(
    r"(?<![\w+.,/:#-])(?:[A-Z]-)?(\d{3}[ -]\d{3}|\d{4,8})"
    r"(?![\w/:%]|[.,-]\d|\s?(?:EUR|USD|ZAR|€|\$))"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORDS: Final = re.compile(
    r"code|otp|pin\b|passw|verif|confirm|token|login|log in|sign in|2fa|authenti|kood|kod\b|codigo"
    r"|código|codice|bestätig|koodi|код",
    re.IGNORECASE,
)


def find_links(text: str) -> list[str]:
    """Return the web addresses in a text, each once, in order."""
    return list(dict.fromkeys(each.rstrip(_TRAILING) for each in _LINK.findall(text)))


def find_codes(text: str) -> list[str]:
    """Return the one-time codes in a text, without spaces and hyphens, each once, in order.

    In a text without a word such as "code", only a number of six digits counts as a code; others
    may be a year, a price or the number of a table.
    """
    plain = _LINK.sub(" ", text)
    named = _WORDS.search(plain) is not None
    found = [re.sub(r"[ -]", "", each) for each in _CODE.findall(plain)]
    likely = [each for each in found if len(each) == 6 or (named and not _YEAR.fullmatch(each))]
    return list(dict.fromkeys(likely))
