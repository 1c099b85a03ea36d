"""An in-memory journal that is slow, and fails at times."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs
from simulation.chance import Chance
from support.audit import Book

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg import Attempt, Message, Outcome


class FullDiskError(OSError):
    """The journal's error: nothing was recorded for certain."""


@attrs.define
class SlowBook(Book):
    """An in-memory journal with delays and failures from the tape.

    Attributes:
        chance: Draws from the tape.
        slowest: The longest delay of one record, seconds.
        failing: The percentage of intents that fail.
    """

    chance: Chance = attrs.field(kw_only=True)
    slowest: float = attrs.field(default=0.0, kw_only=True)
    failing: int = attrs.field(default=0, kw_only=True)

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Record intents."""
        await self._take_time()
        if self.failing and self.chance.happens("book.fails", self.failing):
            raise FullDiskError
        return await super().intend(attempt, messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes."""
        await self._take_time()
        await super().settle(attempt, outcomes)

    async def _take_time(self) -> None:
        if self.slowest:
            await asyncio.sleep(self.chance.seconds("book.seconds", 0.0, self.slowest))
