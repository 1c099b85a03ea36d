"""Find the tasks of a test's event loop that may still send; a blocked loop cannot run them."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from omnimsg.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEND = Client.send.__code__


def loop_is_running() -> bool:
    """Return whether this thread runs an event loop, which a wait would block."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def unfinished_sends() -> list[str]:
    """Return the names of this loop's tasks that are in a `send`, or have not started yet.

    A task of omnimsg that has not started is left out, because its send is counted already.
    """
    if not loop_is_running():
        return []
    current = asyncio.current_task()
    tasks = [each for each in asyncio.all_tasks() if each is not current]
    return sorted(_named(each) for each in tasks if _may_send(each.get_coro()))


def _may_send(coroutine: Any) -> bool:  # noqa: ANN401 - whatever can be awaited
    if not inspect.iscoroutine(coroutine):
        return False
    if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
        module = coroutine.cr_frame.f_globals.get("__name__", "") if coroutine.cr_frame else ""
        return coroutine.cr_code is _SEND or not module.startswith("omnimsg.")
    return any(code is _SEND for code in _codes(coroutine))


def _codes(awaited: Any) -> Iterator[object]:  # noqa: ANN401 - whatever can be awaited
    """Yield the code objects of a coroutine and of the coroutines that it awaits."""
    while inspect.iscoroutine(awaited):
        yield awaited.cr_code
        awaited = awaited.cr_await


def _named(task: asyncio.Task[Any]) -> str:
    coroutine = task.get_coro()
    return f"{task.get_name()} ({getattr(coroutine, '__qualname__', coroutine)})"
