"""Outcomes that omnimsg decides itself, without a word from the provider, for one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.engine.attempt import local_failures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Ambiguous, NotSent, Outcome, Rejected
    from omnimsg.engine.attempt.finding import Finding


class LocalOutcomes:
    """Builds the outcomes of messages that omnimsg ends itself.

    Args:
        account: The account's name.

    Attributes:
        closed_because: The detail of outcomes once the account is closed.
    """

    def __init__(self, account: str) -> None:
        self._account = account
        self.closed_because: str = "the client is closed; nothing more is sent"

    def outcome(self, message: Message, finding: Finding) -> Rejected | NotSent | Ambiguous:
        """Build the outcome of a message from a finding."""
        return finding.outcome(message.reference, self._account)

    def outcomes(self, messages: Sequence[Message], finding: Finding) -> list[Outcome]:
        """Build the outcomes of messages that have the same finding."""
        return [self.outcome(each, finding) for each in messages]

    def client_closed(self, message: Message) -> Outcome:
        """The client was closed, or its event loop ended, before the message left."""
        return self.outcome(message, local_failures.client_closed(self.closed_because))

    def ttl_exceeded(self, message: Message) -> Outcome:
        """The message outlived its ttl before it left."""
        return self.outcome(message, local_failures.ttl_exceeded(message.ttl))
