"""The content of the messages: strings that are new for every message, as in an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Line = tuple[str, str, str]


def line(number: int) -> Line:
    """Return recipient, text and reference of one message, of the same lengths in all messages."""
    return f"+2782{number:07}", f"Your table {number:07} is ready", f"table-{number:07}"


def lines(count: int) -> Iterator[Line]:
    """Yield this many, each built when it is needed."""
    return map(line, range(count))
