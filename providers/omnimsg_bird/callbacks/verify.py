"""Verify the signature of Bird's callbacks.

Source: Notifications API, Verifying a webhook subscription: the signature is, in base64, the
HMAC-SHA256 of the request's timestamp, its full URL and the SHA-256 of its body as raw bytes, with
a line break between them. Bird's PHP sample uses the signing key as text, although keys look
like base64. Timestamps are Unix seconds in every implementation that was read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from omnimsg.adapter import Authenticity
from omnimsg.adapter.signatures import is_base64_hmac, key_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Callback, Context
    from omnimsg.domain.secret import Secret

SIGNATURE = "messagebird-signature"
TIMESTAMP = "messagebird-request-timestamp"

# A repetition has the timestamp of the first attempt. Bird repeats for 8 hours; attempts after up
# to 24 hours were observed. A window of 5 minutes, as for other providers, would refuse them.
MAX_AGE = timedelta(hours=24)
MAX_AHEAD = timedelta(minutes=5)


def problem(keys: Sequence[Secret]) -> str | None:
    """Return what is wrong with the signing keys; `None` if they can be used."""
    if not keys:
        return "needs `signing_keys`: the signing key of its webhook subscriptions"
    # An empty key verifies nothing; the variable that should hold it is probably not set.
    return None if all(keys) else "has an empty key in `signing_keys`"


def verify(callback: Callback, keys: Sequence[Secret], context: Context) -> Authenticity:
    """Compare the signature with that of each key, then check the signed timestamp."""
    usable = key_bytes(keys)
    if not usable:
        return Authenticity.NO_SECRET
    given, timestamp = callback.header(SIGNATURE), callback.header(TIMESTAMP)
    if not given or not timestamp:
        return Authenticity.UNSIGNED
    address = callback.url.encode("utf-8", "surrogatepass")
    signed = b"\n".join((timestamp, address, sha256(callback.body).digest()))
    if not is_base64_hmac(given, usable, signed):
        return Authenticity.WRONG_SIGNATURE
    at = _time(timestamp)
    if at is None:
        return Authenticity.WRONG_SIGNATURE
    if at - context.now > MAX_AHEAD:
        return Authenticity.FROM_THE_FUTURE
    return Authenticity.TOO_OLD if context.now - at > MAX_AGE else Authenticity.GENUINE


def sent_at(callback: Callback, context: Context) -> datetime:
    """Return the time when Bird first sent a callback, for an event without a time of its own.

    A repetition keeps it, so it is closer to the event than the arrival.
    """
    return _time(callback.header(TIMESTAMP) or b"") or context.now


def _time(digits: bytes) -> datetime | None:
    # Ten digits last until the year 2286.
    if not digits.isdigit() or len(digits) > 10:
        return None
    return datetime.fromtimestamp(int(digits), UTC)
