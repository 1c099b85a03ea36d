"""Numbers as a test writes them, and as a handset is found by them."""

from __future__ import annotations

import re
from typing import Final

_GROUPING: Final = re.compile(r"[\s().\-/]+")


def plain(number: str) -> str:
    """Return a number without grouping, in E.164 form; a mailbox as it is written."""
    if "@" in number:
        return number.strip()
    digits = _GROUPING.sub("", number)
    digits = digits.removeprefix("00") if digits.startswith("00") else digits
    return f"+{digits}" if digits.isascii() and digits.isdigit() else digits


class NumberBook:
    """Remembers how a test writes its numbers, so that it reads them again in an explanation."""

    def __init__(self) -> None:
        self._written: dict[str, str] = {}

    def note(self, number: str) -> str:
        """Remember how a number is written, and return its handset."""
        handset = plain(number).lower()
        self._written.setdefault(handset, number)
        return handset

    def written(self, number: str) -> str:
        """Return a number as the test has written it; one that it has not, as it is."""
        return self._written.get(plain(number).lower(), plain(number))
