"""`Context`, which gives a flow the account's name and the time; tokens for status reports."""

from __future__ import annotations

import math
from binascii import b2a_base64
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar

import attrs

from omnimsg.domain.quick import quick
from omnimsg.domain.ttl import counted_seconds

if TYPE_CHECKING:
    from omnimsg.domain.message import Message


# 120 bits of a hash do not collide by chance; in 20 characters that need no escaping in a URL.
_TOKEN_BYTES = 15
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@lru_cache(maxsize=4096)
def report_token(account: str, reference: str) -> str:
    """Return the token that identifies a message in a report that quotes no reference.

    It does not reveal the reference, and every process computes the same token for a message.
    Cached: the send of a message and each of its reports need it, within seconds.

    Args:
        account: The account's name.
        reference: The message's reference.
    """
    digest = sha256(f"{account}\n{reference}".encode("utf-8", "surrogatepass")).digest()
    return b2a_base64(digest[:_TOKEN_BYTES], newline=False).translate(_URL_SAFE).decode()


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class Context:
    """The account's name and the time; a flow has no other access to its environment.

    Attributes:
        account: The account's name, which outcomes and stored media carry.
        now: The time when the flow was started, with its offset from UTC.
        waited: Seconds from the call until the flow was started: queueing, limits and earlier
            attempts use up a message's ttl.
        report_url: The URL that receives the account's reports; `None` if no receiver is
            configured. A provider that takes a callback URL for each message gets it, with the
            message's `token`.
    """

    make: ClassVar[Callable[..., Context]]

    account: str
    now: datetime
    waited: float = 0.0
    report_url: str | None = None

    def ttl(self, message: Message) -> int | None:
        """Return the whole seconds that are left of a message's ttl; `None` if it has none.

        They count from the call, or from `send_at` if that is later. At least 1: a message whose
        ttl has ended never reaches a flow.
        """
        if message.ttl is None:
            return None
        waited = self.waited
        if message.send_at is not None:
            waited = max(0.0, counted_seconds(message.send_at, waited, lambda: self.now))
        left = math.ceil(message.ttl - waited)
        return left if left > 1 else 1  # noqa: FURB136 - saves a call for every message

    def token(self, message: Message) -> str:
        """Return a message's token, for a provider whose reports quote no reference."""
        return report_token(self.account, message.reference)

    def ttl_minutes(self, message: Message) -> int | None:
        """Return `ttl` in whole minutes, rounded up, for providers that count in minutes."""
        ttl = self.ttl(message)
        return None if ttl is None else -(-ttl // 60)
