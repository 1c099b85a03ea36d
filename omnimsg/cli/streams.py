"""Standard output and error: closed from the start, without a reader, or on a full disk.

What becomes of the messages does not depend on whether somebody reads the output. So all that
printing may raise is an `OutputError`, which nobody takes for an error of another file.
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
        why: What the system says; `None` where nobody reads it any more.
    """

    def __init__(self, why: str | None) -> None:
        super().__init__(f"the output cannot be written: {why}; write it to another place")
        self.why = why


def open_missing_streams() -> None:
    """Discard what is written to a stream that is closed; Python has `None` for it.

    The descriptor is taken too: the next file that is opened would get it, and what is written to
    the stream with it.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


@contextmanager
def writing() -> Iterator[None]:
    """Raise `OutputError` where a stream cannot be written.

    Raises:
        OutputError: It cannot.
    """
    try:
        yield
    except (BrokenPipeError, SystemExit):
        # rich turns a broken pipe into an exit of the program.
        raise OutputError(None) from None
    except OSError as error:
        raise OutputError((error.strerror or type(error).__name__).lower()) from None


def write_text(text: str) -> None:
    """Write a text to standard output as it is.

    Raises:
        OutputError: It cannot be written.
    """
    with writing():
        sys.stdout.write(text)
        sys.stdout.flush()


def discard_output() -> None:
    """Discard what could not be written: Python would fail at exit to write it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
