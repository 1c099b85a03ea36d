"""Ids in the form of a UUID, written without the standard library's class.

It takes seven times as long as the text of its number, and no emulator needs more than the text.
"""

from __future__ import annotations

import hashlib
from typing import Final

# The bits of an id that are free, and those of its variant and version.
_FREE: Final = ~(0xC000 << 48 | 0xF000 << 64)
_RANDOM: Final = 0x8000 << 48 | 0x4000 << 64
_NAMED: Final = 0x8000 << 48 | 0x8000 << 64


def random_uuid(bits: int) -> str:
    """Return the UUID of version 4 that 128 random bits make."""
    return _text(bits, _RANDOM)


def named_uuid(name: str) -> str:
    """Return the UUID of version 8 that a name always has."""
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    return _text(int.from_bytes(digest, "big"), _NAMED)


def _text(bits: int, version: int) -> str:
    digits = f"{bits & _FREE | version:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
