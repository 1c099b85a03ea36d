"""The dispatcher: each event is handled once, and again only if its handling failed."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import pytest
from support.delivery import NOW, reply, report
from support.dispatching import World
from support.sending import settled
from support.stores import StoreDownError
from support.virtual import VirtualLoop

from omnimsg.delivery.handlers import NotHandledError
from omnimsg.domain.events import UnparsedEvent
from omnimsg.domain.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.events import Event
    from omnimsg.engine.delivery_events import StatusChanged

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> World:
    """Return a dispatcher with its records."""
    return World()


async def test_an_event_is_handled_once(world: World) -> None:
    """A repeated event is dropped and counted as a duplicate; another event is handled."""
    world.listen()

    await world.give(reply(number=1), reply(number=1), reply(number=2))

    assert [reply(number=1).key, reply(number=2).key] == world.handled
    assert (2, 1) == (world.dispatcher.handled, world.dispatcher.duplicates)
    assert 2 == len(world.watcher.events)


async def test_repetitions_at_once_are_handled_once(world: World) -> None:
    """Concurrent repetitions of an event wait until it is handled, and are then duplicates."""
    gate = asyncio.Event()

    async def handle(event: Event) -> None:
        await gate.wait()
        world.handled.append(event.key)

    world.handlers.on_event(handle)
    tasks = [world.begin(reply()) for _ in range(5)]
    await settled()
    were_done = [each.done() for each in tasks]
    gate.set()
    await asyncio.gather(*tasks)

    assert [False] * 5 == were_done
    assert 1 == len(world.handled)
    assert (1, 4) == (world.dispatcher.handled, world.dispatcher.duplicates)


async def test_a_repetition_is_not_handled_while_the_store_answers(world: World) -> None:
    """A repetition that arrives at any point of the store's slow answer is not handled again."""
    world.listen()

    for turns in range(12):
        first = world.begin(reply(number=turns))
        for _ in range(turns):
            await asyncio.sleep(0)
        second = world.begin(reply(number=turns))
        await asyncio.gather(first, second)

    assert 12 == len(world.handled)


async def test_what_is_not_handled_is_handled_again(world: World) -> None:
    """An event whose handler failed is handled when repeated; concurrent repetitions fail too."""
    outcomes = iter([LookupError(), LookupError(), None])

    async def handle(event: Event) -> None:
        await settled()
        error = next(outcomes)
        if error is not None:
            raise error
        world.handled.append(event.key)

    world.handlers.on_event(handle)
    errors = await asyncio.gather(
        world.begin(reply()), world.begin(reply()), return_exceptions=True
    )
    with pytest.raises(LookupError):
        await world.give(reply())
    await world.give(reply(), reply())

    assert [LookupError, LookupError] == [type(each) for each in errors]
    assert 1 == len(world.handled)
    assert (1, 1) == (world.dispatcher.handled, world.dispatcher.duplicates)


async def test_only_who_has_failed_is_told_again(world: World) -> None:
    """A repeated event is given only to the event and status handlers that have failed."""
    seen: list[str] = []
    failing = {"second", "fourth"}

    def named(name: str) -> Callable[[object], None]:
        def handle(_: object) -> None:
            seen.append(name)
            if name in failing:
                failing.discard(name)
                raise LookupError

        return handle

    for name in ("first", "second"):
        world.handlers.on_event(named(name))
    for name in ("third", "fourth"):
        world.handlers.on_status(named(name))
    event = report(Status.SENT, "m1")
    for _ in range(2):
        with pytest.raises(LookupError):
            await world.give(event)

    await world.give(event, event)

    assert ["first", "second", "second", "third", "fourth", "fourth"] == seen


async def test_notes_of_who_has_failed_are_bounded(world: World) -> None:
    """Only of the latest 10,000 failed events it is known which handlers are done with them."""
    world.listen()
    failing = [True]

    def fail(_: Event) -> None:
        if failing:
            raise LookupError

    world.handlers.on_event(fail)
    events = [reply(number=number) for number in range(10_001)]
    for each in events:
        with pytest.raises(LookupError):
            await world.give(each)
    world.handled.clear()
    failing.clear()

    await world.give(events[0], events[1], events[-1])

    assert [events[0].key] == world.handled


async def test_a_loop_that_is_done_is_not_given_an_event_again(world: World) -> None:
    """A repeated event is not given again to a loop that has handled it."""
    seen: list[str] = []

    async def patient() -> None:
        async with aclosing(world.handlers.events()) as events:
            async for event in events:
                seen.append(event.key)  # noqa: PERF401 - as they come

    async def hasty() -> None:
        async with aclosing(world.handlers.events()) as events:
            async for _ in events:
                break

    loop, other = asyncio.create_task(patient()), asyncio.create_task(hasty())
    await settled()
    with pytest.raises(NotHandledError):
        await world.give(reply())
    await world.give(reply())

    assert [reply().key] == seen
    for task in (loop, other):
        task.cancel()
    await asyncio.wait([loop, other])


