"""Normalize the numbers that a test writes, and remember their spelling."""

from __future__ import annotations

import re
from typing import Final

from omnimsg.domain.address import is_mailbox

_GROUPING: Final = re.compile(r"[\s().\-/]+")


def plain(number: str) -> str:
    """Return a number in E.164 form, without grouping; a mailbox without outer spaces."""
    if is_mailbox(number):
        return number.strip()
    digits = _GROUPING.sub("", number).removeprefix("00")
    return f"+{digits}" if digits.isascii() and digits.isdigit() else digits


def handset_of(number: str) -> str:
    """Return the key of a number's handset: its plain form, for a mailbox in lower case."""
    return plain(number).lower()


class NumberBook:
    """Stores how a test writes its numbers, so that failures show the same spelling."""

    def __init__(self) -> None:
        self._written: dict[str, str] = {}

    def note(self, number: str) -> str:
        """Store how a number is written, and return the key of its handset."""
        handset = handset_of(number)
        self._written.setdefault(handset, number)
        return handset

    def written(self, number: str) -> str:
        """Return a number as the test has written it, or normalized if it has not."""
        return self._written.get(handset_of(number), plain(number))
