"""Fork the test's process, and wait for the child."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def fork(work: Callable[[], bool]) -> int:
    """Run a function in a forked child, whose exit status is 0 if it returned true."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        status = not work()
    except BaseException:  # noqa: BLE001 - the child must not go on with the test
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
