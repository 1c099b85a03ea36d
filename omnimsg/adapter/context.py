"""The little that a flow may know of the moment it runs in."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from omnimsg.domain.message import Message


@attrs.frozen(kw_only=True, slots=False, init=False)
class Context:
    """The account's name, the time, and what the engine knows of the call. Nothing else is outside.

    Attributes:
        account: The account's name, which outcomes and stored media carry.
        now: The time, with its offset.
        waited: Seconds since the caller handed the messages over: queueing, limits and earlier
            attempts eat into a message's ttl.
        callback_token: What a provider without references gives back in its reports, where
            callbacks are set up.
    """

    account: str
    now: datetime
    waited: float = 0.0
    callback_token: str | None = None

    def __init__(
        self,
        *,
        account: str,
        now: datetime,
        waited: float = 0.0,
        callback_token: str | None = None,
    ) -> None:
        # Every request has one, and attrs would write it at twice the cost.
        own = self.__dict__
        own["account"] = account
        own["now"] = now
        own["waited"] = waited
        own["callback_token"] = callback_token

    def ttl(self, message: Message) -> int | None:
        """Return the whole seconds that a message is still of use; `None` where it has no ttl.

        Counted from the call, or from `send_at` where there is one. At least 1: a message that is
        too late never gets as far as a flow.
        """
        if message.ttl is None or message.send_at is not None:
            return message.ttl
        return max(1, math.ceil(message.ttl - self.waited))

    def ttl_minutes(self, message: Message) -> int | None:
        """Return `ttl` in whole minutes, rounded up, for providers that count so."""
        ttl = self.ttl(message)
        return None if ttl is None else math.ceil(ttl / 60)
