"""`within`: a time limit that sets its timer only for work that waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from omnimsg.delivery.time_limit import TimeLimitError, within

if TYPE_CHECKING:
    from collections.abc import Awaitable

pytestmark = pytest.mark.anyio


async def test_work_without_a_pause_sets_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that never waits sets no timer, and its result is returned."""
    monkeypatch.setattr(asyncio.get_running_loop(), "call_at", None)

    async def work() -> str:
        return "done"

    assert "done" == await within(0.0, work())


async def test_an_error_before_the_first_pause_is_raised() -> None:
    """An error before the first wait is raised to the caller."""

    async def work() -> None:
        raise LookupError("at once")

    with pytest.raises(LookupError, match="at once"):
        await within(1.0, work())


@pytest.mark.parametrize("pauses", [1, 3])
async def test_work_that_pauses_goes_on_in_its_task(pauses: int) -> None:
    """Work that waits gets its awaited results, and runs in the caller's task."""
    loop, caller = asyncio.get_running_loop(), asyncio.current_task()

    async def work() -> list[int]:
        found = []
        for number in range(pauses):
            future: asyncio.Future[int] = loop.create_future()
            loop.call_soon(future.set_result, number)
            found.append(await future)
            await asyncio.sleep(0)
        assert asyncio.current_task() is caller
        return found

    assert list(range(pauses)) == await within(60.0, work())


async def test_an_error_that_is_awaited_reaches_the_work() -> None:
    """An awaited error is raised in the work, which may catch it."""
    loop = asyncio.get_running_loop()

    async def work() -> str:
        future: asyncio.Future[int] = loop.create_future()
        loop.call_soon(future.set_exception, LookupError("later"))
        try:
            await future
        except LookupError as error:
            await asyncio.sleep(0)
            return str(error)
        return "no error"

    assert "later" == await within(60.0, work())


async def test_work_that_takes_too_long_is_cancelled() -> None:
    """Work over its limit is cancelled and can clean up; the caller gets a TimeoutError."""
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            seen.append("cleaned up")
            raise

    with pytest.raises(TimeoutError):
        await within(0.001, work())
    assert ["cleaned up"] == seen


async def test_a_timeout_of_the_work_itself_is_not_the_limits() -> None:
    """An error of the work keeps its type, so that the two can be told apart."""

    async def work() -> None:
        await asyncio.sleep(0)
        raise TimeoutError

    with pytest.raises(TimeoutError) as own:
        await within(60.0, work())
    with pytest.raises(TimeLimitError, match=r"it took longer than 0\.001 s"):
        await within(0.001, asyncio.sleep(60.0))

    assert not isinstance(own.value, TimeLimitError)


async def test_a_cancelled_caller_cancels_the_work() -> None:
    """A cancelled caller cancels the work, and gets a CancelledError, not a timeout."""
    never: Awaitable[None] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await never

    task = asyncio.ensure_future(within(60.0, work()))
    await asyncio.sleep(0)
    task.cancel()

    (found,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(found, asyncio.CancelledError)
