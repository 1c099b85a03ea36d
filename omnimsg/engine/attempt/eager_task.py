"""Eager tasks: call functions in tasks of their own whose first step runs at once.

From Python 3.12 on asyncio has such tasks. Before, a task takes its first step in the next turn of
the event loop, which would cost two turns a request for a journal that waits for nothing, or that
writes its outcomes later.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Context

T = TypeVar("T")


class SharedTimeouts:
    """Timeouts of futures, with one timer for all.

    A timer for each would cost as much as the rest of a wait, and nearly every wait ends in time.
    """

    def __init__(self) -> None:
        self._ends: dict[asyncio.Future[Any], float] = {}
        self._timer_at = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, waiter: asyncio.Future[Any], seconds: float) -> None:
        """Give a future the result `None` after so many seconds, unless it is cleared before."""
        loop = waiter.get_loop()
        self._ends[waiter] = ends = loop.time() + seconds
        if ends < self._timer_at:
            self._set_timer(ends, loop)

    def clear(self, waiter: asyncio.Future[Any]) -> None:
        """Drop the timeout of a future, and with the last one the timer."""
        del self._ends[waiter]
        if not self._ends and self._timer is not None:
            self._timer.cancel()
            self._timer, self._timer_at = None, math.inf

    def _set_timer(self, when: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = loop.call_at(when, self._run_timer, loop)

    def _run_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer, self._timer_at = None, math.inf
        now = loop.time()
        for waiter, ends in self._ends.items():
            if ends <= now:
                _wake(waiter)
        later = [ends for ends in self._ends.values() if ends > now]
        if later:
            self._set_timer(min(later), loop)


class EagerTask(Generic[T]):
    """A call of a function, in a task of its own.

    It keeps the function's exception. Where nobody waits any more, asyncio would log the exception
    of a task, which may quote a message.

    Attributes:
        has_ended: Whether the call has ended, also with an error.
        value: What the function returned.
        error: What the function raised.
        task: The task.
    """

    # Defaults of the class: two are made for every request, and few of them need these.
    has_ended: bool = False
    value: T
    error: BaseException | None = None
    task: asyncio.Task[None]
    _waiter: asyncio.Future[None] | None = None

    def result(self) -> T:
        """Return what the function returned, or raise what it raised."""
        if self.error is not None:
            raise self.error
        return self.value

    async def wait(self, seconds: float, alarm: SharedTimeouts) -> None:
        """Wait for the end of the call, so many seconds at most."""
        if self.has_ended:
            return
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        alarm.set(waiter, seconds)
        try:
            await waiter
        finally:
            alarm.clear(waiter)
            self._waiter = None

    def end(self, value: T) -> None:
        """Store what the function returned, and wake the waiter."""
        self.value = value
        self.has_ended = True
        if self._waiter is not None:
            _wake(self._waiter)

    def fail(self, error: BaseException) -> None:
        """Store what the function raised, and wake the waiter."""
        if isinstance(error, GeneratorExit):
            # Raised again, it would look like the end of the task that waits.
            error = RuntimeError("raised GeneratorExit").with_traceback(error.__traceback__)
        self.error = error
        self.has_ended = True
        if self._waiter is not None:
            _wake(self._waiter)


def _wake(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_result(None)


if sys.version_info >= (3, 12):

    class EagerTasks:
        """Starts tasks."""

        def start(self, function: Callable[..., Awaitable[T]], *arguments: object) -> EagerTask[T]:
            """Call a function in a task; it has ended already where it waits for nothing."""
            own: EagerTask[T] = EagerTask()
            loop = asyncio.get_running_loop()
            own.task = asyncio.Task(_run(own, function, arguments), loop=loop, eager_start=True)
            return own

    async def _run(
        own: EagerTask[T], function: Callable[..., Awaitable[T]], arguments: tuple[object, ...]
    ) -> None:
        try:
            value = await function(*arguments)
        except BaseException as error:  # noqa: BLE001 - whatever it raises
            own.fail(error)
        else:
            own.end(value)

else:
    # Documented for extensions of asyncio: a task calls these around each of its steps.
    from asyncio.tasks import _enter_task, _leave_task
    from contextvars import copy_context
    from types import CoroutineType

    class EagerTasks:
        """Starts tasks.

        The first step runs as the task that takes the later ones, because `asyncio.timeout` and the
        scopes of anyio remember the task in which they began. Where there was only one step, the
        next call of the same turn of the event loop reuses the task. A task without later steps
        ends in the next turn.
        """

        def __init__(self) -> None:
            self._spare: _LaterSteps | None = None

        def start(self, function: Callable[..., Awaitable[T]], *arguments: object) -> EagerTask[T]:
            """Call a function in a task; it has ended already where it waits for nothing."""
            own: EagerTask[T] = EagerTask()
            later_steps, self._spare = self._spare, None
            if later_steps is None or later_steps.has_begun or later_steps.task.cancelling():
                later_steps = _LaterSteps()
            loop, own.task = later_steps.loop, later_steps.task
            context = copy_context()
            caller = asyncio.current_task(loop)
            if caller is not None:
                _leave_task(loop, caller)
            _enter_task(loop, later_steps.task)
            try:
                work: Any = function(*arguments)
                if work.__class__ is not CoroutineType:
                    work = _awaited(work)
                awaited = context.run(work.send, None)
            except StopIteration as end:
                own.value, own.has_ended = end.value, True
                self._spare = later_steps
            except (Exception, asyncio.CancelledError, GeneratorExit) as error:  # noqa: BLE001
                own.fail(error)
                self._spare = later_steps
            else:
                later_steps.take(own, work, context, awaited)
            finally:
                _leave_task(loop, later_steps.task)
                if caller is not None:
                    _enter_task(loop, caller)
            return own

    async def _awaited(work: Awaitable[T]) -> T:
        return await work

    class _LaterSteps(Coroutine[Any, Any, None]):
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
            self.task = self.loop.create_task(self)

        def take(
            self,
            own: EagerTask[Any],
            work: Coroutine[Any, Any, Any],
            context: Context,
            awaited: asyncio.Future[Any] | None,
        ) -> None:
            """Take over a coroutine, and the future that it awaits."""
            self._own, self._work, self._context, self._awaited = own, work, context, awaited

        def send(self, value: object) -> object:
            """Take a step; return the future that the coroutine awaits then."""
            self.has_begun = True
            if self._work is None:
                raise StopIteration
            awaited, self._awaited = self._awaited, None
            return self._step(self._work.send, value) if awaited is None else awaited

        def throw(self, error: Any, *_: object) -> object:  # noqa: ANN401 - as in the base class
            """Take a step in which the coroutine is cancelled."""
            self.has_begun = True
            if self._work is None:
                raise error
            awaited, self._awaited = self._awaited, None
            if awaited is not None and awaited.cancel():
                return awaited
            return self._step(self._work.throw, error)

        def _step(self, take: Callable[[Any], Any], argument: object) -> object:
            try:
                return self._context.run(take, argument)
            except StopIteration as end:
                self._own.end(end.value)
            except BaseException as error:  # noqa: BLE001 - whatever it raises
                self._own.fail(error)
            raise StopIteration

        def close(self) -> None:
            """Close the coroutine."""
            if self._work is not None:
                self._work.close()

        def __await__(self) -> NoReturn:
            """Refuse: a task runs it."""
            raise TypeError("the task runs this; await the task")
