"""Outcomes that omnimsg decides itself, without a word from the provider, for one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.flow import report_broken_contract

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

    def deadline_exceeded(self, message: Message, detail: str) -> Outcome:
        """The caller's deadline passed before the message left."""
        return self.outcome(message, local_failures.deadline_exceeded(detail))

    def ttl_exceeded(self, message: Message) -> Outcome:
        """The message outlived its ttl before it left."""
        detail = f"{message.ttl} s had passed before the message could be sent"
        return self.outcome(message, local_failures.deadline_exceeded(detail, path="ttl"))

    def rate_limited(self, message: Message, seconds: float) -> Outcome:
        """The provider imposed a pause that is longer than the message could wait."""
        return self.outcome(message, local_failures.rate_limited(seconds))

    def cancelled(self, message: Message) -> Outcome:
        """The caller cancelled before the message left."""
        return self.outcome(message, local_failures.cancelled())

    def interrupted(self, message: Message, *, left: bool) -> Outcome:
        """The task of the message was cancelled; `left` says whether it may have left."""
        return self.outcome(message, local_failures.interrupted(left=left))

    def client_closed(self, message: Message) -> Outcome:
        """The client was closed, or its event loop ended, before the message left."""
        return self.outcome(message, local_failures.client_closed(self.closed_because))

    def inherited(self, message: Message) -> Outcome:
        """The process was forked, and its parent sends the message."""
        return self.outcome(message, local_failures.inherited())

    def engine_failed(self, messages: Sequence[Message], error: BaseException) -> list[Outcome]:
        """The engine itself raised an error for a batch that may have left."""
        detail = report_broken_contract("the engine", error)
        found = classify.by_broken_contract(detail, left=True)
        return [self.outcome(each, found) for each in messages]

    def outcome(self, message: Message, finding: Finding) -> Rejected | NotSent | Ambiguous:
        """Build the outcome of a message from a finding."""
        return finding.outcome(message.reference, self._account)
