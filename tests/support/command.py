"""The result of a run of the `omnimsg` command."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs


@attrs.frozen
class Ran:
    """The exit code and the output of one run."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The first error line."""
        return next(each for each in self.err.splitlines() if each.startswith("error: "))

    @property
    def hint(self) -> str:
        """The only hint."""
        (line,) = [each for each in self.err.splitlines() if each.startswith("hint: ")]
        return line


Run: TypeAlias = Callable[..., Ran]
"""The fixture `run`: runs the command with these arguments."""
