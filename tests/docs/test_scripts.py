"""The scripts that a contributor runs: their help, and arguments that they do not have."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    *("docs/generate.py", "docs/typecheck.py", "benchmarks/gate.py", "benchmarks/startup.py"),
    *(["docs/pictures.py"] if find_spec("playwright") is not None else []),
]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    ("argument", "code", "said"), [("--help", 0, "usage: "), ("--nonsense", 2, "--nonsense")]
)
def test_a_script_explains_itself(script: str, argument: str, code: int, said: str) -> None:
    """`--help` shows help and does nothing else, and an unknown argument is an error."""
    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / script, argument],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (code, True) == (ran.returncode, said in ran.stdout + ran.stderr)
