"""A file of messages, and the results file of its first run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg.bulk import ResultsFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A message file."""
    file = tmp_path / "many.jsonl"
    file.write_text("whatever\n")
    return file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the results file."""
    return tmp_path / "results.jsonl"


@pytest.fixture
def results(path: Path, source: Path) -> Iterator[ResultsFile]:
    """A new results file."""
    created = ResultsFile.create(path, source)
    yield created
    created.close()
