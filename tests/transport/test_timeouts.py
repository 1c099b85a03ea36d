"""`Timeouts`: one timer for the time limits of many tasks."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVarTuple

import pytest
from support.virtual import VirtualLoop

from omnimsg.transport.timeouts import Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import Context

Args = TypeVarTuple("Args")


class Clock(VirtualLoop):
    """A virtual event loop that keeps its timers."""

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
    def fire_times(self) -> list[float]:
        """When the timers fire, or would have fired, seconds since the start."""
        return [timer.when() - self.started for timer in self.timers]

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return self.now - self.started


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Create an event loop with virtual time."""
    loop = Clock()
    yield loop
    loop.close()


async def limited(timeouts: Timeouts, seconds: float, work: Callable[[], Any]) -> str:
    """Run work within a time limit, as an exchange does."""
    task = asyncio.current_task()
    assert task is not None
    timeouts.start(task, seconds)
    try:
        await work()
    except asyncio.CancelledError:
        if timeouts.stop(task):
            return "expired"
        raise
    finally:
        timeouts.stop(task)
    return "done"


async def ready() -> None:
    """Take one iteration of the loop."""
    await asyncio.sleep(0)


def waiting(event: asyncio.Event | None = None) -> Callable[[], Any]:
    """Wait for an event that may never be set."""
    return (event or asyncio.Event()).wait


def test_many_limits_have_one_timer(clock: Clock) -> None:
    """Tasks that end in time set a single timer for all."""
    timeouts = Timeouts()

    async def many() -> list[str]:
        return [
            each
            for _ in range(10)
            for each in await asyncio.gather(*(limited(timeouts, 30, ready) for _ in range(10)))
        ]

    assert ["done"] * 100 == clock.drive(many())
    assert [30] == clock.fire_times


def test_each_task_is_cancelled_at_its_own_deadline(clock: Clock) -> None:
    """Each task is cancelled at its own deadline, whatever order the tasks started in."""
    timeouts = Timeouts()

    async def timed(seconds: float) -> tuple[str, float]:
        return await limited(timeouts, seconds, waiting()), clock.passed

    async def all_of_them() -> list[tuple[str, float]]:
        return await asyncio.gather(*map(timed, (20, 10, 30, 10, 40)))

    expected = [("expired", 20), ("expired", 10), ("expired", 30), ("expired", 10), ("expired", 40)]
    assert expected == clock.drive(all_of_them())
    # Set for the first task, earlier for the second, then for each next deadline.
    assert [20, 10, 20, 30, 40] == clock.fire_times


def test_an_earlier_deadline_replaces_the_timer(clock: Clock) -> None:
    """An earlier deadline cancels the later timer."""
    timeouts = Timeouts()

    async def both() -> None:
        await asyncio.gather(limited(timeouts, 30, ready), limited(timeouts, 5, ready))

    clock.drive(both())

    assert [30, 5] == clock.fire_times
    assert [True, False] == [timer.cancelled() for timer in clock.timers]


def test_a_lifted_limit_cancels_nothing(clock: Clock) -> None:
    """A limit that was lifted cancels neither the task nor its next limit."""
    timeouts = Timeouts()

    async def one_after_the_other() -> tuple[str, str, float]:
        first = await limited(timeouts, 5, ready)
        return first, await limited(timeouts, 30, lambda: asyncio.sleep(20)), clock.passed

    assert ("done", "done", 20) == clock.drive(one_after_the_other())
    assert 30 in clock.fire_times


def test_an_idle_timer_fires_once(clock: Clock) -> None:
    """A timer without limits fires once and is not set again."""
    timeouts = Timeouts()

    async def idle() -> None:
        await limited(timeouts, 5, ready)
        await asyncio.sleep(100)

    clock.drive(idle())

    assert [5, 100] == clock.fire_times


def test_a_cancellation_by_others_is_no_timeout(clock: Clock) -> None:
    """A cancellation by another task at the time of the timeout is obeyed."""

    async def both_at_once() -> asyncio.Task[str]:
        task = asyncio.create_task(limited(Timeouts(), 0.0, waiting()))
        await asyncio.sleep(0)  # the limit is set, and over in the next iteration of the loop
        task.cancel()
        await asyncio.wait([task])
        return task

    assert clock.drive(both_at_once()).cancelled()


def test_a_cancellation_right_after_the_timeout_is_obeyed(clock: Clock) -> None:
    """A cancellation after the timeout is obeyed until the task has resumed."""

    async def one_after_the_other() -> asyncio.Task[str]:
        task = asyncio.create_task(limited(Timeouts(), 5, waiting()))
        await asyncio.sleep(0)
        # Fires in the same iteration of the loop, right after the limit's timer.
        asyncio.get_running_loop().call_later(5, task.cancel)
        await asyncio.wait([task])
        return task

    assert clock.drive(one_after_the_other()).cancelled()


def test_an_earlier_cancellation_does_not_hide_a_timeout(clock: Clock) -> None:
    """A cancellation before the limit started does not hide the timeout, and stays counted."""

    async def stubborn() -> tuple[str, int]:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return await limited(Timeouts(), 5, waiting()), task.cancelling()
        raise AssertionError

    assert ("expired", 1) == clock.drive(stubborn())


def test_the_cancellation_is_taken_back_whatever_is_raised(clock: Clock) -> None:
    """A task that turns its timeout into another exception is not left cancelled."""

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


def test_a_shorter_timeout_around_it_is_its_own(clock: Clock) -> None:
    """`asyncio.timeout` and `Timeouts` do not take each other's cancellations."""

    async def nested() -> tuple[str, float]:
        try:
            async with asyncio.timeout(5):
                return await limited(Timeouts(), 30, waiting()), clock.passed
        except TimeoutError:
            return "around", clock.passed

    assert ("around", 5) == clock.drive(nested())


def test_closing_cancels_the_timer(clock: Clock) -> None:
    """Closing cancels the timer of lifted limits, and a later limit sets a new one."""
    timeouts = Timeouts()

    async def closing() -> str:
        await limited(timeouts, 5, ready)
        timeouts.close()
        timeouts.close()
        return await limited(timeouts, 30, waiting())

    assert "expired" == clock.drive(closing())
    assert [5, 30] == clock.fire_times
    assert clock.timers[0].cancelled()


def test_closing_keeps_the_limits_under_way(clock: Clock) -> None:
    """A limit that is active when `Timeouts` is closed still ends its task."""
    timeouts = Timeouts()

    async def straggling() -> tuple[str, float]:
        task = asyncio.create_task(limited(timeouts, 5, waiting()))
        await asyncio.sleep(0)
        timeouts.close()
        return await task, clock.passed

    assert ("expired", 5) == clock.drive(straggling())


def test_a_timer_that_fires_a_little_early_is_enough(clock: Clock) -> None:
    """A timer that fires early by the clock's resolution ends its task."""
    timeouts = Timeouts()

    async def early() -> str:
        task = asyncio.create_task(limited(timeouts, 5, waiting()))
        await asyncio.sleep(0)
        clock.now += 5 - time.get_clock_info("monotonic").resolution / 2
        return await task

    assert "expired" == clock.drive(early())
    assert [5] == clock.fire_times
