"""What a flow may know about the call that runs it."""

from __future__ import annotations

import math
from binascii import b2a_base64
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar

import attrs

from omnimsg.domain.quick import quick

if TYPE_CHECKING:
    from omnimsg.domain.message import Message


# Of a hash: 120 bits, which nobody meets by chance, in 20 characters that no address escapes.
_TOKEN_BYTES = 15
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def report_token(account: str, reference: str) -> str:
    """Return the token by which a report names a message where the provider quotes no reference.

    It shows nothing of the reference, and any process finds the message by it again.

    Args:
        account: The account's name.
        reference: The message's reference.
    """
    digest = sha256(f"{account}\n{reference}".encode("utf-8", "surrogatepass")).digest()
    return b2a_base64(digest[:_TOKEN_BYTES], newline=False).translate(_URL_SAFE).decode()


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class Context:
    """The account's name and the time; a flow has no other access to its surroundings.

    Attributes:
        account: The account's name, which outcomes and stored media carry.
        now: The time when the flow was started, with its offset from UTC.
        waited: Seconds from the call until the flow was started: queueing, limits and earlier
            attempts use up a message's ttl.
        report_url: Where reports of the account are received, where a receiver is configured. A
            provider that takes an address for each message gets it, with the message's `token`.
    """

    make: ClassVar[Callable[..., Context]]

    account: str
    now: datetime
    waited: float = 0.0
    report_url: str | None = None

    def ttl(self, message: Message) -> int | None:
        """Return the whole seconds that are left of a message's ttl; `None` where it has none.

        They count from the call, or from `send_at` where it is given. At least 1: a message whose
        ttl is over never reaches a flow.
        """
        if message.ttl is None or message.send_at is not None:
            return message.ttl
        left = math.ceil(message.ttl - self.waited)
        return left if left > 1 else 1  # noqa: FURB136 - a call less for every message

    def token(self, message: Message) -> str:
        """Return a message's token, for a provider whose reports quote no reference."""
        return report_token(self.account, message.reference)

    def ttl_minutes(self, message: Message) -> int | None:
        """Return `ttl` in whole minutes, rounded up, for providers that count in minutes."""
        ttl = self.ttl(message)
        return None if ttl is None else -(-ttl // 60)
