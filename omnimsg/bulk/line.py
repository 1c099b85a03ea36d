"""One message of a file, as read, and the error for a file that cannot be read as messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from omnimsg.domain.errors import OmnimsgError, Problem


class FileFormatError(OmnimsgError):
    """The file as a whole cannot be read as messages.

    The text says what is wrong with the file, and after a semicolon what to do.
    """


class WrongInputError(FileFormatError):
    """Another file or other flags are meant: nothing in the file itself needs a correction."""


@attrs.frozen(kw_only=True)
class Line:
    """One message of a file, as read.

    Attributes:
        number: The number of the message's first line in the file, from 1.
        data: The message in the JSON form, not yet validated; `None` if it cannot be read.
        problems: Why the message cannot be read; empty if it can.
        line_count: How many lines of the file the message takes: a CSV cell may span several.
        source: The data that was read: the cells of a row, or the bytes of a line of JSON.
        others: Of a row with cells that cannot be used, the fields that the other cells give.
        is_misread: Whether other cells than those of `source` may be meant.
    """

    number: int = attrs.field(kw_only=False)
    data: Any = attrs.field(default=None, kw_only=False)
    problems: tuple[Problem, ...] = attrs.field(default=(), kw_only=False)
    line_count: int = attrs.field(default=1, eq=False)
    source: Sequence[str] | bytes = attrs.field(default=b"", eq=False, repr=False)
    others: dict[str, Any] | None = attrs.field(default=None, eq=False, repr=False)
    is_misread: bool = attrs.field(default=False, eq=False, repr=False)


def bad_line(
    number: int, why: str, *, line_count: int = 1, source: Sequence[str] | bytes = b""
) -> Line:
    """Return a line that is not a message."""
    return Line(number, problems=(Problem("line", why),), line_count=line_count, source=source)