async def test_a_status_that_is_another_by_then_is_told_to_all(world: World) -> None:
    """A newer status goes to all handlers, including those that had handled the former one."""
    seen: list[tuple[str, Status]] = []
    fails = iter([True, False, False])

    def first(change: StatusChanged) -> None:
        seen.append(("first", change.status.status))

    def second(change: StatusChanged) -> None:
        if next(fails):
            raise LookupError
        seen.append(("second", change.status.status))

    world.handlers.on_status(first)
    world.handlers.on_status(second)
    with pytest.raises(LookupError):
        await world.give(report(Status.SENT, "m1"))

    await world.give(report(Status.DELIVERED, "m1"), report(Status.SENT, "m1"))

    assert [
        ("first", Status.SENT),
        ("first", Status.DELIVERED),
        ("second", Status.DELIVERED),
    ] == seen


def test_a_handler_that_takes_too_long_has_not_handled() -> None:
    """A handler over its time limit is cancelled, and the repeated event is handled."""
    waits = iter([60.0, 0.0])
    ends: list[str] = []

    async def handle(_: Event) -> None:
        try:
            await asyncio.sleep(next(waits))
            ends.append("done")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def story() -> None:
        world = World(handler_timeout=20.0)
        world.handlers.on_event(handle)
        with pytest.raises(TimeoutError):
            await world.give(reply())
        await world.give(reply())

    VirtualLoop().drive_to_end(story())

    assert ["cancelled", "done"] == ends


def test_a_repetition_does_not_wait_for_a_handler_that_goes_on() -> None:
    """A repetition fails after the time limit, whatever the handler of the event does."""
    loop = VirtualLoop()

    async def handle(_: Event) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(600)
        await asyncio.sleep(600)

    async def story() -> float:
        world = World(handler_timeout=20.0)
        world.handlers.on_event(handle)
        first = world.begin(reply())
        await asyncio.sleep(1)
        began = loop.time()
        with pytest.raises(TimeoutError):
            await world.give(reply())
        took = loop.time() - began
        await asyncio.wait([first])
        return took

    assert 20 == pytest.approx(loop.drive_to_end(story()))


async def test_a_server_that_gives_up_has_not_handled(world: World) -> None:
    """If a dispatch is cancelled, its waiting repetition fails, and a later one is handled."""
    gate = asyncio.Event()

    async def handle(event: Event) -> None:
        await gate.wait()
        world.handled.append(event.key)

    world.handlers.on_event(handle)
    first = world.begin(reply())
    await settled()
    second = world.begin(reply())
    await settled()
    first.cancel()
    gate.set()

    with pytest.raises(NotHandledError):
        await second
    await world.give(reply())

    assert 1 == len(world.handled)


async def test_a_store_that_fails_has_not_handled(world: World) -> None:
    """If the store fails, the repeated event is not given again to handlers that were done."""
    world.listen()
    fails = iter([True, False])
    world.handlers.on_event(lambda _: setattr(world.store, "is_down", next(fails)))
    with pytest.raises(StoreDownError):
        await world.give(reply())
    world.store.is_down = False

    await world.give(reply())

    assert 1 == len(world.handled)


async def test_what_nobody_takes_is_not_handled(world: World) -> None:
    """An event without a handler is not handled until a handler for it exists."""
    world.note_statuses()
    unparsed = UnparsedEvent(provider="tiny", account="main", at=NOW, key="k", why="new")

    for event in (reply(), unparsed):
        with pytest.raises(NotHandledError):
            await world.give(event)
    world.listen()
    await world.give(reply(), unparsed)

    assert [reply().key, "k"] == world.handled


def locks() -> list[asyncio.Lock]:
    """Return all locks of the process that something still refers to."""
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, asyncio.Lock)]


async def test_a_dispatch_that_is_given_up_while_it_waits_keeps_no_lock(world: World) -> None:
    """A server that gives up behind another report of the message leaves nothing in memory."""
    before = locks()  # of other tests
    gate, began = asyncio.Event(), asyncio.Event()

    async def handle(_: Event) -> None:
        began.set()
        await gate.wait()

    world.handlers.on_event(handle)
    first = world.begin(report(Status.SENT))
    await began.wait()
    second = world.begin(report(Status.DELIVERED))
    await settled()
    second.cancel()
    await asyncio.wait([second])
    gate.set()
    await first
    del first, second

    assert [] == [each for each in locks() if each not in before]
