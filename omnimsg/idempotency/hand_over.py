"""A hand-over of a message: its key, what is remembered of it, and its target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable
    from typing import Any

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

Key: TypeAlias = "str | tuple[str, str]"
"""A reference, or an account and a reference if the caller has named the account. Named accounts
often belong to tenants, whose references may collide."""

# A message, the future of its outcome, and when it was handed over, monotonic seconds. A tuple,
# because there is one for each message that is sent.
HandOver: TypeAlias = "tuple[Message, asyncio.Future[Any], float]"


class Submits(Protocol):
    """The target of a hand-over: an account, the routes, or the fallback legs."""

    def submit(self, message: Message, deadline: float) -> Awaitable[Outcome]:
        """Send a message whose caller gives up after so many seconds, and return its outcome."""
