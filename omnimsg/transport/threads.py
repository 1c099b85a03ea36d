"""Run blocking functions in threads, also while the process is ending.

The executor of an event loop refuses all work from the moment the main thread has ended, although
other threads, and functions of `atexit`, may still send.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

T = TypeVar("T")


def run_in_thread(loop: asyncio.AbstractEventLoop, function: Callable[[], T]) -> asyncio.Future[T]:
    """Have the executor of the event loop call a function; return the future of its result.

    Args:
        loop: The running event loop.
        function: What to call. It must not raise `StopIteration`, which no future can hold.
    """
    try:
        return loop.run_in_executor(None, function)
    except RuntimeError:  # the process is ending
        return run_in_own_thread(loop, function)


def run_in_own_thread(
    loop: asyncio.AbstractEventLoop, function: Callable[[], T]
) -> asyncio.Future[T]:
    """Call a function in a new thread, which keeps neither the loop nor the process from ending."""
    future: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(future.set_result, function())
        except Exception as error:  # noqa: BLE001 - the caller's
            settle = partial(future.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            loop.call_soon_threadsafe(_settle, future, settle)

    try:
        threading.Thread(target=run, name="omnimsg-blocking", daemon=True).start()
    except RuntimeError:  # some versions of Python start no more threads either
        run()
    return future


def _settle(future: asyncio.Future[T], settle: Callable[[], None]) -> None:
    if not future.done():  # else its caller was cancelled
        settle()
