"""Run a blocking function in a thread of its own, also while the process is ending.

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


def run_in_own_thread(
    loop: asyncio.AbstractEventLoop, function: Callable[[], T]
) -> asyncio.Future[T]:
    """Return the future of a function's result.

    The thread keeps neither the event loop nor the process from ending. A cancelled future leaves
    it to itself.

    Args:
        loop: The running event loop.
        function: What to run. It must not raise `StopIteration`, which no future can hold.
    """
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
    except RuntimeError:  # Python starts no more threads
        run()
    return future


def _settle(future: asyncio.Future[T], settle: Callable[[], None]) -> None:
    if not future.done():  # else its caller was cancelled
        settle()
