"""Messages in, outcomes out, for one account: check, cut into batches, send, try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import NotSent, Outcome
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine.retry import RetryPolicy, retry_batch

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from omnimsg.adapter import Adapter
    from omnimsg.domain.message import Message
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
        self.account = adapter.account.name
        self.batch_limit = adapter.capabilities.max_messages

    def refusal(self, message: Message, deadline: Deadline) -> NotSent | None:
        """Say whether a message must not be sent at all; `None` where it may.

        One bad message never spoils the others of its request: it never gets that far.
        """
        try:
            failure = self._adapter.check(message)
        except Exception as error:  # noqa: BLE001 - an adapter's slip costs one message, not a batch
            failure = Failure(
                reason=Reason.UNKNOWN,
                retry=Retry.NEVER,
                fault=Fault.CALLER,
                detail=f"the adapter of {self._adapter.provider} raised {type(error).__name__}",
            )
        if failure is None and message.ttl is not None and message.send_at is None:
            waited = deadline.waited()
            if waited >= message.ttl:
                failure = Failure(
                    reason=Reason.DEADLINE_EXCEEDED,
                    retry=Retry.NEVER,
                    path="ttl",
                    detail=f"{message.ttl} s of use were over before it could leave",
                )
        if failure is None:
            return None
        return NotSent(reference=message.reference, account=self.account, failure=failure)

    def group(self, message: Message) -> Hashable:
        """Say which messages may share a request with this one."""
        return self._adapter.group(message)

    async def send(self, messages: Sequence[Message], deadline: Deadline) -> list[Outcome]:
        """Send one batch, and its failed members again where that is safe.

        Args:
            messages: Checked, of one group, at most `batch_limit`, no reference twice.
            deadline: When the caller's patience ends.

        Returns:
            One outcome per message, in order.
        """
        outcomes = await self._dispatcher.dispatch(messages, deadline)

        async def again(positions: Sequence[int]) -> list[Outcome]:
            return await self._dispatcher.dispatch(
                [messages[place] for place in positions], deadline
            )

        return await retry_batch(
            outcomes, again, policy=self._policy, deadline=deadline, account=self.account
        )
