"""Ids in the form of a UUID, formatted without the standard library's class.

That class takes seven times as long, and emulators only need the text.
"""

from __future__ import annotations

import hashlib
from typing import Final

# The digit with the variant bits set, for each original digit; its other two bits are kept.
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def random_uuid(bits: int) -> str:
    """Return 128 random bits as a UUID of version 4."""
    return _text(f"{bits:032x}", "4")


def named_uuid(name: str) -> str:
    """Return a UUID of version 8 that is derived from a name, always the same."""
    return _text(hashlib.blake2b(name.encode(), digest_size=16).hexdigest(), "8")


def _text(digits: str, version: str) -> str:
    return (
        f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}"
        f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )
