"""What people look for in a text: one-time codes and links."""

from __future__ import annotations

import re
from typing import Final

_MAX_FOUND: Final = 10

_LINK = re.compile(r"https?://[^\s<>\"'\x00-\x20]+", re.IGNORECASE)
# What ends a sentence, or closes a bracket, is no part of an address.
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
    """Return the web addresses in a text, each once, in their order."""
    found = dict.fromkeys(each.rstrip(_TRAILING) for each in _LINK.findall(text))
    return list(found)[:_MAX_FOUND]


def find_codes(text: str) -> list[str]:
    """Return the one-time codes in a text, without spaces and hyphens, in their order.

    In a text that names no code, only six digits are taken for one: a year, a price or a number of
    a table is none.
    """
    plain = _LINK.sub(" ", text)
    named = _WORDS.search(plain) is not None
    found = [re.sub(r"[ -]", "", each) for each in _CODE.findall(plain)]
    likely = [each for each in found if len(each) == 6 or (named and not _YEAR.fullmatch(each))]
    return list(dict.fromkeys(likely))[:_MAX_FOUND]
