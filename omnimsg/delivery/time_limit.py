"""A timeout that sets its timer only for work that has to wait.

Most callbacks arrive whole and are handled without a pause. `asyncio.timeout` would set a timer for
each of them and cancel it again, which costs more than the work.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")


class TimeLimitError(TimeoutError):
    """Work took longer than its time limit, in contrast to a `TimeoutError` of the work itself."""


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in this task with a timeout, as `asyncio.timeout` does.

    Args:
        seconds: The timeout, counted from the moment in which it first has to wait.
        work: The coroutine.

    Raises:
        TimeLimitError: It took too long, and was cancelled.
    """
    try:
        # Run up to the first wait. `send` returns the future that the event loop has to wait for.
        awaited = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _Rest(work, awaited)
    except TimeoutError as error:
        if limit.expired():
            raise TimeLimitError(f"it took longer than {seconds:g} s") from error
        raise


class _Rest(Generic[T]):
    """The rest of a coroutine that was started by hand and waits, as an awaitable."""

    def __init__(self, work: Coroutine[Any, Any, T], awaited: object) -> None:
        self._work = work
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, T]:
        """Yield each future to the event loop, and pass on what it sends or throws."""
        work, awaited = self._work, self._awaited
        try:
            while True:
                try:
                    sent = yield awaited
                except BaseException as error:  # noqa: BLE001 - a cancellation, for `work` to see
                    awaited = work.throw(error)
                else:
                    awaited = work.send(sent)
        except StopIteration as done:
            result: T = done.value
            return result
