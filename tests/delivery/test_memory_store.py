"""The memory store: the contract of every store, and its limits."""

from __future__ import annotations

import gc
import tracemalloc
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from support.delivery import NOW, accepted, message_id, report
from support.stores import DatabaseStore

from omnimsg.adapter.context import report_token
from omnimsg.delivery.guarded_store import GuardedStore
from omnimsg.delivery.memory_store import MemoryStore, StoreLimits
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.status import Status
from omnimsg.testing import StoreConformance
from omnimsg.testing.stores.steps import add, doubt, named, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg.delivery.store import Store
    from omnimsg.domain.outcome import Accepted

pytestmark = pytest.mark.anyio


class TestContract(StoreConformance):
    """The memory store keeps the contract of every store."""

    @asynccontextmanager
    async def open_store(self) -> AsyncIterator[Store]:
        """Return a memory store with the default limits."""
        yield MemoryStore()


class TestContractOfGuardedStores(StoreConformance):
    """A store behind the client's guard keeps the same contract."""

    @asynccontextmanager
    async def open_store(self) -> AsyncIterator[Store]:
        """Return a store that lets other tasks run, behind the guard."""
        yield GuardedStore(DatabaseStore())


async def test_the_oldest_messages_go() -> None:
    """Over the limit the oldest messages are dropped and counted."""
    store = MemoryStore(StoreLimits(messages=2))

    for number in range(5):
        await take(store, accepted(f"m{number}", f"r{number}"))

    found = [await store.find(named(f"m{number}")) for number in range(5)]
    assert [True, True, True, False, False] == [each is None for each in found]
    assert (3, 2) == (store.dropped, len(store))


@pytest.mark.parametrize("first", [accepted("m1"), accepted(None, batch_id="b1")])
async def test_a_report_does_not_make_a_message_young(first: Accepted) -> None:
    """Messages are dropped by the age of their acceptance, not of a report or of a new id."""
    store = MemoryStore(StoreLimits(messages=2))
    await take(store, first)
    await take(store, accepted("m2", "r2"))
    await add(store, report(Status.SENT, "m1", "r1", batch="b1"))

    await take(store, accepted("m3", "r3"))

    assert await store.find(named("m1")) is None
    assert await store.find(named("m2")) is not None


async def test_the_oldest_doubts_go() -> None:
    """Unresolved doubts have a limit of their own, so that they displace no open ones."""
    store = MemoryStore(StoreLimits(messages=2))
    for number in range(4):
        await doubt(store, f"r{number}", minutes=number)
    await store.give_up(NOW + timedelta(minutes=2))
    for number in range(4, 6):
        await doubt(store, f"r{number}", minutes=number)

    assert ["r2", "r4", "r5"] == [each.reference for each in await store.doubts()]
    assert 3 == store.dropped

    await store.give_up(NOW + timedelta(minutes=5))

    assert ["r4", "r5"] == [each.reference for each in await store.doubts()]
    assert 2 == len(store)


async def test_a_reference_still_finds_the_latest_message() -> None:
    """An older message with the same reference that is dropped takes nothing along."""
    store = MemoryStore(StoreLimits(messages=1))
    await take(store, accepted("m1", "r1"))
    newer = await take(store, accepted("m2", "r1"))

    found = await store.find(named(token=newer.token))

    assert newer == found


async def test_the_oldest_parked_reports_go() -> None:
    """Over their limit, the oldest reports of unknown messages are dropped and counted."""
    store = MemoryStore(StoreLimits(parked=2))

    for number in range(5):
        await add(store, report(Status.SENT, f"m{number}", f"r{number}"))

    assert await store.find(named("m2")) is None
    assert await store.find(named("m3")) is not None
    assert (3, 2) == (store.dropped, len(store))


