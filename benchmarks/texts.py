"""The content of the messages: strings that are new for every message, as in an application."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Line = tuple[str, str, str]


def line(number: int) -> Line:
    """Return recipient, text and reference of one message, of the same lengths in all messages."""
    return f"+2782{number:07}", f"Your table {number:07} is ready", f"table-{number:07}"


# Never starts again in a process: a client remembers references for an hour.
_numbers = count()


def lines(number: int) -> Iterator[Line]:
    """Yield this many lines, each built when it is needed, none twice in a process."""
    return map(line, islice(_numbers, number))
