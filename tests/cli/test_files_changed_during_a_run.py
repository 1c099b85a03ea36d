"""Files that other programs change while `omnimsg send-many` runs, and signals that end a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"
# Fewer messages than the sandbox keeps.
LINES = 8000
NAME = "many.csv"
RESULTS = "many.csv.results.jsonl"
RESCUED = f"{RESULTS}.rescued"


@pytest.fixture
def many(sandbox: Sandbox, tmp_path: Path) -> Path:
    """Write a file of several blocks that is still being sent when a test changes it."""
    sandbox.faults.add("latency", seconds=0.05, probability=1.0)
    rows = "".join(f"{PHONE},Number {number} of the file {'-' * 40}\n" for number in range(LINES))
    (tmp_path / NAME).write_text(f"to,text\n{rows}")
    return tmp_path / NAME


def _start(file: Path, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "omnimsg", "send-many", file.name, "--json", *arguments],
        cwd=file.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )
    results = file.with_name(RESULTS)
    wait_until(lambda: results.exists() and b"accepted" in results.read_bytes())
    return process


@contextmanager
def _hangup(action: signal.Handlers) -> Iterator[None]:
    """Let processes that start in this block inherit what they do at SIGHUP."""
    before = signal.signal(signal.SIGHUP, action)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _copy_over(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


def _cut(path: Path) -> None:
    os.truncate(path, 10)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _delete(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [_delete, _copy_over, _empty, _cut])
def test_the_results_file_is_changed(
    run: Run, sandbox: Sandbox, many: Path, change: Callable[[Path], None]
) -> None:
    """A run whose results file is changed stops with an error; later runs send no line twice."""
    with _start(many) as process:
        change(many.with_name(RESULTS))
        out, error = process.communicate(timeout=30)
    counts = json.loads(out)
    sandbox.faults.clear()
    sent = len(sandbox.handsets.received(PHONE))
    refused = [run("send-many", NAME), run("send-many", NAME, "--resume")]
    resumed = run("send-many", NAME, "--resume", "--results", RESCUED, "--json")

    assert 1 == process.returncode
    assert (True, RESCUED) == (counts["interrupted"], counts["rescued"])
    assert 0 < counts["accepted"] == sent < LINES
    assert LINES - counts["left"] >= sent
    assert f"error: {RESULTS}: another program has " in error
    assert f"--resume --results {RESCUED}" in error
    assert [2, 2] == [each.code for each in refused]
    assert f"--results {RESCUED}" in refused[1].hint
    assert (0, LINES) == (resumed.code, resumed.rows[0]["accepted"])
    texts = [each.text for each in sandbox.handsets.all()]
    assert LINES == len(texts) == len(set(texts))


@pytest.mark.parametrize("change", [_delete, _copy_over, _empty])
def test_the_file_of_messages_is_changed(
    sandbox: Sandbox, many: Path, change: Callable[[Path], None]
) -> None:
    """A run whose file of messages is changed stops before it sends a line of the new content."""
    with _start(many) as process:
        change(many)
        out, error = process.communicate(timeout=30)
    counts = json.loads(out)

    assert 1 == process.returncode
    assert 0 < counts["accepted"] == len(sandbox.handsets.received(PHONE)) < LINES
    assert 0 < counts["left"] < LINES
    assert f"error: {NAME}: was " in error
    assert "the run had to stop" in error


def test_the_file_of_messages_is_overwritten(run: Run, sandbox: Sandbox, many: Path) -> None:
    """No line of an overwritten file is sent, and the restored old file can be resumed."""
    old = many.read_text()
    with _start(many) as process:
        many.write_text(old.replace("Number", "Wrong"))
        out, error = process.communicate(timeout=30)
    sandbox.faults.clear()
    many.write_text(old)
    resumed = run("send-many", NAME, "--resume", "--json")

    assert (1, True) == (process.returncode, "was changed" in error)
    assert json.loads(out)["accepted"] < LINES
    assert (0, LINES) == (resumed.code, resumed.rows[0]["accepted"])
    texts = [each.text or "" for each in sandbox.handsets.all()]
    assert LINES == len(set(texts)) == len(texts)
    assert not any("Wrong" in text for text in texts)


def test_a_hangup_ends_like_a_termination(sandbox: Sandbox, many: Path) -> None:
    """After SIGHUP, reading stops, answers are awaited, and the summary counts what is left."""
    with _hangup(signal.SIG_DFL):  # the suite itself may run under `nohup`
        process = _start(many)
    with process:
        process.send_signal(signal.SIGHUP)
        out, error = process.communicate(timeout=30)
    counts = json.loads(out)

    assert 1 == process.returncode
    assert (True, 0, 0) == (counts["interrupted"], counts["ambiguous"], counts["not_sent"])
    assert counts["accepted"] == len(sandbox.handsets.received(PHONE))
    assert LINES == counts["accepted"] + counts["left"]
    assert "--resume` continues where this run stopped" in error


def test_nohup(sandbox: Sandbox, many: Path) -> None:
    """A run started with SIGHUP ignored, as by `nohup`, is not ended by SIGHUP."""
    with _hangup(signal.SIG_IGN):
        process = _start(many)
    with process:
        process.send_signal(signal.SIGHUP)
        sandbox.faults.clear()
        process.communicate(timeout=40)

    assert 0 == process.returncode


def test_nobody_reads_the_output(sandbox: Sandbox, many: Path) -> None:
    """If the reader closes both streams, the run goes on to its end and its own exit code."""
    sandbox.faults.clear()
    rows = many.read_text().splitlines()[:2000]
    many.write_text("\n".join([*rows, "0820990001,Hello"]))
    with _start(many) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()
        code = process.wait(timeout=30)

    assert 1 == code
    assert 1999 == len(sandbox.handsets.received(PHONE))


def test_an_interrupted_run_counts_the_lines_not_reached(sandbox: Sandbox, many: Path) -> None:
    """After Ctrl+C the summary says how many lines were not reached."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "omnimsg", "send-many", NAME],
        cwd=many.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        results = many.with_name(RESULTS)
        wait_until(lambda: results.exists() and b"accepted" in results.read_bytes())
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    sent = len(sandbox.handsets.received(PHONE))

    assert f"left     {LINES - sent:,} of {LINES:,} lines were not reached" in out


@pytest.mark.parametrize("name", ["pipe.csv", "pipe.jsonl"])
def test_a_pipe_as_input(run: Run, sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    """A pipe as the file of messages is refused at once, because it cannot be read twice."""
    os.mkfifo(tmp_path / name)

    ran = run("send-many", name)

    assert (2, True) == (ran.code, "is not a regular file" in ran.error)


@pytest.mark.parametrize("flags", [(), ("--resume",)])
def test_results_on_a_full_device(
    run: Run, sandbox: Sandbox, many: Path, flags: tuple[str, ...]
) -> None:
    """A device or a pipe as the results file is refused at once, and nothing is sent."""
    os.mkfifo(many.with_name("pipe"))

    for results in ("/dev/full", "pipe"):
        ran = run("send-many", NAME, "--results", results, *flags)
        assert 2 == ran.code
        assert "is not a regular file" in ran.error
    assert not sandbox.requests
