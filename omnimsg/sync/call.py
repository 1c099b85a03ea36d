"""One call from a thread into the event loop of the process."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from omnimsg.sync.loop_thread import LOOP_THREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

# Seconds of one wait, -1 for no limit. Windows delivers Ctrl-C only between two waits; elsewhere it
# interrupts a wait.
_SLICE = 0.1 if sys.platform == "win32" else -1.0

# Seconds that an interrupted call waits for the work that it has started.
GRACE = 2.0


def refuse_in_event_loop() -> None:
    """Refuse to block a thread in which an event loop runs.

    Raises:
        RuntimeError: An event loop runs in this thread.
    """
    if runs_event_loop():
        raise RuntimeError(
            "omnimsg.sync was called in a thread whose event loop it would block: use"
            " omnimsg.Client there and await it, or call this in another thread, with"
            " asyncio.to_thread"
        )


def runs_event_loop() -> bool:
    """Return whether an event loop runs in this thread, or in this greenlet.

    gevent and eventlet turn threads into greenlets of one thread. asyncio knows one running loop
    of a thread, so every greenlet finds the process's. A greenlet that waits does not block it.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return False
    return loop is not LOOP_THREAD.loop or LOOP_THREAD.is_current()


class Signal:
    """A flag that the event loop sets once, and that a thread waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """End the wait."""
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set, and return whether it was set in time.

        An exception that a signal handler raises in this thread ends the wait: `KeyboardInterrupt`,
        or the time limit of a task queue.
        """
        if timeout is not None:
            return self._lock.acquire(timeout=timeout)
        while not self._lock.acquire(timeout=_SLICE):
            pass
        return True


class Call(Generic[T]):
    """One coroutine that runs in the event loop of the process for a thread.

    Args:
        coroutine: Runs in a task of its own, in a copy of the caller's context.

    Attributes:
        is_posted: Whether it may have been posted to the event loop.
        task: The task, once the event loop has begun it.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._done = Signal()
        self.is_posted: bool = False
        self.task: asyncio.Task[T] | None = None

    def begin(self) -> None:
        """Post the coroutine to the event loop.

        Raises:
            RuntimeError: An event loop runs in this thread, or the process is ending.
        """
        try:
            refuse_in_event_loop()
            loop = LOOP_THREAD.start()
            # Set before it is posted: an interruption may come at any point.
            self.is_posted = True
            try:
                loop.call_soon_threadsafe(self._begin)
            except RuntimeError:
                # The loop is closed, or a signal handler raised this after the call was posted.
                self.is_posted = not loop.is_closed()
                raise
        finally:
            if not self.is_posted:
                self._coroutine.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, and return whether it did in time."""
        return self._done.wait(timeout)

    def cancel(self) -> None:
        """Cancel it, and wait at most `GRACE` seconds for its end."""
        if self.is_posted and LOOP_THREAD.loop is not None:
            LOOP_THREAD.loop.call_soon_threadsafe(self._cancel)
            self.wait(GRACE)

    def result(self) -> T:
        """Return the result of the coroutine, or raise its error, once it has ended.

        The traceback leads from the caller's line to the line that raised.
        """
        task, self.task = self.task, None
        assert task is not None  # noqa: S101 - it has ended
        try:
            return task.result()
        except asyncio.CancelledError:
            raise RuntimeError("the process is ending: the call was given up") from None
        finally:
            # Breaks a reference cycle: the error refers to this frame, and the task to the error.
            del task

    def _begin(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self._coroutine)
        self.task.add_done_callback(self._end)

    def drop(self) -> None:
        """Close a coroutine that was never begun; called in the event loop."""
        self._coroutine.close()
        self._done.set()

    def _cancel(self) -> None:
        if self.task is None:
            self.drop()
        else:
            self.task.cancel()

    def _end(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()  # retrieved, also where nobody waits any more
        elif LOOP_THREAD.is_over:
            # Only daemon threads still wait, and those end with the process, without an error.
            return
        self._done.set()


def run(
    coroutine: Coroutine[Any, Any, T],
    give_up: Callable[[Call[T], BaseException], None] | None = None,
) -> T:
    """Run a coroutine in the event loop of the process, and wait for it.

    Args:
        coroutine: What to run.
        give_up: Called with the call and the exception that interrupted the wait; without it, the
            call is cancelled.

    Raises:
        RuntimeError: An event loop runs in this thread, or the process is ending.
    """
    call = Call(coroutine)
    try:
        try:
            call.begin()
            call.wait()
        except BaseException as interruption:
            if give_up is None:
                call.cancel()
            elif call.is_posted:
                give_up(call, interruption)
            raise
        return call.result()
    finally:
        # Breaks a reference cycle: the error refers to this frame, and the call to the error.
        del call


def run_if_started(function: Callable[[], T]) -> T:
    """Call a function in the event loop of the process if it has started, else in this thread.

    So a call before the first message starts no thread, and the process may still fork.
    """
    if LOOP_THREAD.loop is None:
        return function()

    async def call() -> T:
        return function()

    return run(call())
