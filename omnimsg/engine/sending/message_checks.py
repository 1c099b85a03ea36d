"""Ask an adapter about a message before it is sent: refusal, group, channel, legs.

A mistake in an adapter costs the one message it was asked about, not a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Adapter
from omnimsg.domain.message import Message, no_message
from omnimsg.domain.outcome import NotSent
from omnimsg.engine.attempt import classify
from omnimsg.engine.attempt.flow import report_broken_contract
from omnimsg.engine.sending.checked_texts import CheckedTexts
from omnimsg.engine.sending.plain_text import states_of_its_check

if TYPE_CHECKING:
    from collections.abc import Hashable

    from omnimsg.domain.channel import Channel


class MessageChecks:
    """Asks the adapter of one account about messages.

    Attributes:
        adapter: The account's adapter.
        account: The account's name.
        has_groups: Whether it matters which messages share a request.
    """

    def __init__(self, adapter: Adapter[Any]) -> None:
        self.adapter: Adapter[Any] = adapter
        self.account: str = adapter.account.name
        # Where each message has a request of its own, groups do not matter.
        self.has_groups: bool = (
            adapter.capabilities.max_messages > 1 and type(adapter).group is not Adapter.group
        )
        self._checked: CheckedTexts | None = None
        if adapter.checks_by_shape and states_of_its_check(adapter, "checks_by_shape"):
            self._checked = CheckedTexts()

    def refusal(self, message: Message) -> NotSent | None:
        """Return the outcome of a message that must not be sent; `None` where it may be.

        Raises:
            TypeError: It is no message.
        """
        if not isinstance(message, Message):
            raise no_message(message)
        checked = self._checked
        if checked is not None and checked.include(message):
            return None
        try:
            failure = self.adapter.check(message)
        except Exception as error:  # noqa: BLE001 - an adapter's mistake costs one message
            failure = classify.by_broken_contract(self._report(error), left=False).failure
        if failure is None:
            if checked is not None:
                checked.add(message)
            return None
        return NotSent(reference=message.reference, account=self.account, failure=failure)

    def carries_legs(self, message: Message) -> bool:
        """Return whether the provider itself runs the fallback legs of a message."""
        channel = self.channel(message)
        carried = None if channel is None else self.adapter.capabilities.channels.get(channel)
        return (
            carried is not None
            and "fallback" in carried.fields
            and all(leg.account in (None, self.account) for leg in message.fallback)
        )

    def group(self, message: Message) -> Hashable:
        """Return the group of a message: messages of equal groups may share a request."""
        if not self.has_groups:
            return None
        try:
            group = self.adapter.group(message)
            hash(group)
        except Exception as error:  # noqa: BLE001 - an adapter's mistake costs one message
            self._report(error)
            return object()  # it travels alone
        return group

    def channel(self, message: Message) -> Channel | None:
        """Return the channel that a message travels on; `None` where it is not known."""
        try:
            return self.adapter.channel_of(message)
        except Exception as error:  # noqa: BLE001 - an adapter's mistake costs one message
            self._report(error)
            return None

    def _report(self, error: Exception) -> str:
        return report_broken_contract(f"the adapter of {self.adapter.provider}", error)
