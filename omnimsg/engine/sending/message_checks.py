"""One account's messages: what may be sent at all, what may share a request, and one attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Adapter, outcome_of
from omnimsg.domain.content import Text
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Ambiguous, NotSent, Scope
from omnimsg.engine.attempt import classify
from omnimsg.engine.attempt.flow import blame

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from omnimsg.domain.channel import Channel
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.attempt.runner import Attempt, AttemptRunner


class MessageChecks:
    """Checks and sends through one account.

    Attributes:
        adapter: The account's adapter.
        account: The account's name.
        batch_limit: The most messages of one request.
        groups: Whether it matters which messages share one.
        attempt: Sends one batch once: `Dispatcher.dispatch`.
    """

    def __init__(self, adapter: Adapter[Any], dispatcher: AttemptRunner) -> None:
        self.adapter: Adapter[Any] = adapter
        self.account: str = adapter.account.name
        self.batch_limit: int = adapter.capabilities.max_messages
        self.groups: bool = type(adapter).group is not Adapter.group
        self._plain_text_limits = _plain_text_limits(adapter)
        # Without a call of our own in between.
        self.attempt: Attempt = dispatcher.dispatch

    def needs_no_check(self, message: object) -> bool:
        """Whether a message is a plain text that the adapter's `check` is known to pass."""
        if type(message) is not Message or not message.is_plain_text:
            return False
        content, limit = message.content, self._plain_text_limits.get(message.channel, -1)
        return isinstance(content, Text) and len(content.text) <= limit

    def refusal(self, message: Message) -> NotSent | None:
        """Say whether a message must not be sent at all; `None` where it may.

        One bad message never spoils the others of its request: it never gets that far.

        Raises:
            TypeError: It is no message.
        """
        if not isinstance(message, Message):
            raise TypeError(f"only a Message can be sent, not {type(message).__name__}")
        try:
            failure = self.adapter.check(message)
        except Exception as error:  # noqa: BLE001 - an adapter's slip costs one message, not a batch
            _, failure = classify.internal(self._blamed(error), left=False)
        if failure is None:
            return None
        return self._not_sent(message, failure)

    def group(self, message: Message) -> Hashable:
        """Say which messages may share a request with this one: those of an equal group."""
        try:
            group = self.adapter.group(message)
            hash(group)
        except Exception as error:  # noqa: BLE001 - an adapter's slip costs one message, not a batch
            self._blamed(error)
            return object()  # it travels alone
        return group

    def channel(self, message: Message) -> Channel | None:
        """Say which channel a message travels on; `None` where there is no telling."""
        try:
            return self.adapter.channel_of(message)
        except Exception as error:  # noqa: BLE001 - an adapter's slip costs one message, not a batch
            self._blamed(error)
            return None

    def too_late(self, message: Message, detail: str) -> NotSent:
        """Say of a message that its caller's patience is over."""
        return self._not_sent(message, classify.too_late(detail)[1])

    def outlived(self, message: Message) -> NotSent:
        """Say of a message that it is of no use any more."""
        detail = f"{message.ttl} s of use were over before it could leave"
        return self._not_sent(message, classify.too_late(detail, path="ttl")[1])

    def withdrawn(self, message: Message) -> NotSent:
        """Say of a message that its caller went away before it left."""
        return self._not_sent(message, classify.cancelled(left=False)[1])

    def cancelled(self, message: Message) -> Ambiguous:
        """Say of a message that its caller went away while it may have left."""
        failure = classify.cancelled(left=True)[1]
        return Ambiguous(reference=message.reference, account=self.account, failure=failure)

    def closed(self, message: Message) -> NotSent:
        """Say of a message that the client was closed before it left."""
        return NotSent(
            reference=message.reference,
            account=self.account,
            failure=classify.closed(),
            scope=Scope.ACCOUNT,
        )

    def broken(self, messages: Sequence[Message], error: Exception) -> list[Outcome]:
        """Say of a batch that the engine itself made a mistake with it."""
        verdict, failure = classify.internal(blame("the engine", error), left=True)
        return [outcome_of(verdict, each.reference, self.account, failure) for each in messages]

    def _blamed(self, error: Exception) -> str:
        return blame(f"the adapter of {self.adapter.provider}", error)

    def _not_sent(self, message: Message, failure: Failure) -> NotSent:
        return NotSent(reference=message.reference, account=self.account, failure=failure)


def _plain_text_limits(adapter: Adapter[Any]) -> Mapping[Channel | None, int]:
    """Return the adapter's limits; none where one object's `check` or `channel_of` was replaced."""
    replaced = {"check", "channel_of"} & vars(adapter).keys()
    return {} if replaced else adapter.plain_text_limits()
