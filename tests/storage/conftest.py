"""Fixtures: a new append-only log, and its path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg.storage.append_log import AppendLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the log."""
    return tmp_path / "lines.log"


@pytest.fixture
def log(path: Path) -> Iterator[AppendLog]:
    """A new log, closed after the test."""
    made = AppendLog(path, new=True)
    yield made
    made.close()
