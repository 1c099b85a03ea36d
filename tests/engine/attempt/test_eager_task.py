"""`EagerTasks` runs a function as a task of its own, whose first step runs at once."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest
from support.sending import settled

from omnimsg.engine.attempt.eager_task import EagerTasks, SharedTimeouts

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.anyio

WORD: ContextVar[str] = ContextVar("word", default="none")


async def answer(value: int) -> int:
    """Return without waiting."""
    return value


async def test_what_waits_for_nothing_has_ended_at_once() -> None:
    """A function that awaits nothing has ended when `start` returns."""
    own = EagerTasks().start(answer, 7)

    assert (True, 7) == (own.has_ended, own.result())


async def test_a_function_may_return_any_awaitable() -> None:
    """A function may return a future instead of a coroutine."""
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    own = EagerTasks().start(lambda: future)
    future.set_result(7)

    await own.wait(10, SharedTimeouts())

    assert 7 == own.result()


async def test_an_error_is_kept() -> None:
    """An exception in the first step, or before there is an awaitable, is raised by `result`."""

    def refuse() -> Any:
        raise OSError("no")

    for function in (refuse, _failing):
        own = EagerTasks().start(function)

        assert own.has_ended
        with pytest.raises(OSError, match="no"):
            own.result()


async def test_an_error_of_a_later_step_is_kept_whatever_its_class() -> None:
    """An exception that is no `Exception`, in a later step, wakes who waits for the call."""

    class Odd(BaseException):
        pass

    async def later() -> None:
        await asyncio.sleep(0)
        raise Odd

    own = EagerTasks().start(later)
    await own.wait(10, SharedTimeouts())

    with pytest.raises(Odd):
        own.result()


@pytest.mark.parametrize("turns", [0, 1])
async def test_a_call_that_raises_the_end_of_a_generator_has_failed(turns: int) -> None:
    """Who waits for a call is not ended by a `GeneratorExit` that it raises."""

    async def exits() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        raise GeneratorExit

    own = EagerTasks().start(exits)
    await own.wait(10, SharedTimeouts())

    with pytest.raises(RuntimeError, match="raised GeneratorExit"):
        own.result()


async def _failing() -> None:
    raise OSError("no")


async def test_a_timeout_that_begins_in_the_first_step_ends_the_others() -> None:
    """An `asyncio.timeout` entered in the first step ends the later steps, not the caller."""

    async def patient() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return "waited"

    own = EagerTasks().start(patient)
    await own.wait(10, SharedTimeouts())

    assert "timed out" == own.result()


async def test_all_steps_are_those_of_one_task() -> None:
    """All steps run in one task, and the caller's task is the current one again after `start`."""

    async def steps() -> list[asyncio.Task[Any] | None]:
        seen = [asyncio.current_task()]
        for _ in range(3):
            await asyncio.sleep(0)
            seen.append(asyncio.current_task())
        return seen

    caller = asyncio.current_task()
    own = EagerTasks().start(steps)

    assert caller is asyncio.current_task()
    await own.wait(10, SharedTimeouts())
    assert {own.task} == set(own.result())
    assert caller is not own.task


async def test_calls_that_wait_have_a_task_each() -> None:
    """Each call that waits has a task of its own, also if it is started by another's first step."""
    tasks = EagerTasks()
    go = asyncio.Event()
    inner: list[Any] = []

    async def inside() -> str:
        await go.wait()
        return "inside"

    async def outside() -> str:
        inner.append(tasks.start(inside))
        await go.wait()
        return "outside"

    tasks.start(answer, 7)
    outer = tasks.start(outside)
    other = tasks.start(inside)
    go.set()
    for own in (outer, other, *inner):
        await own.wait(10, SharedTimeouts())

    assert ["outside", "inside", "inside"] == [each.result() for each in (outer, other, *inner)]
    assert 3 == len({outer.task, other.task, inner[0].task})


async def test_each_call_has_a_context_of_its_own() -> None:
    """A context variable set by a call is seen in its later steps only, not by others."""

    async def say(word: str | None) -> list[str]:
        seen = [WORD.get()]
        if word is not None:
            WORD.set(word)
            await asyncio.sleep(0)
            seen.append(WORD.get())
        return seen

    tasks = EagerTasks()
    first, second = tasks.start(say, "one"), tasks.start(say, None)
    await first.wait(10, SharedTimeouts())

    assert [["none", "one"], ["none"]] == [first.result(), second.result()]
    assert "none" == WORD.get()


@pytest.mark.parametrize("turns", [0, 1, 3])
async def test_a_cancellation_reaches_what_is_waited_for(turns: int) -> None:
    """Cancelling the task cancels what the call awaits, also before the task's own first step."""
    awaited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    seen = []

    async def waiting() -> None:
        try:
            await awaited
        finally:
            seen.append(awaited.cancelled())

    own = EagerTasks().start(waiting)
    for _ in range(turns):
        await asyncio.sleep(0)
    own.task.cancel()
    await own.wait(10, SharedTimeouts())

    assert [True] == seen
    assert isinstance(own.error, asyncio.CancelledError)


async def test_a_task_that_nothing_was_left_for_ends() -> None:
    """Calls that await nothing leave no task behind."""
    before = asyncio.all_tasks()
    tasks = EagerTasks()
    for value in range(3):
        tasks.start(answer, value)

    await settled()

    assert before == asyncio.all_tasks()


async def test_a_wait_is_bounded() -> None:
    """`wait` ends after its seconds, whatever other waits there are, and the call goes on."""
    tasks, alarm = EagerTasks(), SharedTimeouts()
    go = asyncio.Event()
    calls = [tasks.start(go.wait) for _ in range(3)]

    await asyncio.gather(
        *(own.wait(seconds, alarm) for own, seconds in zip(calls, (0.03, 0.01, 0.02), strict=True))
    )
    ended = [own.has_ended for own in calls]
    go.set()
    await settled()

    assert ([False] * 3, [True] * 3) == (ended, [own.has_ended for own in calls])


async def test_a_bare_yield_takes_one_turn() -> None:
    """An awaitable that yields `None` goes on in the next iteration of the event loop."""

    class Turn:
        def __await__(self) -> Generator[None, None, str]:
            yield
            return "next"

    own = EagerTasks().start(Turn)
    at_once = own.has_ended
    await asyncio.sleep(0)

    assert (False, True) == (at_once, own.has_ended)
    assert "next" == own.result()
