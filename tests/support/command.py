"""What a run of the `omnimsg` command leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs


@attrs.frozen
class Ran:
    """What one run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The line that says what went wrong first."""
        return next(each for each in self.err.splitlines() if each.startswith("error: "))

    @property
    def hint(self) -> str:
        """The one line of advice."""
        (line,) = [each for each in self.err.splitlines() if each.startswith("hint: ")]
        return line


Run: TypeAlias = Callable[..., Ran]
"""The fixture `run`: the command's arguments in, what it left behind out."""
