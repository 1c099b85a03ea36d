"""What is sent: strings that are new for every message, as an application has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Line = tuple[str, str, str]


def line(number: int) -> Line:
    """Return recipient, text and reference of one message; all are as long as every other's."""
    return f"+2782{number:07}", f"Your table {number:07} is ready", f"table-{number:07}"


def lines(count: int) -> Iterator[Line]:
    """Return so many of them, each made when its turn comes."""
    return map(line, range(count))
