"""The tracker stores outcomes: though nobody asks, and though the store fails."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.delivery import (
    NUMBER,
    SetClock,
    accepted,
    doubtful,
    report,
    tell,
)
from support.stores import FAILURES, DatabaseStore, StoreDownError
from support.tracking import World
from support.virtual import VirtualLoop

from omnimsg import Message
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.tracker import Tracker
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.status import Status
from omnimsg.engine.attempt import store_queue
from omnimsg.engine.observers import Observers
from omnimsg.testing import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.delivery.tracked import Names, Tracked


pytestmark = pytest.mark.anyio


M1 = MessageId("main:m1")


def test_outcomes_are_stored_though_nobody_asks() -> None:
    """Outcomes are stored shortly after, without any call."""
    loop = VirtualLoop()
    store = DatabaseStore()

    async def live() -> int:
        tracker = Tracker(store, loop, Observers())
        tell(tracker, accepted("m1"), accepted("m2", "r2"))
        tell(tracker, accepted("m3", "r3"))
        await asyncio.sleep(1)
        return len(store.inner)

    with closing(loop):
        stored = loop.drive(live())

    assert 3 == stored


def test_what_was_noted_in_one_event_loop_is_stored_in_the_next() -> None:
    """An outcome whose event loop ended before it was stored is stored in the next one."""
    store = DatabaseStore()
    tracker = Tracker(store, SetClock(), Observers())

    async def send(reference: str) -> None:
        tell(tracker, accepted(reference, reference))

    async def wait() -> None:
        tell(tracker, accepted("m3", "r3"))
        for _ in range(1000):
            if len(store.inner) == 3:
                break
            await asyncio.sleep(0.01)

    asyncio.run(send("r1"))
    asyncio.run(send("r2"))
    asyncio.run(wait())

    assert 3 == len(store.inner)


def test_outcomes_do_not_pile_up_where_each_event_loop_ends_after_one() -> None:
    """A program that runs an event loop for each message stores the outcomes of those before."""
    store = MemoryStore()
    client = FakeProvider().client(store=store)

    async def send(number: int) -> None:
        await client.send(Message(NUMBER, "Hello", reference=f"r{number}"), settle=1)

    for number in range(6):
        asyncio.run(send(number))

    assert 5 <= len(store)


def test_an_outcome_without_an_event_loop_is_noted() -> None:
    """An outcome that arrives without a running event loop is kept."""
    tracker = Tracker(MemoryStore(), SetClock(), Observers())

    tell(tracker, accepted())

    assert asyncio.run(tracker.find(M1)) is not None


class CountingStore(MemoryStore):
    """A store that counts how often it was asked to change a message, and may be down."""

    is_down = True
    asked = 0

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Count the call."""
        self.asked += 1
        if self.is_down:
            raise StoreDownError
        return await super().update(names, change)


async def test_a_store_that_is_down_is_not_asked_for_each_outcome() -> None:
    """The outcomes of an hour are not all tried again and again; none of them is lost."""
    store = CountingStore()
    tracker = Tracker(store, SetClock(), Observers())
    tell(tracker, *(accepted(f"m{number}", f"r{number}") for number in range(500)))
    for _ in range(3):
        await tracker.commit()
    asked = store.asked
    store.is_down = False
    await tracker.commit()
    await tracker.aclose(5)

    assert 0 < asked <= 30
    assert 500 == len(store)


async def test_a_store_that_fails_loses_no_outcome() -> None:
    """Outcomes that a failing store did not take are stored once it works again."""
    store = DatabaseStore()
    world = World(store)
    store.is_down = True
    tell(world.tracker, accepted("m1"), doubtful("r2"))
    await world.tracker.commit()
    with pytest.raises(StoreDownError):
        await world.tracker.apply(report(Status.SENT, "m9"))
    store.is_down = False

    tracked = await world.tracker.find(M1)

    assert tracked is not None
    assert ["r2"] == [each.reference for each in await world.tracker.doubts()]


async def test_an_outcome_that_leaves_no_room_drops_no_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An outcome over the limit does not drop newer ones while older ones are being stored."""
    monkeypatch.setattr(store_queue, "_MAX_WAITING", 2)
    world = World(DatabaseStore())
    tell(world.tracker, accepted("m1"), accepted("m2", "r2"))
    storing = asyncio.ensure_future(world.tracker.commit())
    await asyncio.sleep(0)
    tell(world.tracker, accepted("m3", "r3"))
    await storing

    found = [await world.tracker.find(MessageId(f"main:m{each}")) for each in (1, 2, 3)]

    assert all(found)


@pytest.mark.parametrize("error", FAILURES)
def test_a_store_that_failed_is_asked_again(error: type[BaseException]) -> None:
    """A store that failed is retried without any call."""
    loop = VirtualLoop()
    store = DatabaseStore(fails_with=error)

    async def live() -> int:
        tracker = Tracker(store, loop, Observers())
        store.is_down = True
        tell(tracker, accepted())
        await asyncio.sleep(1)
        store.is_down = False
        await asyncio.sleep(60)
        return len(store.inner)

    with closing(loop):
        stored = loop.drive(live())

    assert 1 == stored


async def test_one_who_is_cancelled_loses_no_outcome() -> None:
    """A cancelled report loses no outcome that it had begun to store."""
    store = DatabaseStore()
    world = World(store)
    tell(world.tracker, accepted("m1"), accepted("m2", "r2"))
    applying = asyncio.ensure_future(world.tracker.apply(report(Status.SENT, "m1")))
    await store.asked.wait()
    applying.cancel()

    found = await world.tracker.find(MessageId("main:m2"))

    assert applying.cancelled()
    assert found is not None
    assert await world.tracker.find(M1) is not None


async def test_whoever_asks_meanwhile_sees_what_is_being_stored() -> None:
    """An outcome is found while the store is still writing it."""
    store = DatabaseStore()
    world = World(store)
    tell(world.tracker, accepted())
    storing = asyncio.ensure_future(world.tracker.commit())
    await store.asked.wait()

    found = await world.tracker.find(M1)
    await storing

    assert found is not None
