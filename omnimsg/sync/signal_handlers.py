"""Tell an exception raised by a signal handler from one raised by the code that it interrupts.

The time limits of task queues are signals whose handlers raise an ordinary exception, wherever the
thread happens to be.
"""

from __future__ import annotations

import signal
from functools import partial
from traceback import walk_tb


def is_from_signal_handler(error: BaseException) -> bool:
    """Return whether a signal handler has raised an exception.

    Call it where the exception is caught, while the handler is still installed. A handler written
    in C leaves no frame and is not recognized.
    """
    handlers = [signal.getsignal(each) for each in signal.valid_signals()]
    handlers = [each.func if isinstance(each, partial) else each for each in handlers]
    codes = {getattr(each, "__code__", None) for each in handlers}
    return any(frame.f_code in codes for frame, _ in walk_tb(error.__traceback__))
