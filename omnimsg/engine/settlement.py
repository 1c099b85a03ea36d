"""The seam to what comes back: an answer that was lost may still arrive in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted


class Settlement(Protocol):
    """Knows what reports say of messages that may have been sent."""

    def expect(self, account: str, message: Message) -> asyncio.Future[Accepted]:
        """Return a future that ends when a report names the message.

        It is done at once where one has already come. Cancel it when nobody waits any more.

        Args:
            account: The account's name.
            message: A message that may have been sent.
        """
