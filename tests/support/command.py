"""The `omnimsg` command: run as a process, and the result of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from pathlib import Path


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


def run_process(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a process in a folder, 80 columns wide."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "omnimsg", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
