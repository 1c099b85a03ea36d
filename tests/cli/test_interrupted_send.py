"""Ctrl+C while `omnimsg send` waits for an answer."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"


@pytest.mark.parametrize(
    ("latency", "code", "said"),
    [(1.0, 130, "accepted   +278…01 through clickatell"), (60.0, 3, "ambiguous by clickatell")],
)
def test_what_became_of_the_message_is_said(
    sandbox: Sandbox, tmp_path: Path, latency: float, code: int, said: str
) -> None:
    """After Ctrl+C an answer is awaited briefly and printed; without one the exit code is 3."""
    fault = sandbox.faults.add("latency", seconds=latency, probability=1.0)
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "omnimsg", "send", "--to", PHONE, "--text", "x"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    with process:
        wait_until(lambda: fault.fired > 0)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    sandbox.faults.clear()

    assert code == process.returncode
    assert said in out
