"""Run blocking functions in threads, also while the process is ending."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from omnimsg.own_thread import call_in_own_thread

if TYPE_CHECKING:
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
    return asyncio.wrap_future(call_in_own_thread(function, "omnimsg-blocking"), loop=loop)
