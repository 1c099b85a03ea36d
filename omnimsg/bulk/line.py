"""One message of a file, as read, and the error for a file that has none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from omnimsg.domain.errors import OmnimsgError, Problem


class FileFormatError(OmnimsgError):
    """The file cannot be read as messages at all.

    The text says what is wrong with it, and after a semicolon what to do.
    """


@attrs.frozen(kw_only=True)
class Line:
    """One message of a file, as read.

    Attributes:
        number: The number of its first line in the file, from 1.
        data: The message in the JSON form, not yet validated; `None` where it cannot be read.
        problems: Why it cannot be read; empty where it can.
        line_count: How many lines of the file it has: a cell of CSV may go on over several.
        source: What it was read from: the cells of a row, or the bytes of a line of JSON.
    """

    number: int = attrs.field(kw_only=False)
    data: Any = attrs.field(default=None, kw_only=False)
    problems: tuple[Problem, ...] = attrs.field(default=(), kw_only=False)
    line_count: int = attrs.field(default=1, eq=False)
    source: Sequence[str] | bytes = attrs.field(default=b"", eq=False, repr=False)


def bad_line(
    number: int, why: str, *, line_count: int = 1, source: Sequence[str] | bytes = b""
) -> Line:
    """Return a line that is not a message."""
    return Line(number, problems=(Problem("line", why),), line_count=line_count, source=source)
