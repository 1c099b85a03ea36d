"""Tell the cancellation of the running task from that of something it awaits."""

from __future__ import annotations

import asyncio


def is_own_cancellation(error: BaseException) -> bool:
    """Return whether an error is the cancellation of the running task.

    A store, a handler or a transport may cancel a task of its own and let its `CancelledError`
    escape; callers treat that one as any other error.
    """
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)
