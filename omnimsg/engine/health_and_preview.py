"""Local state of an account, known without a request: previews of messages, and health."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from omnimsg.adapter import Request
from omnimsg.domain.channel import Channel
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import NotSent


@attrs.frozen(kw_only=True)
class Preview:
    """How a message would be sent now.

    Attributes:
        channel: The channel it would travel on; `None` where it is not known.
        refusal: Its outcome, where it would not leave: it is refused before a request exists, or an
            open circuit holds it back.
        request: The request it would leave in alone, without credentials.
        wait: Seconds until the limits would let it leave; infinity means once a request that is
            under way has ended.
    """

    channel: Channel | None
    refusal: NotSent | None
    request: Request | None
    wait: float


@attrs.frozen(kw_only=True)
class Health:
    """How an account is doing.

    Attributes:
        open_circuits: Why messages are held back, by the subject of each open circuit; empty where
            none is open.
        waiting: Messages in the queue.
        held: Messages that are held back until a circuit closes.
        under_way: Requests under way.
        pace: The share of the limits that the account may use now, from 1/64 to 1: it is lowered
            when the provider answers "too many requests".
    """

    open_circuits: Mapping[str, Failure]
    waiting: int
    held: int
    under_way: int
    pace: float
