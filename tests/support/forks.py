"""Children of the test's process."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def fork(work: Callable[[], bool]) -> int:
    """Run a function in a child of this process; its exit status is 0 where it returned true."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        status = not work()
    except BaseException:  # noqa: BLE001 - nothing of the test itself may run on here
        traceback.print_exc()
    finally:
        os._exit(status)


def succeeded(child: int) -> bool:
    """Wait for a child, at most ten seconds, and return whether it succeeded."""
    watch = threading.Timer(10, os.kill, (child, signal.SIGKILL))
    watch.start()
    try:
        return os.waitpid(child, 0)[1] == 0
    finally:
        watch.cancel()
        watch.join()
