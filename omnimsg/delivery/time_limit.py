"""A time limit whose timer is set only for work that has to wait.

Most callbacks arrive whole and are handled without a pause. `asyncio.timeout` would set a timer for
each of them and cancel it again, which costs more than the work.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Run work as `asyncio.timeout` does: in this task, with an end.

    Args:
        seconds: How long it may wait altogether, from its first pause on.
        work: The work.

    Raises:
        TimeoutError: It took too long, and was cancelled.
    """
    steps = work.__await__()
    try:
        # Up to the first pause. What is returned is what the event loop is to wait for.
        paused_for = steps.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _Rest(steps, paused_for)


class _Rest(Generic[T]):
    """Work that has begun and paused, to be awaited to its end."""

    def __init__(self, steps: Generator[Any, Any, T], paused_for: object) -> None:
        self._steps = steps
        self._paused_for = paused_for

    def __await__(self) -> Generator[Any, Any, T]:
        """Hand each pause to the event loop, and what comes of it to the work."""
        steps, paused_for = self._steps, self._paused_for
        try:
            while True:
                try:
                    came = yield paused_for
                except BaseException as error:  # noqa: BLE001 - a cancellation, for the work to see
                    paused_for = steps.throw(error)
                else:
                    paused_for = steps.send(came)
        except StopIteration as done:
            result: T = done.value
            return result
