"""Handlers: functions and loops are all told, and a loop that is left has not handled."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from support.delivery import reply
from support.sending import settled

from omnimsg.delivery.handlers import Handlers, NotHandledError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from omnimsg.domain.events import Event

pytestmark = pytest.mark.anyio


async def started(handlers: Handlers, count: int) -> tuple[asyncio.Task[list[str]], list[str]]:
    """Start a loop that is left after so many events; return it, and what it has seen."""
    seen: list[str] = []

    async def go_through() -> list[str]:
        async with aclosing(handlers.events()) as events:
            async for event in events:
                seen.append(event.key)
                if len(seen) == count:
                    break
        return seen

    task = asyncio.create_task(go_through())
    await settled()
    return task, seen


async def test_all_are_told_in_order() -> None:
    """Functions first, one after another, whether they are coroutines or not."""
    handlers = Handlers()
    seen: list[str] = []

    async def first(_: Event) -> None:
        await asyncio.sleep(0)
        seen.append("first")

    handlers.on_event(first)
    handlers.on_event(lambda _: seen.append("second"))

    await handlers.handle(reply(), set())

    assert ["first", "second"] == seen
    assert handlers.want_events
    assert not handlers.want_statuses


async def test_nobody_wants_anything() -> None:
    """Before anybody was named, and after a loop was left."""
    handlers = Handlers()
    task, _ = await started(handlers, 1)
    wanted = bool(handlers)
    with pytest.raises(NotHandledError):
        await handlers.handle(reply(), set())
    await task

    assert wanted
    assert not handlers
    assert not handlers.want_events


async def test_an_event_is_handled_when_the_loop_asks_for_the_next() -> None:
    """Not when it is given."""
    handlers = Handlers()
    gate = asyncio.Event()

    async def go_through() -> None:
        async with aclosing(handlers.events()) as events:
            async for _ in events:
                await gate.wait()

    loop = asyncio.ensure_future(go_through())
    await settled()
    handling = asyncio.ensure_future(handlers.handle(reply(), set()))
    await settled()
    was_handled = handling.done()
    gate.set()
    await handling

    assert not was_handled
    loop.cancel()
    await asyncio.wait([loop])


async def test_a_loop_that_is_left_has_not_handled() -> None:
    """Neither the event it has, nor those that wait for it."""
    handlers = Handlers()
    task, seen = await started(handlers, 2)
    tasks = [asyncio.ensure_future(handlers.handle(reply(number=each), set())) for each in range(4)]

    results = await asyncio.gather(*tasks, return_exceptions=True)
    await task

    assert [type(None), NotHandledError, NotHandledError, NotHandledError] == [
        type(each) for each in results
    ]
    assert 2 == len(seen)


async def test_a_loop_that_raises_has_not_handled() -> None:
    """The error is the loop's own; the event comes again."""
    handlers = Handlers()

    async def go_through() -> None:
        async with aclosing(handlers.events()) as events:
            async for _ in events:
                raise LookupError

    loop = asyncio.ensure_future(go_through())
    await settled()
    with pytest.raises(NotHandledError):
        await handlers.handle(reply(), set())

    with pytest.raises(LookupError):
        await loop
    assert not handlers


async def test_a_loop_that_is_cancelled_has_not_handled() -> None:
    """While it works on an event, and while it waits for one."""
    handlers = Handlers()
    working = asyncio.Event()

    async def go_through() -> None:
        async with aclosing(handlers.events()) as events:
            async for _ in events:
                working.set()
                await asyncio.sleep(60)

    busy = asyncio.ensure_future(go_through())
    await settled()
    handling = asyncio.ensure_future(handlers.handle(reply(), set()))
    await working.wait()
    idle, _ = await started(handlers, 1)
    for each in (busy, idle):
        each.cancel()
    await asyncio.wait([busy, idle])

    with pytest.raises(NotHandledError):
        await handling
    assert not handlers


async def test_a_loop_without_aclosing_is_left_when_nobody_holds_it() -> None:
    """`async for` over `events()` and `break` is enough for CPython."""
    handlers = Handlers()

    async def first() -> Event:
        async for event in handlers.events():
            return event
        raise AssertionError

    task = asyncio.ensure_future(first())
    await settled()
    handling = asyncio.ensure_future(handlers.handle(reply(), set()))
    await task
    await settled()

    with pytest.raises(NotHandledError):
        await handling


async def test_every_loop_is_told() -> None:
    """And each takes one event at a time."""
    handlers = Handlers()
    loops = [await started(handlers, 4) for _ in range(2)]

    for number in range(3):
        await handlers.handle(reply(number=number), set())

    expected = [reply(number=each).key for each in range(3)]
    assert [expected, expected] == [seen for _, seen in loops]
    for task, _ in loops:
        task.cancel()
        await asyncio.wait([task])


async def test_a_loop_that_was_left_meanwhile_holds_nothing_up() -> None:
    """It was left while another one had the event, so it has nothing to do with it."""
    handlers = Handlers()
    gate = asyncio.Event()

    async def slow() -> None:
        async with aclosing(handlers.events()) as events:
            async for _ in events:
                await gate.wait()

    first = asyncio.ensure_future(slow())
    await settled()
    second, _ = await started(handlers, 1)
    handling = asyncio.ensure_future(handlers.handle(reply(), set()))
    await settled()
    second.cancel()
    await asyncio.wait([second])
    gate.set()
    await asyncio.wait_for(handling, 20)

    assert handling.exception() is None
    first.cancel()
    await asyncio.wait([first])


async def test_an_event_that_nobody_waits_for_is_not_given() -> None:
    """Its time was over before the loop came to it; it will be repeated."""
    handlers = Handlers()
    gate = asyncio.Event()
    seen: list[str] = []

    async def go_through(events: AsyncGenerator[Event, None]) -> None:
        async with aclosing(events):
            async for event in events:
                seen.append(event.key)
                await gate.wait()

    loop = asyncio.ensure_future(go_through(handlers.events()))
    await settled()
    first, late, last = [
        asyncio.ensure_future(handlers.handle(reply(number=each), set())) for each in range(3)
    ]
    await settled()
    late.cancel()
    gate.set()
    await asyncio.wait([first, late, last])

    assert [reply(number=0).key, reply(number=2).key] == seen
    loop.cancel()
    await asyncio.wait([loop])


async def test_a_handler_that_waits_for_what_is_cancelled_has_not_handled() -> None:
    """Nobody has cancelled those who tell it."""
    handlers = Handlers()

    async def handle(_: Event) -> None:
        other = asyncio.ensure_future(asyncio.sleep(3600))
        other.cancel()
        await other

    handlers.on_event(handle)

    with pytest.raises(NotHandledError):
        await handlers.handle(reply(), set())


async def test_a_handler_that_is_cancelled_itself_is() -> None:
    """Such as by a server that stops."""
    handlers = Handlers()

    async def handle(_: Event) -> None:
        await asyncio.sleep(3600)

    handlers.on_event(handle)
    telling = asyncio.ensure_future(handlers.handle(reply(), set()))
    await settled()
    telling.cancel()
    await asyncio.wait([telling])

    assert telling.cancelled()
