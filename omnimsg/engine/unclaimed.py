"""The observer event of an outcome whose caller is gone."""

from __future__ import annotations

import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Outcome


@attrs.frozen(kw_only=True)
class OutcomeUnclaimed:
    """A message has an outcome that nobody waits for: its caller was cancelled, or its loop ended.

    Attributes:
        account: The account's name.
        message: The message.
        outcome: The message's outcome.
    """

    account: str
    message: Message = attrs.field(repr=False)
    outcome: Outcome
