"""An executor with one thread that also takes work while the process is ending."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from omnimsg.own_thread import call_in_own_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

T = TypeVar("T")
P = ParamSpec("P")


class WritingThread(Executor):
    """Runs one call at a time, in the order in which they were submitted.

    Args:
        name: The start of the thread's name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        # The pool may still be at work when the first call runs beside it.
        self._lock = threading.Lock()
        self._is_shut_down = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a function called in the thread, and return the future of its result.

        Raises:
            RuntimeError: It was shut down.
        """

        def function() -> T:
            return fn(*args, **kwargs)

        try:
            return self._pool.submit(self._call, function)
        except RuntimeError:
            if self._is_shut_down:
                raise
            return call_in_own_thread(partial(self._call, function), self._name)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Refuse further calls, and by default wait for those that were submitted."""
        self._is_shut_down = True
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def _call(self, function: Callable[[], T]) -> T:
        with self._lock:
            return function()