async def test_parked_reports_go_after_their_time() -> None:
    """Reports of unknown messages are dropped after their time, when something newer is stored."""
    store = MemoryStore(StoreLimits(parked_for=60))
    await add(store, report(Status.SENT, "m1", "r1"))

    await take(store, accepted("m2", "r2"), minutes=1)
    is_there = await store.find(named("m1")) is not None
    await take(store, accepted("m3", "r3"), minutes=2)

    assert is_there
    assert await store.find(named("m1")) is None


async def test_a_message_that_was_reported_first_is_kept_like_all_others() -> None:
    """Once its answer has come, the limits of reports without an answer do not concern it."""
    store = MemoryStore(StoreLimits(parked=1, parked_for=60))
    await add(store, report(Status.SENT, "m1", "r1"))
    await take(store, accepted("m1", "r1"))

    await add(store, report(Status.SENT, "m2", "r2"))
    await take(store, accepted("m3", "r3"), minutes=2)

    assert await store.find(named("m1")) is not None
    assert 1 == store.dropped


async def test_the_oldest_keys_go() -> None:
    """Over the limit the oldest event keys are dropped, so that their events count as new."""
    store = MemoryStore(StoreLimits(events=2))

    for number in range(3):
        await store.set_handled(f"k{number}", NOW, NOW + timedelta(hours=1))

    handled = [await store.is_handled(f"k{number}") for number in range(3)]
    assert [False, True, True] == handled


async def test_keys_go_after_their_time() -> None:
    """Expired event keys are dropped when a newer event is handled."""
    store = MemoryStore()
    for number in range(3):
        await store.set_handled(f"k{number}", NOW, NOW + timedelta(hours=number))

    await store.set_handled("k3", NOW + timedelta(minutes=90), NOW + timedelta(hours=9))

    handled = [await store.is_handled(f"k{number}") for number in range(4)]
    assert [False, False, True, True] == handled


async def test_the_ids_of_a_message_are_limited() -> None:
    """The number of ids of one message has a limit, and its own id is kept."""
    store = MemoryStore()

    for number in range(50):
        await add(store, report(Status.SENT, "m1", "r1", batch=f"b{number}"))

    found = await store.find(named("m1"))
    assert found is not None
    assert (8, message_id("m1")) == (len(found.ids), found.own_id)


async def test_one_reference_for_all_costs_no_more() -> None:
    """Of many messages with one reference, the latest few are found by it, and all by their ids."""
    store = MemoryStore()
    for number in range(2000):
        await take(store, accepted(None, batch_id=f"b{number}"))

    joined = await add(store, report(Status.SENT, "m1", "r1"))

    assert "batch/b1992/r1" == joined.ids[0].provider_id
    assert 2000 == len(store)


async def test_memory_is_bounded() -> None:
    """Dropped messages, doubts, reports and keys leave nothing behind in memory."""
    store = MemoryStore(StoreLimits(messages=50, parked=50, events=50))

    def size() -> int:
        report_token.cache_clear()  # it has a bound of its own
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    async def live(start: int, count: int) -> None:
        for number in range(start, start + count):
            name = f"r{number}"
            await take(store, accepted(f"m{number}", name))
            await take(store, accepted(None, f"{name}b", batch_id=f"b{number}"))
            await doubt(store, f"{name}d", minutes=number)
            await add(store, report(Status.SENT, f"p{number}", f"{name}p"))
            await add(store, report(Status.SENT, None, f"{name}t"))
            await store.set_handled(name, NOW, NOW + timedelta(hours=1))
            await store.give_up(NOW + timedelta(minutes=number - 10))

    tracemalloc.start()
    try:
        await live(0, 100)
        before = size()
        await live(100, 1000)
        after = size()
    finally:
        tracemalloc.stop()

    assert len(store) <= 4 * 50
    # Leaking one name for each message would take more.
    assert after - before < 150_000


@pytest.mark.parametrize("name", ["messages", "parked", "parked_for", "events"])
def test_a_limit_of_zero_is_refused(name: str) -> None:
    """A limit of zero is refused."""
    with pytest.raises(InvalidValue, match=name):
        StoreLimits(**{name: 0})
