"""Write to standard output and error, which may be closed, without a reader, or on a full disk.

A failed write must not change what is sent. So printing raises only `OutputError`, which cannot be
confused with an error of another file.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class OutputError(Exception):
    """Standard output or standard error cannot be written.

    Attributes:
        why: The system's error text; `None` if the reader has closed the output.
    """

    def __init__(self, why: str | None) -> None:
        super().__init__(f"the output cannot be written: {why}; write it to another place")
        self.why = why


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
def writing() -> Iterator[None]:
    """Convert errors of writing to a stream into `OutputError`.

    Raises:
        OutputError: The stream cannot be written.
    """
    try:
        yield
    except (BrokenPipeError, SystemExit):
        # rich turns a broken pipe into an exit of the program.
        raise OutputError(None) from None
    except OSError as error:
        raise OutputError(system_text(error)) from None


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
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
