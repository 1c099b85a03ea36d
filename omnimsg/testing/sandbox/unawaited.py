"""Detect coroutines that are never awaited, because their messages are never sent."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER_AWAITED: Final = re.compile(r"coroutine '(?P<name>.*)' was never awaited")


@contextmanager
def noted_coroutines() -> Iterator[list[str]]:
    """Collect the names of coroutines that Python warns were never awaited; still show warnings.

    Ignored warnings are not collected; Python itself reports those that a filter turns into errors.
    """
    noted: list[str] = []
    show = warnings.showwarning

    def note(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        found = _NEVER_AWAITED.search(str(message))
        if found is not None:
            noted.append(found["name"])
        show(message, category, filename, lineno, file, line)

    warnings.showwarning = note
    try:
        yield noted
    finally:
        if warnings.showwarning is note:
            warnings.showwarning = show
