"""Run coroutines in tasks of their own, the first step of each at once.

From Python 3.12 on asyncio has such tasks. Before, a task takes its first step in the next turn of
the event loop, which would be two turns a request for a journal that waits for nothing, or that
writes its outcomes later.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from contextvars import Context


if sys.version_info >= (3, 12):

    class OwnTasks:
        """Starts tasks."""

        def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
            """Start a task; it is done already where the coroutine waits for nothing."""
            return asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)

else:
    # Documented for those who extend asyncio: what a task calls around each of its steps.
    from asyncio.tasks import _enter_task, _leave_task
    from contextvars import copy_context

    class OwnTasks:
        """Starts tasks.

        The first step runs as the task that takes the others, because `asyncio.timeout` and the
        scopes of anyio remember the task in which they began. Where it was the only step, the next
        coroutine of the same turn of the event loop begins as that task. One that nothing was left
        for ends in the next turn.
        """

        def __init__(self) -> None:
            self._spare: _Rest | None = None

        def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
            """Start a task; where the coroutine waits for nothing, it has ended already."""
            rest, self._spare = self._spare, None
            if rest is None or rest.has_begun or rest.task.cancelling():
                rest = _Rest()
            loop, task = rest.loop, rest.task
            context = copy_context()
            caller = asyncio.current_task(loop)
            if caller is not None:
                _leave_task(loop, caller)
            _enter_task(loop, task)
            try:
                awaited = context.run(work.send, None)
            except StopIteration:
                self._spare = rest
            else:
                rest.take(work, context, awaited)
            finally:
                _leave_task(loop, task)
                if caller is not None:
                    _enter_task(loop, caller)
            return task

    class _Rest(Coroutine[Any, Any, Any]):
        """What a task runs: a coroutine from its second step on, or nothing.

        Attributes:
            loop: The event loop.
            task: The task.
            has_begun: Whether the task has taken a step, and takes no coroutine any more.
        """

        def __init__(self) -> None:
            self.loop = asyncio.get_running_loop()
            self.has_begun = False
            self._work: Coroutine[Any, Any, Any] | None = None
            self._awaited: Any = None
            self.task = self.loop.create_task(self)

        def take(self, work: Coroutine[Any, Any, Any], context: Context, awaited: object) -> None:
            """Take over a coroutine and what it waits for."""
            self._work, self._context, self._awaited = work, context, awaited

        def send(self, value: object) -> Any:  # noqa: ANN401 - what a task waits for
            """Take a step."""
            self.has_begun = True
            if self._work is None:
                raise StopIteration
            awaited, self._awaited = self._awaited, None
            if awaited is not None:
                return awaited
            return self._context.run(self._work.send, value)

        def throw(self, error: Any, *_: Any) -> Any:  # noqa: ANN401 - what a task waits for
            """Take a step in which the coroutine is cancelled."""
            self.has_begun = True
            if self._work is None:
                raise error
            awaited, self._awaited = self._awaited, None
            if awaited is not None and awaited.cancel():
                return awaited
            return self._context.run(self._work.throw, error)

        def close(self) -> None:
            """Close the coroutine."""
            if self._work is not None:
                self._work.close()

        def __await__(self) -> NoReturn:
            """Refuse: a task runs it."""
            raise TypeError("a task runs this")
