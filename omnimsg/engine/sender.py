"""Messages in, outcomes out, for one account: check, send in batches, try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import outcome_of
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import NotSent, Outcome
from omnimsg.engine import classify
from omnimsg.engine.flow import blame
from omnimsg.engine.retry import RetryPolicy, retry_batch

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from omnimsg.adapter import Adapter
    from omnimsg.domain.channel import Channel
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.dispatcher import Dispatcher


class Sender:
    """Sends through one account."""

    def __init__(
        self, adapter: Adapter[Any], dispatcher: Dispatcher, *, policy: RetryPolicy | None = None
    ) -> None:
        self._adapter = adapter
        self._dispatcher = dispatcher
        self._policy = policy or RetryPolicy()
        self.account: str = adapter.account.name
        self.batch_limit: int = adapter.capabilities.max_messages

    def refusal(self, message: Message) -> NotSent | None:
        """Say whether a message must not be sent at all; `None` where it may.

        One bad message never spoils the others of its request: it never gets that far.

        Raises:
            TypeError: It is no message.
        """
        if not isinstance(message, Message):
            raise TypeError(f"only a Message can be sent, not {type(message).__name__}")
        try:
            failure = self._adapter.check(message)
        except Exception as error:  # noqa: BLE001 - an adapter's slip costs one message, not a batch
            _, failure = classify.internal(self._blamed(error), left=False)
        if failure is None:
            return None
        return NotSent(reference=message.reference, account=self.account, failure=failure)

    def group(self, message: Message) -> Hashable:
        """Say which messages may share a request with this one: those of an equal group."""
        try:
            return self._adapter.group(message)
        except Exception as error:  # noqa: BLE001 - an adapter's slip costs one message, not a batch
            self._blamed(error)
            return object()  # it travels alone

    def channel(self, message: Message) -> Channel | None:
        """Say which channel a message travels on; `None` where there is no telling."""
        try:
            return self._adapter.channel_of(message)
        except Exception as error:  # noqa: BLE001 - an adapter's slip costs one message, not a batch
            self._blamed(error)
            return None

    async def send(self, messages: Sequence[Message], deadline: Deadline) -> list[Outcome]:
        """Send one batch, and its failed members again where that is safe.

        Args:
            messages: Checked, of one group, at most `batch_limit`, no reference twice.
            deadline: When the caller's patience ends.

        Returns:
            One outcome per message, in order.
        """

        async def attempt(places: Sequence[int]) -> Sequence[Outcome]:
            return await self._send_once([messages[place] for place in places], deadline)

        return await retry_batch(
            await self._send_once(messages, deadline),
            attempt,
            policy=self._policy,
            deadline=deadline,
            account=self.account,
        )

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Tell people that their messages were read; one outcome per id, in order."""

        async def attempt(places: Sequence[int]) -> Sequence[Outcome]:
            given = [provider_ids[place] for place in places]
            return await self._dispatcher.mark_read(given, deadline)

        return await retry_batch(
            await self._dispatcher.mark_read(provider_ids, deadline),
            attempt,
            policy=self._policy,
            deadline=deadline,
            account=self.account,
        )

    async def _send_once(self, messages: Sequence[Message], deadline: Deadline) -> list[Outcome]:
        """Send those messages that are still of use."""
        waited = deadline.waited()
        stale = [_is_stale(message, waited) for message in messages]
        if not any(stale):
            return await self._dispatcher.dispatch(messages, deadline)
        fresh = [message for message, late in zip(messages, stale, strict=True) if not late]
        sent = iter(await self._dispatcher.dispatch(fresh, deadline) if fresh else ())
        return [
            self._too_late(message) if late else next(sent)
            for message, late in zip(messages, stale, strict=True)
        ]

    def _blamed(self, error: Exception) -> str:
        return blame(f"the adapter of {self._adapter.provider}", error)

    def _too_late(self, message: Message) -> Outcome:
        detail = f"{message.ttl} s of use were over before it could leave"
        verdict, failure = classify.too_late(detail, path="ttl")
        return outcome_of(verdict, message.reference, self.account, failure)


def _is_stale(message: Message, waited: float) -> bool:
    return message.ttl is not None and message.send_at is None and waited >= message.ttl
