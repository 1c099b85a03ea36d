"""One timer keeps the time of many, and ends only what is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVarTuple

import pytest
from support.virtual import VirtualLoop

from omnimsg.transport.timeouts import Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context

Args = TypeVarTuple("Args")


class Clock(VirtualLoop):
    """A virtual loop that notes for when its timers are set."""

    def __init__(self) -> None:
        super().__init__()
        self.started = self.now
        self.timers: list[asyncio.TimerHandle] = []

    def call_at(
        self,
        when: float,
        callback: Callable[[*Args], object],
        *args: *Args,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Set a timer."""
        self.timers.append(super().call_at(when, callback, *args, context=context))
        return self.timers[-1]

    @property
    def rings(self) -> list[float]:
        """When they ring, or would have rung, seconds from the beginning."""
        return [timer.when() - self.started for timer in self.timers]

    @property
    def passed(self) -> float:
        """Seconds from the beginning."""
        return self.now - self.started


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Have a loop whose time is virtual."""
    loop = Clock()
    yield loop
    loop.close()


async def limited(watch: Timeouts, seconds: float, work: Callable[[], Any]) -> str:
    """Do something within a time limit, as an exchange does."""
    task = asyncio.current_task()
    assert task is not None
    watch.begin(task, seconds)
    try:
        await work()
    except asyncio.CancelledError:
        if watch.end(task):
            return "over"
        raise
    finally:
        watch.end(task)
    return "done"


async def ready() -> None:
    """Need no time, only a turn of the loop."""
    await asyncio.sleep(0)


def waiting(event: asyncio.Event | None = None) -> Callable[[], Any]:
    """Wait for what may never come."""
    return (event or asyncio.Event()).wait


def test_many_limits_have_one_timer(clock: Clock) -> None:
    """What ends in time, one after the other or all at once, sets no timer of its own."""
    watch = Timeouts()

    async def many() -> list[str]:
        return [
            each
            for _ in range(10)
            for each in await asyncio.gather(*(limited(watch, 30, ready) for _ in range(10)))
        ]

    assert ["done"] * 100 == clock.drive(many())
    assert [30] == clock.rings


def test_each_is_ended_at_its_own_time(clock: Clock) -> None:
    """The timer goes from one end to the next, whatever order the limits were set in."""
    watch = Timeouts()

    async def timed(seconds: float) -> tuple[str, float]:
        return await limited(watch, seconds, waiting()), clock.passed

    async def all_of_them() -> list[tuple[str, float]]:
        return await asyncio.gather(*map(timed, (20, 10, 30, 10, 40)))

    expected = [("over", 20), ("over", 10), ("over", 30), ("over", 10), ("over", 40)]
    assert expected == clock.drive(all_of_them())
    # Set for the first; earlier, for the second; then for what came next.
    assert [20, 10, 20, 30, 40] == clock.rings


def test_an_earlier_end_sets_the_timer_anew(clock: Clock) -> None:
    """The timer that was set for later is cancelled: there is never more than one."""
    watch = Timeouts()

    async def both() -> None:
        await asyncio.gather(limited(watch, 30, ready), limited(watch, 5, ready))

    clock.drive(both())

    assert [30, 5] == clock.rings
    assert [True, False] == [timer.cancelled() for timer in clock.timers]


def test_a_limit_that_was_lifted_ends_nothing(clock: Clock) -> None:
    """The timer still rings for it, in vain; the task lives on, and so do the other limits."""
    watch = Timeouts()

    async def onwards() -> tuple[str, str, float]:
        first = await limited(watch, 5, ready)
        return first, await limited(watch, 30, lambda: asyncio.sleep(20)), clock.passed

    assert ("done", "done", 20) == clock.drive(onwards())
    assert 30 in clock.rings


def test_with_nothing_under_way_the_timer_rings_once_and_rests(clock: Clock) -> None:
    """An account that is idle does nothing."""
    watch = Timeouts()

    async def idle() -> None:
        await limited(watch, 5, ready)
        await asyncio.sleep(100)

    clock.drive(idle())

    assert [5, 100] == clock.rings


def test_a_cancellation_is_not_the_time_that_is_over(clock: Clock) -> None:
    """Who cancels the caller is obeyed, even where the time ends at the same moment."""

    async def both_at_once() -> asyncio.Task[str]:
        task = asyncio.create_task(limited(Timeouts(), 0.0, waiting()))
        await asyncio.sleep(0)  # the limit is set, and over with the next turn of the loop
        task.cancel()
        await asyncio.wait([task])
        return task

    assert clock.drive(both_at_once()).cancelled()


def test_a_cancellation_after_the_time_is_obeyed(clock: Clock) -> None:
    """It counts until the task has heard that its time is over."""

    async def one_after_the_other() -> asyncio.Task[str]:
        task = asyncio.create_task(limited(Timeouts(), 5, waiting()))
        await asyncio.sleep(0)
        # Rings in the same turn of the loop, right after the limit's.
        asyncio.get_running_loop().call_later(5, task.cancel)
        await asyncio.wait([task])
        return task

    assert clock.drive(one_after_the_other()).cancelled()


def test_a_task_that_was_cancelled_before_has_its_limit(clock: Clock) -> None:
    """Only a cancellation within the limit is somebody else's; the count stays as it was."""

    async def stubborn() -> tuple[str, int]:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return await limited(Timeouts(), 5, waiting()), task.cancelling()
        raise AssertionError

    assert ("over", 1) == clock.drive(stubborn())


def test_the_time_that_is_over_is_taken_back_whatever_is_raised(clock: Clock) -> None:
    """A task whose limit ended in another exception is no cancelled task."""

    async def wrong() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise LookupError from None

    async def taken_back() -> int:
        with pytest.raises(LookupError):
            await limited(Timeouts(), 5, wrong)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert 0 == clock.drive(taken_back())


def test_a_shorter_limit_around_it_is_its_own(clock: Clock) -> None:
    """`asyncio.timeout` and the watch do not take each other's cancellations."""

    async def nested() -> tuple[str, float]:
        try:
            async with asyncio.timeout(5):
                return await limited(Timeouts(), 30, waiting()), clock.passed
        except TimeoutError:
            return "around", clock.passed

    assert ("around", 5) == clock.drive(nested())


def test_nothing_rings_once_it_is_closed(clock: Clock) -> None:
    """The timer that was left for limits already lifted is stopped, and can be set again."""
    watch = Timeouts()

    async def closing() -> str:
        await limited(watch, 5, ready)
        watch.close()
        watch.close()
        return await limited(watch, 30, waiting())

    assert "over" == clock.drive(closing())
    assert [5, 30] == clock.rings
    assert clock.timers[0].cancelled()


def test_closing_leaves_nobody_waiting_for_ever(clock: Clock) -> None:
    """What is under way although it is closed is still ended when its time is over."""
    watch = Timeouts()

    async def straggling() -> tuple[str, float]:
        task = asyncio.create_task(limited(watch, 5, waiting()))
        await asyncio.sleep(0)
        watch.close()
        return await task, clock.passed

    assert ("over", 5) == clock.drive(straggling())


def test_a_loop_that_rings_a_little_early_ends_what_it_rang_for(clock: Clock) -> None:
    """A clock's resolution is no reason to ring twice."""
    watch = Timeouts()

    async def early() -> str:
        task = asyncio.create_task(limited(watch, 5, waiting()))
        await asyncio.sleep(0)
        clock.now += 5 - clock._clock_resolution / 2  # type: ignore[attr-defined]
        return await task

    assert "over" == clock.drive(early())
    assert [5] == clock.rings
