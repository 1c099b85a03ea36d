"""Call a function in a thread of its own, also while the process is ending.

Python's executors refuse all work from the moment the main thread has ended, although other
threads, and functions of `atexit`, may still send and write.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def call_in_own_thread(function: Callable[[], T], name: str) -> Future[T]:
    """Call a function in a new thread, and return the future of its result.

    The thread does not keep the process from ending. The future cannot be cancelled.

    Args:
        function: What to call.
        name: The name of the thread.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            found = function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            future.set_exception(error)
        else:
            future.set_result(found)

    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except RuntimeError:  # some versions of Python start no more threads either
        run()
    return future
