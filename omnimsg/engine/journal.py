"""The seam for a durable record of what was about to be sent and what became of it.

A plain queue loses nothing and still texts a customer twice after a crash, because it cannot know
what was in flight. Only a record written *before* the request leaves can tell. The engine keeps
this protocol; who implements it decides where the record lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome


class Journal(Protocol):
    """What the engine tells before and after each attempt.

    The engine waits for both calls. An intent that is not followed by an outcome is a message that
    may have been sent.
    """

    async def intend(self, account: str, messages: Sequence[Message]) -> None:
        """Record that these messages are about to leave; when this returns, it is durable.

        An exception keeps the request from leaving, and so does the caller's deadline, at which
        this is cancelled: the messages are `NotSent`.
        """

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Record what became of messages.

        Also of those whose intent failed or was cancelled, for it may have been recorded after all:
        an outcome without an intent is no mistake. Nor is a second one: what was in doubt may be
        found. Gets a few seconds, also when the caller is gone; an exception is logged as critical,
        and the caller has the outcome all the same.
        """
