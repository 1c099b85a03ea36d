"""Background tasks of an account, each in a context of its own."""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from omnimsg.transport.timeouts import CLEANUP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class FirstStep:
    """The first step of a task.

    Attributes:
        is_taken: Whether the task has begun; set by the task.
        dropped: Called where the task never begins.
    """

    __slots__ = ("dropped", "is_taken")

    def __init__(self, dropped: Callable[[], None]) -> None:
        self.is_taken: bool = False
        self.dropped: Callable[[], None] = dropped


class Tasks:
    """Runs tasks in the background until they end or are cancelled together.

    Args:
        ended: Called whenever a task has ended.
    """

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._tasks: set[asyncio.Task[None]] = set()
        # Not a caller's context: a task serves many callers.
        self._context = contextvars.copy_context()

    def __bool__(self) -> bool:
        """Return whether any is running."""
        return bool(self._tasks)

    def start(
        self, work: Callable[[FirstStep], Coroutine[Any, Any, None]], dropped: Callable[[], None]
    ) -> None:
        """Run a coroutine in the background.

        Args:
            work: The coroutine function. The coroutine must set `is_taken` first.
            dropped: Called instead where the task is cancelled before its first step, and so never
                begins: applications cancel all tasks of their loop.
        """
        # A context for each task: what one request sets in it must not be seen by another.
        context = self._context.copy()
        first_step = FirstStep(dropped)
        task = asyncio.get_running_loop().create_task(work(first_step), context=context)
        self._tasks.add(task)
        task.add_done_callback(partial(self._discard, first_step))

    async def cancel(self, now: Callable[[], float]) -> None:
        """Cancel the tasks, and those they start meanwhile, and give them a few seconds to end.

        Args:
            now: Reads the monotonic clock, seconds.
        """
        until = now() + 2 * CLEANUP_SECONDS
        while self._tasks and (left := until - now()) > 0:
            for task in self._tasks:
                # In the next turn of the loop: a task that is cancelled before its first step never
                # begins, and its messages would have no outcome.
                asyncio.get_running_loop().call_soon(task.cancel)
            with anyio.CancelScope(shield=True):
                await asyncio.wait(list(self._tasks), timeout=left)

    def abandon(self) -> None:
        """Cancel the tasks without waiting: their event loop may not run any more."""
        for task in list(self._tasks):
            with suppress(RuntimeError):  # the loop is closed
                task.cancel()

    def _discard(self, first_step: FirstStep, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not first_step.is_taken:
            first_step.dropped()
        self._ended()
