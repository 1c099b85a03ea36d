"""A journal in memory that takes its time, and fails now and then."""

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
    """What the journal raises: nothing was recorded for sure."""


@attrs.define
class SlowBook(Book):
    """A journal in memory.

    Attributes:
        chance: Draws from the tape.
        slowest: The most seconds that it takes for one record.
        failing: Of a hundred intents, how many fail.
    """

    chance: Chance = attrs.field(kw_only=True)
    slowest: float = attrs.field(default=0.0, kw_only=True)
    failing: int = attrs.field(default=0, kw_only=True)

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Note intents."""
        await self._take_time()
        if self.failing and self.chance.happens("book.fails", self.failing):
            raise FullDiskError
        return await super().intend(attempt, messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes."""
        await self._take_time()
        await super().settle(attempt, outcomes)

    async def _take_time(self) -> None:
        if self.slowest:
            await asyncio.sleep(self.chance.seconds("book.seconds", 0.0, self.slowest))
