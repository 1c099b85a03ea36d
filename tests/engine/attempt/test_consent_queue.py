"""Changes of consent that the suppression list has not taken are kept for it."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime

from support.virtual import VirtualLoop

from omnimsg import Consent, ConsentChange
from omnimsg.delivery.memory_suppression import MemorySuppression
from omnimsg.engine.attempt.consent_queue import ConsentQueue

NUMBERS = ("+37255500001", "+37255500002")


class Unwell(MemorySuppression):
    """A suppression list that fails, or hangs, until it is well.

    Attributes:
        is_well: Whether it is well.
        seconds: How long each record takes while it is not.
        calls: How many records were begun.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.is_well = False
        self.seconds = seconds
        self.calls = 0

    async def record(self, change: ConsentChange) -> None:
        """Record a change, or fail."""
        self.calls += 1
        if not self.is_well:
            await asyncio.sleep(self.seconds)
            raise OSError
        await super().record(change)


def opt_out(number: str) -> ConsentChange:
    """Make an opt-out."""
    at = datetime(2030, 1, 2, tzinfo=UTC)
    return ConsentChange(consent=Consent.OPTED_OUT, account="main", at=at, address=number)


def test_a_list_is_not_called_after_closing() -> None:
    """Closing ends all attempts: one that hangs, and one that waits for it."""
    loop, suppression = VirtualLoop(), Unwell(seconds=1000)

    async def story() -> int:
        consents = ConsentQueue(suppression)
        consents.add([opt_out(NUMBERS[0])])
        await asyncio.sleep(1.5)  # the first attempt hangs
        consents.add([opt_out(NUMBERS[1])])
        await asyncio.sleep(3)  # the second attempt waits for it
        await consents.aclose(5)
        calls = suppression.calls
        await asyncio.sleep(200)
        return suppression.calls - calls

    assert 0 == loop.drive_to_end(story())


def test_a_list_is_called_again_in_the_next_event_loop() -> None:
    """What one event loop has not recorded, the next one records at once: it may be short."""
    suppression = Unwell()
    consents = ConsentQueue(suppression)

    async def fail() -> None:
        consents.add([opt_out(NUMBERS[0])])
        await consents.record()

    async def go_on() -> None:
        suppression.is_well = True
        consents.resume()
        await asyncio.sleep(0.1)

    for work in (fail(), go_on()):
        with closing(VirtualLoop()) as loop:
            loop.drive(work)

    assert NUMBERS[0] in suppression
