"""Observer events about the fallback legs that omnimsg runs itself."""

from __future__ import annotations

from enum import StrEnum

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Outcome
from omnimsg.domain.redaction import masked


class LegState(StrEnum):
    """The state of one leg.

    Attributes:
        ACCEPTED: A provider accepted it.
        NOT_TAKEN: It is proven that no provider has it.
        DOUBTFUL: It may have been sent.
        FAILED: It was accepted, and its provider reports that it was not delivered.
        OVERDUE: It was accepted, and no delivery was reported within its ttl.
        UNHEARD: It was accepted without a ttl, and nothing was reported of it for a day.
        REACHED: It was delivered.
        REACHED_TWICE: It was delivered, and so was another leg of the message.
        ABANDONED: It was accepted, and the client was closed or its event loop ended before
            anything was known; the legs after it are not tried.
    """

    ACCEPTED = "accepted"
    NOT_TAKEN = "not_taken"
    DOUBTFUL = "doubtful"
    FAILED = "failed"
    OVERDUE = "overdue"
    UNHEARD = "unheard"
    REACHED = "reached"
    REACHED_TWICE = "reached_twice"
    ABANDONED = "abandoned"


@attrs.frozen(kw_only=True)
class LegChanged:
    """A leg that omnimsg runs itself has a new state.

    Attributes:
        reference: The message's reference, which all its legs have.
        leg: Which leg: 0 is the message itself, 1 the first of its `fallback`.
        channel: The leg's channel; `None` where the account decides.
        state: The new state.
        account: The account that the leg went through.
        id: The leg's id; `None` where it has none.
        outcome: The outcome of the leg's hand-over: its acceptance, once it was accepted.
        next_leg: Whether the leg after it is sent now.
    """

    reference: str = attrs.field(repr=masked)
    leg: int
    channel: Channel | None
    state: LegState
    account: str
    id: MessageId | None = attrs.field(default=None, repr=masked)
    outcome: Outcome | None = None
    next_leg: bool = False
