"""`omnimsg send-many` that is interrupted, or cannot record what it does."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.message_file import (
    PHONE,
    RESULTS,
    counts_of,
    last_entries,
    message_row,
    write_file,
)

from omnimsg.bulk import ResultsFile

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox


@pytest.fixture
def many(sandbox: Sandbox, tmp_path: Path) -> Path:
    """Write a file that takes long enough to send to be interrupted."""
    sandbox.faults.add("latency", seconds=0.05, probability=1.0)
    write_file(tmp_path, *[message_row(text=f"Number {number}") for number in range(20_000)])
    return tmp_path / "many.jsonl"


def _process(folder: Path, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "omnimsg", "send-many", "many.jsonl", "--json", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def _wait_for_acceptance(results: Path) -> None:
    """Wait until a message was accepted."""
    until = time.monotonic() + 20
    while not (results.exists() and b"accepted" in results.read_bytes()):
        assert time.monotonic() < until
        time.sleep(0.005)


def _without_hints(error: str) -> list[str]:
    return [line for line in error.splitlines() if not line.startswith("hint: ")]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_for_requests_in_flight(
    sandbox: Sandbox, many: Path, sent: signal.Signals
) -> None:
    """After one signal, reading stops, answers are awaited, and no line is ambiguous."""
    with _process(many.parent) as process:
        _wait_for_acceptance(many.with_name(RESULTS))
        process.send_signal(sent)
        out, error = process.communicate(timeout=30)
    counts = json.loads(out)

    assert process.returncode == 1
    assert (True, 0, 0) == (counts["interrupted"], counts["ambiguous"], counts["not_sent"])
    assert 0 < counts["accepted"] < 20_000
    assert counts["accepted"] == len(sandbox.handsets.received(PHONE))
    assert [] == _without_hints(error)
    assert "--resume` continues where this run stopped" in error


def test_a_second_interrupt_does_not_wait(sandbox: Sandbox, many: Path) -> None:
    """After a second signal, requests in flight are cancelled and recorded as ambiguous.

    Lines that were read and had not left are counted with those that were not read.
    """
    with _process(many.parent) as process:
        _wait_for_acceptance(many.with_name(RESULTS))
        sandbox.faults.add("latency", seconds=20, probability=1.0)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Ctrl+C again" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    counts = json.loads(out)

    assert process.returncode == 3
    assert counts["interrupted"]
    assert counts["ambiguous"]
    assert counts["ambiguous"] == sum(
        row["outcome"] == "ambiguous" for row in last_entries(many.parent).values()
    )
    assert counts["accepted"] + counts["ambiguous"] + counts["left"] == 20_000


def test_a_full_disk(run: Run, sandbox: Sandbox, many: Path) -> None:
    """A full disk stops the run with one error line, and a resumed run sends no line twice.

    The summary counts each line once: a line that could not be recorded was not reached.
    """
    sandbox.faults.clear()

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with _process(many.parent, preexec_fn=limit_file_size) as process:
        out, error = process.communicate(timeout=30)
    sent = len(sandbox.handsets.received(PHONE))
    resumed = run("send-many", "many.jsonl", "--resume", "--json")
    stopped = json.loads(out)

    assert process.returncode in (1, 3)
    assert stopped["interrupted"]
    assert stopped["accepted"] + stopped["ambiguous"] + stopped["left"] == 20_000
    assert "file too large" in error
    assert "Traceback" not in error
    assert "the journal" not in error
    assert 0 < sent < 20_000
    counts = counts_of(resumed)
    texts = [each.text for each in sandbox.handsets.all()]
    assert len(set(texts)) == len(texts)
    assert counts["accepted"] + counts["ambiguous"] == 20_000


def test_outcomes_that_cannot_be_recorded_at_the_end(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the last outcomes cannot be written, the exit code is 3: --resume does not know them."""
    write_file(tmp_path, message_row())
    close = ResultsFile.close

    def failing(results: ResultsFile) -> None:
        close(results)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ResultsFile, "close", failing)

    ran = run("send-many", "many.jsonl", "--json")

    assert (3, 1) == (ran.code, ran.rows[0]["accepted"])
    assert f"error: {RESULTS}: no space left on device; the last outcomes are not" in ran.error


def test_results_that_are_deleted_at_the_end(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A results file that is gone when the run ends is exit code 1, though all lines were sent."""
    write_file(tmp_path, message_row())
    close = ResultsFile.close

    def deleting(results: ResultsFile) -> None:
        results.path.unlink()
        close(results)

    monkeypatch.setattr(ResultsFile, "close", deleting)

    ran = run("send-many", "many.jsonl", "--json")

    assert (1, 1) == (ran.code, ran.rows[0]["accepted"])
    assert f"{RESULTS}.rescued" == ran.rows[0]["rescued"]
