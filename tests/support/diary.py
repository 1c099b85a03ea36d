"""A journal that notes its calls, and a send with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from support.adapters import (
    FakeTransport,
    accepted,
    account_engine,
    references,
    send_batch,
    texts,
    tiny,
)

from omnimsg import Attempt, Message, Outcome

if TYPE_CHECKING:
    from omnimsg.adapter import Request
    from omnimsg.engine.clock import Clock

Step = Callable[[], Awaitable[None]]
Answers = Callable[[Sequence[Message]], Sequence[Outcome | None]]


async def nothing() -> None:
    """Take no time."""


def go_on(messages: Sequence[Message]) -> Sequence[Outcome | None]:
    """Let every message be sent."""
    return [None] * len(messages)


class Diary:
    """A journal that notes its calls, in one list with the requests.

    Args:
        intending: What happens while an intent is recorded.
        settling: What happens while outcomes are recorded.
        answers: What it answers to an intent, one entry per message.

    Attributes:
        told: Its calls and the requests, in order.
        attempts: The attempts that were intended.
        settled: The attempts whose outcomes were recorded.
    """

    def __init__(
        self, *, intending: Step = nothing, settling: Step = nothing, answers: Answers = go_on
    ) -> None:
        self._intending = intending
        self._settling = settling
        self._answers = answers
        self.attempts: list[Attempt] = []
        self.settled: list[Attempt] = []
        self.told: list[Any] = []

    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        """Note an intent."""
        await self._intending()
        self.attempts.append(attempt)
        self.told.append(("intend", attempt.account, [each.reference for each in messages]))
        return self._answers(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes."""
        await self._settling()
        self.settled.append(attempt)
        self.told.append(("settle", *((each.reference, each.kind) for each in outcomes)))

    def wire(self, reply: Callable[[Request], Any] = accepted) -> FakeTransport:
        """Build a transport whose requests are noted too."""

        def noted(request: Request) -> Any:
            self.told.append(("request", references(request)))
            return reply(request)

        return FakeTransport(noted)


async def send(
    diary: Diary, wire: FakeTransport, count: int = 1, *, clock: Clock | None = None, **limits: Any
) -> list[Outcome]:
    """Send a batch with a journal."""
    account = account_engine(tiny(**limits), wire, journal=diary, clock=clock)
    return await send_batch(account, texts(count))
