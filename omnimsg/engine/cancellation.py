"""Whether a cancellation is meant for the task that meets it, or ended only what it waited for."""

from __future__ import annotations

import asyncio


def is_own_cancellation(error: BaseException) -> bool:
    """Return whether an error is the cancellation of the running task.

    A store, a handler or a transport may have something cancelled of its own, whose cancellation
    then comes out of it as any other error would.
    """
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)
