"""The memory of `send-many` does not grow with the file, in a first or a resumed run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "support" / "send_many_memory.py"
TESTS = str(Path(__file__).parents[1])


def _peak(folder: Path, lines: int, *arguments: str) -> int:
    """Run the command and return its peak resident memory, bytes."""
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(SCRIPT), f"{lines}.jsonl", "--json", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([TESTS, *sys.path])},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["accepted"] == lines
    return int(ran.stderr.splitlines()[-1]) * 1024


def _write(folder: Path, lines: int) -> None:
    with (folder / f"{lines}.jsonl").open("w") as file:
        for line in range(lines):
            content = {"type": "text", "text": "Your table is ready"}
            message = {"to": f"+2782{line:07}", "content": content, "reference": f"guest-{line}"}
            file.write(json.dumps(message) + "\n")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Each further line costs at most 25 bytes; a message object takes hundreds."""
    (tmp_path / "omnimsg.toml").write_text('[accounts.toy]\nprovider = "toy"\nkey = "k"\n')
    short, long = 2_000, 40_000
    for lines in (short, long):
        _write(tmp_path, lines)

    sent = _peak(tmp_path, long) - _peak(tmp_path, short)
    resumed = _peak(tmp_path, long, "--resume") - _peak(tmp_path, short, "--resume")

    allowed = 2 * 1024 * 1024 + 25 * (long - short)
    assert sent < allowed
    assert resumed < allowed
