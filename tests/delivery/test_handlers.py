"""Handlers: functions and loops get every event, and a loop that ends has not handled its event."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from support.delivery import reply
from support.sending import settled

from omnimsg.delivery.close_signal import CloseSignal
from omnimsg.delivery.handlers import Handlers, NotHandledError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from omnimsg.domain.events import Event

pytestmark = pytest.mark.anyio


async def started(handlers: Handlers, count: int) -> tuple[asyncio.Task[list[str]], list[str]]:
    """Start a loop that ends at an event number; return its task and the keys that it has seen."""
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
    """Handler functions are called one after another in order, coroutines and others alike."""
    handlers = Handlers(CloseSignal())
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
    """Handlers are empty before the first is registered, and after a loop has ended."""
    handlers = Handlers(CloseSignal())
    task, _ = await started(handlers, 1)
    wanted = bool(handlers)
    with pytest.raises(NotHandledError):
        await handlers.handle(reply(), set())
    await task

    assert wanted
    assert not handlers
    assert not handlers.want_events


async def test_an_event_is_handled_when_the_loop_asks_for_the_next() -> None:
    """An event is handled when the loop asks for the next one, not when it gets the event."""
    handlers = Handlers(CloseSignal())
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
    """A loop that breaks has handled neither its last event nor those waiting for it."""
    handlers = Handlers(CloseSignal())
    task, seen = await started(handlers, 2)
    tasks = [asyncio.ensure_future(handlers.handle(reply(number=each), set())) for each in range(4)]

    results = await asyncio.gather(*tasks, return_exceptions=True)
    await task

    assert [type(None), NotHandledError, NotHandledError, NotHandledError] == [
        type(each) for each in results
    ]
    assert 2 == len(seen)


async def test_a_loop_that_raises_has_not_handled() -> None:
    """A loop that raises has not handled its event, and the error stays in the loop."""
    handlers = Handlers(CloseSignal())

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
    """A loop that is cancelled during an event has not handled it; idle loops end quietly."""
    handlers = Handlers(CloseSignal())
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
    """A loop without `aclosing` ends when CPython releases its generator."""
    handlers = Handlers(CloseSignal())

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
    """Every loop gets every event, one at a time."""
    handlers = Handlers(CloseSignal())
    loops = [await started(handlers, 4) for _ in range(2)]

    for number in range(3):
        await handlers.handle(reply(number=number), set())

    expected = [reply(number=each).key for each in range(3)]
    assert [expected, expected] == [seen for _, seen in loops]
    for task, _ in loops:
        task.cancel()
        await asyncio.wait([task])


async def test_a_loop_that_was_left_meanwhile_holds_nothing_up() -> None:
    """A loop that ends before its turn does not affect the handling of the event."""
    handlers = Handlers(CloseSignal())
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


async def test_a_loop_that_takes_nothing_keeps_no_event() -> None:
    """An event whose time is over while a loop is busy is dropped: its repetition comes later."""
    handlers = Handlers(CloseSignal())
    seen: list[str] = []
    gate = asyncio.Event()

    async def go_through() -> None:
        async with aclosing(handlers.events()) as events:
            async for event in events:
                seen.append(event.key)
                await gate.wait()

    busy = asyncio.ensure_future(go_through())
    await settled()
    first = asyncio.ensure_future(handlers.handle(reply("first"), set()))
    await settled()
    event = reply("given up")
    dropped = weakref.ref(event)
    given_up = asyncio.ensure_future(handlers.handle(event, set()))
    del event
    await settled()
    given_up.cancel()
    await asyncio.wait([given_up])
    del given_up
    gc.collect()
    is_kept = dropped() is not None
    gate.set()
    await first
    await handlers.handle(reply("next"), set())
    busy.cancel()
    await asyncio.wait([busy])

    assert not is_kept
    assert [reply("first").key, reply("next").key] == seen


async def test_closing_ends_the_loops() -> None:
    """A loop ends when the events that are queued for it are handled; one that begins, at once.

    A later event is not handled, although a function takes it: the provider sends it again.
    """
    closing = CloseSignal()
    handlers = Handlers(closing)
    gate = asyncio.Event()
    seen: list[str] = []
    handlers.on_event(lambda event: seen.append(event.key))

    async def go_through() -> int:
        count = 0
        async with aclosing(handlers.events()) as events:
            async for _ in events:
                await gate.wait()
                count += 1
        return count

    busy = asyncio.ensure_future(go_through())
    await settled()
    handling = [asyncio.ensure_future(handlers.handle(reply(number=n), set())) for n in range(2)]
    await settled()
    closing.set()
    gate.set()
    await asyncio.wait_for(asyncio.gather(*handling), 20)
    counts = [await busy, await go_through()]
    with pytest.raises(NotHandledError):
        await handlers.handle(reply(number=2), set())

    assert [2, 0] == counts
    assert 3 == len(seen)
    assert handlers
    assert handlers.want_events


async def test_closing_ends_a_loop_that_waits() -> None:
    """It has handled all that it was given, and needs no further event to end."""
    closing = CloseSignal()
    handlers = Handlers(closing)
    task, _ = await started(handlers, 9)
    await handlers.handle(reply(), set())
    closing.set()

    assert [reply().key] == await asyncio.wait_for(task, 20)


async def test_closing_does_not_concern_functions() -> None:
    """Where there was no loop, functions handle what comes until the server stops."""
    closing = CloseSignal()
    handlers = Handlers(closing)
    seen: list[str] = []
    handlers.on_event(lambda event: seen.append(event.key))
    closing.set()

    await handlers.handle(reply(), set())

    assert [reply().key] == seen


async def test_an_event_that_nobody_waits_for_is_not_given() -> None:
    """An event whose dispatch was cancelled before a loop took it is not given to the loop."""
    handlers = Handlers(CloseSignal())
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
    """A handler that awaits a cancelled task has not handled the event: its caller goes on."""
    handlers = Handlers(CloseSignal())

    async def handle(_: Event) -> None:
        other = asyncio.ensure_future(asyncio.sleep(3600))
        other.cancel()
        await other

    handlers.on_event(handle)

    with pytest.raises(NotHandledError):
        await handlers.handle(reply(), set())


async def test_a_handler_that_is_cancelled_itself_is() -> None:
    """Cancelling the caller of a handler cancels it as usual."""
    handlers = Handlers(CloseSignal())

    async def handle(_: Event) -> None:
        await asyncio.sleep(3600)

    handlers.on_event(handle)
    telling = asyncio.ensure_future(handlers.handle(reply(), set()))
    await settled()
    telling.cancel()
    await asyncio.wait([telling])

    assert telling.cancelled()
