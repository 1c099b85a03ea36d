"""Ids in the form of a UUID, written without the standard library's class.

It takes seven times as long as the text of its number, and no emulator needs more than the text.
"""

from __future__ import annotations

import hashlib
from typing import Final

# The digit that holds the variant, whose other two bits are free, by the digit that was there.
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def random_uuid(bits: int) -> str:
    """Return the UUID of version 4 that 128 random bits make."""
    return _text(f"{bits:032x}", "4")


def named_uuid(name: str) -> str:
    """Return the UUID of version 8 that a name always has."""
    return _text(hashlib.blake2b(name.encode(), digest_size=16).hexdigest(), "8")


def _text(digits: str, version: str) -> str:
    return (
        f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}"
        f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )
