"""Outcomes on their way to a store: in groups, and none is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from support.delivery import accepted, tell
from support.virtual import VirtualLoop

from omnimsg.delivery import outcome_queue
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.tracker import Tracker
from omnimsg.engine.observers import Observers

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from omnimsg.delivery.tracked import Names, Tracked


class SlowStore(MemoryStore):
    """A store whose changes take a second, or as many as the number of the message's reference.

    Attributes:
        by_number: Whether they take as many seconds as the number.
        refused: References that fail once, in a second.
        most: How many changes were under way at once, at most.
    """

    def __init__(self, *, by_number: bool = False, refused: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.by_number = by_number
        self.refused = set(refused)
        self.most = 0
        self._under_way = 0

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message after some time, or fail."""
        number = names.ids[0].provider_id.removeprefix("m")
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            await asyncio.sleep(float(number) if self.by_number else 1.0)
        finally:
            self._under_way -= 1
        if number in self.refused:
            self.refused.remove(number)
            raise OSError
        return await super().update(names, change)


def tracker_of(store: SlowStore, loop: VirtualLoop, count: int) -> Tracker:
    """Build a tracker that has the acceptances of some messages to store."""
    tracker = Tracker(store, loop, Observers())
    tell(tracker, *(accepted(f"m{number}", f"r{number}") for number in range(count)))
    return tracker


def test_outcomes_are_stored_in_groups() -> None:
    """A slow store gets several outcomes at once, so that a report does not wait for each."""
    store, loop = SlowStore(), VirtualLoop()

    async def story() -> float:
        tracker = tracker_of(store, loop, 40)
        began = loop.time()
        await tracker.commit()
        took = loop.time() - began
        await tracker.aclose(5)
        return took

    took = loop.drive_to_end(story())

    assert (40, 10, 4) == (len(store), store.most, round(took))


def test_a_failure_keeps_none_of_its_group_back() -> None:
    """The outcomes beside one that the store refuses are stored; that one is, by the next call."""
    store, loop = SlowStore(refused=("3", "4")), VirtualLoop()

    async def story() -> list[int]:
        tracker = tracker_of(store, loop, 20)
        counts = []
        for _ in range(2):
            await tracker.commit()
            counts.append(len(store))
        await tracker.aclose(5)
        return counts

    assert [18, 20] == loop.drive_to_end(story())


def test_a_group_that_is_cancelled_is_stored_later() -> None:
    """If the task that stores outcomes is cancelled, those that are not stored yet are kept."""
    store, loop = SlowStore(by_number=True), VirtualLoop()

    async def story() -> tuple[int, int]:
        tracker = tracker_of(store, loop, 10)
        storing = asyncio.ensure_future(tracker.commit())
        await asyncio.sleep(4.5)
        storing.cancel()
        await asyncio.wait([storing])
        before = len(store)
        await tracker.commit()
        await tracker.aclose(5)
        return before, len(store)

    assert (5, 10) == loop.drive_to_end(story())


def test_a_store_that_falls_far_behind_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Above a limit the oldest outcomes are dropped, and the log says so once."""
    monkeypatch.setattr(outcome_queue, "_MAX_OUTCOMES", 3)
    store, loop = SlowStore(), VirtualLoop()

    async def story() -> None:
        tracker = tracker_of(store, loop, 6)
        await tracker.aclose(5)

    loop.drive_to_end(story())

    assert 3 == len(store)
    assert 1 == caplog.text.count("the store of messages is too slow")
