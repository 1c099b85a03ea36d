"""`Journal`: the interface for a durable record of send intents and their outcomes.

A plain queue loses nothing and still texts a customer twice after a crash, because it cannot know
what was in flight. Only a record written *before* the request leaves can tell. The engine calls
this protocol; its implementation decides where the record lives.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome


@attrs.frozen(kw_only=True)
class Attempt:
    """One attempt to send a batch of messages.

    Attributes:
        token: Unique for the attempt. It ties an outcome to its intent: a late outcome of one
            worker cannot be taken for that of another worker's attempt at the same message.
        account: The account it goes through.
        number: 1 for the first attempt at these messages through this account.
    """

    token: str
    account: str
    number: int


class Journal(Protocol):
    """The durable record of an account's attempts.

    The engine awaits both calls in its event loop, which they must not block. An intent that no
    outcome follows is a message that may have been sent. Calls of several attempts overlap.

    The accounts of a route, and the fallback legs that omnimsg runs, are attempts at one reference,
    each with a token of its own. A leg is a message without `fallback`, and may go long after the
    leg before it was accepted.

    `omnimsg.testing.JournalConformance` tests whether a journal keeps these rules.
    """

    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        """Record that these messages are about to leave.

        Args:
            attempt: The attempt.
            messages: The messages of one request.

        Returns:
            One entry per message, in order. `None`: its intent is durable, send it. An outcome: the
            message must not leave in this attempt, and this is its outcome, of this account or
            another one. If another worker has it, return a `NotSent` with `Reason.CANCELLED`: no
            other account and no fallback leg is tried then. Any other `NotSent` says that no phone
            has the message, so that a route tries its next account. The journal is not told that
            outcome again, and the other messages of the request are sent.

        Raises:
            Exception: The intent may not be recorded. No message of the request leaves; all of them
                are `NotSent`, `AFTER_FIX`. If the caller's deadline passes, this call is cancelled,
                and they are `NotSent` too.
        """

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record the outcomes of messages that an attempt intended.

        Also called after an intent that failed or was cancelled, because it may have been recorded
        after all: accept an outcome without an intent. Accept a second outcome for the same attempt
        too: with `on_ambiguous = "resend_if_not_found"` a doubtful message may be found later. What
        `Client.send(settle=...)` finds out, and other reports, go to the `Store` alone. The call
        gets a few seconds, even if the caller is gone; an exception is logged as critical, and the
        caller still gets the outcome.
        """


class DirectJournal(ABC):
    """A journal of our own whose methods return at once.

    The engine calls them directly, without a task for each call, which would cost as much as a good
    part of a request. Only the durability of an intent is awaited, as a future.
    """

    @abstractmethod
    def begin_intent(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> asyncio.Future[bool | None]:
        """Accept an intent, and return a future that is `True` once the intent is durable.

        A caller that stops waiting cancels the future, or sets its result to `None`.

        Raises:
            Exception: From this call or from the future: the intent may not be recorded, as in
                `intend`.
        """

    @abstractmethod
    def end_intent(self, messages: Sequence[Message]) -> None:
        """Note that an intent is durable; or may be, because nobody waits for it any more."""

    @abstractmethod
    def take_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes, as `settle` does."""

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Record that messages are about to leave, as `Journal.intend` does."""
        written = self.begin_intent(attempt, messages)
        try:
            await written
        except asyncio.CancelledError:
            self.end_intent(messages)
            raise
        self.end_intent(messages)
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes, as `Journal.settle` does."""
        del attempt  # a message is identified by its reference
        self.take_outcomes(outcomes)
