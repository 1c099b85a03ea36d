"""Write to standard output and error, which may be closed, without a reader, or on a full disk.

A failed write must not change what is sent. So printing raises only `OutputError`, which cannot be
confused with an error of another file.

A write to a full pipe waits for the reader. A signal ends that wait, also in an event loop, which
could not handle the signal before the write has ended.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# The signals that a command may handle; Windows has no SIGHUP.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class OutputError(Exception):
    """Standard output or standard error cannot be written.

    Attributes:
        why: The system's error text; `None` if the reader has closed the output.
    """

    def __init__(self, why: str | None) -> None:
        super().__init__(f"the output cannot be written: {why}; write it to another place")
        self.why = why


class InterruptedOutputError(OutputError):
    """A signal has ended a write that waited for the reader; the rest of the output is discarded.

    The signal is handled as usual besides.
    """

    def __init__(self) -> None:
        super().__init__(None)


def open_missing_streams() -> None:
    """Replace a closed standard stream, which is `None` in Python, by the null device.

    This also occupies its file descriptor. Otherwise the next opened file would get the descriptor,
    and with it everything that is written to the stream.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def system_text(error: OSError) -> str:
    """Return the operating system's text of an error, in lower case."""
    return (error.strerror or type(error).__name__).lower()


@contextmanager
def writing(stream: IO[str] | None = None) -> Iterator[None]:
    """Convert errors of writing to a stream into `OutputError`.

    Args:
        stream: The stream that is written to; standard output unless given.

    Raises:
        OutputError: The stream cannot be written.
    """
    try:
        with _ended_by_signals(sys.stdout if stream is None else stream):
            yield
    except (BrokenPipeError, SystemExit):
        # rich turns a broken pipe into an exit of the program.
        raise OutputError(None) from None
    except OSError as error:
        raise OutputError(system_text(error)) from None


@contextmanager
def _ended_by_signals(stream: IO[str]) -> Iterator[None]:
    """Let signals that have a handler also end a write that waits for its reader."""
    is_main = threading.current_thread() is threading.main_thread()  # others set no handlers
    found = {number: signal.getsignal(number) for number in _SIGNALS if is_main}
    handlers = {number: each for number, each in found.items() if callable(each)}

    def handle(number: int, frame: FrameType | None) -> None:
        waits = not _has_room(stream)
        if waits:
            _discard(stream)
        handlers[number](number, frame)
        if waits:
            raise InterruptedOutputError

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def write_text(text: str) -> None:
    """Write a text to standard output, unchanged.

    Raises:
        OutputError: The text cannot be written.
    """
    with writing():
        sys.stdout.write(text)
        sys.stdout.flush()


def discard_output() -> None:
    """Discard unwritten output: at exit, Python would try to write it and fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            with writing(stream):
                stream.flush()
        except (OutputError, ValueError):
            _discard(stream)


def _discard(stream: IO[str]) -> None:
    """Discard what a stream has not written yet, and all further output to it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _has_room(stream: IO[str]) -> bool:
    """Return whether a write to a stream would not wait; true where it is not known."""
    try:
        return bool(select.select([], [stream], [], 0)[1])
    except (OSError, ValueError):  # not a file; Windows knows it of sockets only
        return True
