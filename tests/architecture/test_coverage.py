"""Which tests count towards the coverage, and that marking them stops no other run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

TESTS = Path(__file__).parents[1]


def test_whole_runs_are_folders(pytestconfig: pytest.Config) -> None:
    """Each folder of whole runs exists: one with another name would count as covered again."""
    conftest = pytestconfig.pluginmanager.get_plugin(str(TESTS / "conftest.py"))

    assert conftest is not None
    assert [] == [each for each in conftest.WHOLE_RUNS if not each.is_dir()]


def test_other_tests_run_beside_these(tmp_path: Path) -> None:
    """A test in another folder can be run with these, also where pytest-cov is not installed."""
    (tmp_path / "test_other.py").write_text("def test_nothing() -> None:\n    pass\n")

    ran = subprocess.run(  # noqa: S603 - our own tests
        [
            *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:pytest_cov"),
            *(TESTS / "docs/test_scripts.py", tmp_path / "test_other.py"),
        ],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (0, "") == (ran.returncode, ran.stderr)
