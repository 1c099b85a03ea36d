"""Background tasks of an account, each in a context of its own."""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio

from omnimsg.transport.timeouts import CLEANUP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


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
        self, work: Callable[[], Coroutine[Any, Any, None]], dropped: Callable[[], None]
    ) -> None:
        """Run a coroutine function in the background.

        Args:
            work: The coroutine function.
            dropped: Called instead where the task is cancelled before its first step, and so never
                begins: applications cancel all tasks of their loop.
        """
        has_begun = False

        async def run() -> None:
            nonlocal has_begun
            has_begun = True
            await work()

        def end(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if not has_begun:
                dropped()
            self._ended()

        # A context for each task: what one request sets in it must not be seen by another.
        task = asyncio.get_running_loop().create_task(run(), context=self._context.copy())
        self._tasks.add(task)
        task.add_done_callback(end)

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
