"""`Settlement`: the interface to reports, one of which may resolve a doubtful send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted


class Settlement(Protocol):
    """Tells when a report names a message that may have been sent."""

    def expect(self, account: str, message: Message) -> asyncio.Future[Accepted]:
        """Return a future that is done when a report names the message.

        It is done at once where such a report has already come. Cancel it when nobody waits any
        more.

        Args:
            account: The account's name.
            message: A message that may have been sent.
        """
