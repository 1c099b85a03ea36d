"""Standard output and error: closed, without a reader, or on a full disk."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.sandbox import Sandbox

ACCEPTED, REFUSED = "+27820990001", "+27820990003"
_COMMAND = (sys.executable, "-m", "omnimsg")
FULL = "error: the output cannot be written: no space left on device\n"


def _run(folder: Path, redirections: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell with redirected, buffered streams."""
    environment = {**os.environ, "COLUMNS": "80"}
    environment.pop("PYTHONUNBUFFERED", None)
    return subprocess.run(  # noqa: S603 - our own command
        ["/bin/sh", "-c", f'"$@" {redirections}', "sh", *_COMMAND, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _run_unread(folder: Path, *arguments: str, **more: Any) -> int:
    """Run the command with output pipes without a reader, and return its exit code."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        return subprocess.run(  # noqa: S603 - our own command
            [*_COMMAND, *arguments],
            cwd=folder,
            stdout=closed,
            stderr=closed,
            timeout=30,
            check=False,
            **more,
        ).returncode


@pytest.mark.parametrize("flags", [(), ("--json",)])
@pytest.mark.parametrize(("to", "code"), [(ACCEPTED, 0), (REFUSED, 1)])
def test_nobody_reads_what_became_of_a_message(
    sandbox: Sandbox, tmp_path: Path, flags: tuple[str, ...], to: str, code: int
) -> None:
    """If nobody reads the output, the exit code is still that of the outcome."""
    assert code == _run_unread(tmp_path, "send", "--to", to, "--text", "x", *flags)


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "--to", "082 099 0001", "--region", "ZA", "--text", "x"),
        ("send-many", "kept.csv"),
    ],
)
def test_nobody_reads_a_hint_before_the_message(
    sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """If nobody reads the output, a hint before the run does not keep messages from being sent.

    The command ended with exit code 0 and had sent nothing.
    """
    (tmp_path / "kept.csv").write_text(f"to,text,city\n{ACCEPTED},x,Paarl\n")

    code = _run_unread(tmp_path, *arguments)

    assert (0, 1) == (code, len(sandbox.handsets.received(ACCEPTED)))


def test_nobody_reads_why_a_run_had_to_stop(sandbox: Sandbox, tmp_path: Path) -> None:
    """If nobody reads the output, a run whose records cannot be written has its exit code."""
    rows = "".join(f"{ACCEPTED},Number {number}\n" for number in range(20_000))
    (tmp_path / "a.csv").write_text(f"to,text\n{rows}")

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    code = _run_unread(tmp_path, "send-many", "a.csv", preexec_fn=limit_file_size)

    assert code in (1, 3)


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_an_accepted_message_on_a_full_disk(
    sandbox: Sandbox, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    """If the output cannot be written, the exit code is still that of the accepted message."""
    ran = _run(tmp_path, "> /dev/full", "send", "--to", ACCEPTED, "--text", "x", *flags)

    assert 0 == ran.returncode
    assert ran.stderr.startswith(FULL)


@pytest.mark.parametrize(
    "arguments",
    [
        *(("balance",), ("balance", "--json"), ("--version",), ("config", "schema")),
        *(("completion", "bash"), ("send-many", "a.csv", "--check"), ("sandbox", "--port", "0")),
        *((), ("--help",), ("config",), ("send", "--help")),
    ],
)
def test_a_query_on_a_full_disk_is_exit_code_1(
    sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """A command whose purpose is its output fails with exit code 1 if it cannot be written."""
    (tmp_path / "a.csv").write_text(f"to,text\n{ACCEPTED},x\n")

    ran = _run(tmp_path, "> /dev/full", *arguments)

    assert 1 == ran.returncode
    assert FULL == "".join(ran.stderr.splitlines(keepends=True)[:1])


@pytest.mark.parametrize("redirections", [">&-", "2>&-", ">&- 2>&-", "> /dev/full 2> /dev/full"])
@pytest.mark.parametrize(
    "arguments",
    [("send", "--to", ACCEPTED, "--text", "x", "--json"), ("send-many", "a.csv")],
)
def test_streams_that_are_closed(
    sandbox: Sandbox, tmp_path: Path, redirections: str, arguments: tuple[str, ...]
) -> None:
    """With closed streams the message is sent, and no output ends up in another file."""
    (tmp_path / "a.csv").write_text(f"to,text\n{ACCEPTED},x\n")

    ran = _run(tmp_path, redirections, *arguments)

    assert (0, "") == (ran.returncode, ran.stderr)
    assert 1 == len(sandbox.handsets.received(ACCEPTED))
    results = tmp_path / "a.csv.results.jsonl"
    assert not results.exists() or all(
        each.startswith("{") for each in results.read_text().splitlines()
    )


@pytest.mark.parametrize("arguments", [("--help",), ("codes", "bird"), ("completion", "bash")])
def test_a_reader_that_leaves_is_no_failure(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A reader that closes the pipe early, as `head` does, is not a failure: exit code 0."""
    assert 0 == _run_unread(tmp_path, *arguments)
