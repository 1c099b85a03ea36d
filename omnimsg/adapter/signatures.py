"""Compare signatures and secrets in constant time, with several secrets at once.

A secret is replaced by adding the new one, changing it at the provider, and removing the old one.
So a value is compared with every secret, without stopping at a match: the time of the answer
reveals neither which secret matched nor how nearly.
"""

from __future__ import annotations

import base64
import hmac
from binascii import b2a_base64
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omnimsg.domain.secret import Secret


def key_bytes(secrets: Iterable[Secret]) -> list[bytes]:
    """Return the secrets as bytes, without empty ones, with which anybody could sign."""
    # A secret from a file may hold a lone surrogate, which must not raise here.
    return [each.reveal().encode("utf-8", "surrogatepass") for each in secrets if each]


def is_any(given: bytes, expected: Iterable[bytes]) -> bool:
    """Return whether bytes equal any of the expected ones; all are compared."""
    found = False
    for each in expected:
        found |= hmac.compare_digest(given, each)
    return found


def is_hex_hmac(given: bytes, keys: Sequence[bytes], signed: bytes) -> bool:
    """Return whether text is the HMAC-SHA256 with any of the keys, in hexadecimal digits.

    Upper and lower case are equal.
    """
    text = given.lower()
    found = False
    for key in keys:
        found |= hmac.compare_digest(text, _digest(key, signed).hex().encode())
    return found


def is_base64_hmac(given: bytes, keys: Sequence[bytes], signed: bytes) -> bool:
    """Return whether text is the HMAC-SHA256 with any of the keys, in base64."""
    found = False
    for key in keys:
        found |= hmac.compare_digest(given, b2a_base64(_digest(key, signed), newline=False))
    return found


def is_basic_login(given: bytes, logins: Sequence[bytes]) -> bool:
    """Return whether an `Authorization` line carries any of the logins.

    Args:
        given: The value of the line.
        logins: Each as `name:password`.
    """
    scheme, _, credentials = given.partition(b" ")
    matches = is_any(credentials.strip(), map(base64.b64encode, logins))
    return matches and scheme.lower() == b"basic"


def _digest(key: bytes, signed: bytes) -> bytes:
    """Return the HMAC-SHA256 of bytes, from a copy of one that has taken the key already."""
    mac = _keyed(key).copy()
    mac.update(signed)
    return mac.digest()


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")
