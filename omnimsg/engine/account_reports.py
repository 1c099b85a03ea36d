"""What an account says of itself without asking its provider: previews and health."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from omnimsg.adapter import Request
from omnimsg.domain.channel import Channel
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import NotSent


@attrs.frozen(kw_only=True)
class Preview:
    """What would become of a message if it were sent now.

    Attributes:
        channel: The channel it would travel on; `None` where there is no telling.
        refusal: Its outcome, where it would not leave: it is refused before a request exists, or an
            open circuit holds it back.
        request: The request it would leave in alone, without credentials.
        wait: Seconds until the limits would let it leave; infinity is when a request that is under
            way has come back.
    """

    channel: Channel | None
    refusal: NotSent | None
    request: Request | None
    wait: float


@attrs.frozen(kw_only=True)
class Health:
    """How an account is doing.

    Attributes:
        open_circuits: Why messages are held back, by what the circuit is about; empty where all is
            well.
        waiting: Messages in the queue.
        held: Messages that are held back until a circuit closes.
        under_way: Requests under way.
        pace: The share of the limits that is used, from 1/64 to 1: a provider that finds the
            account too fast lowers it.
    """

    open_circuits: Mapping[str, Failure]
    waiting: int
    held: int
    under_way: int
    pace: float
