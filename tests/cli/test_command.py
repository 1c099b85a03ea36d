"""The frame: help, version, errors, and the command as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from omnimsg import cli
from omnimsg.cli import app
from omnimsg.cli.app import COMMANDS
from omnimsg.sandbox import config

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

FLAGS = {
    "demo": ["--json", "--pace"],
    "sandbox": ["--port", "--pace", "--print-config"],
    "bench": [
        *("--account", "--config", "--messages", "--callers", "--latency", "--deadline", "--json"),
    ],
    "send": [
        *("--to", "--text", "--channel", "--account", "--config", "--json", "--media"),
        *("--media-kind", "--caption", "--template", "--param", "--language", "--at", "--ttl"),
        *("--reference", "--sender", "--subject", "--html", "--message", "--deadline"),
    ],
    "send-many": [
        *("FILE", "--results", "--resume", "--resend-ambiguous", "--account", "--config"),
        *("--deadline", "--json"),
    ],
    "status": ["--config", "--json"],
    "cancel": ["--config", "--json"],
    "history": [
        *("--account", "--channel", "--to", "--since", "--until", "--tag", "--limit", "--config"),
        "--json",
    ],
    "interactions": ["--config", "--json"],
    "mark-read": ["IDS", "--config", "--json"],
    "upload": [
        *("FILE", "--content-type", "--file-name", "--to", "--channel", "--account", "--config"),
        "--json",
    ],
    "download": ["STORED", "--sha256", "--output", "--account", "--config", "--json"],
    "media-info": ["STORED", "--account", "--config", "--json"],
    "balance": ["--account", "--config", "--json"],
    "providers": ["--json"],
    "codes": ["PROVIDER", "--json"],
    "config show": ["--config", "--json"],
}


def _process(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "omnimsg", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_lists_every_command(run: Run) -> None:
    """The help of the whole names each command with a sentence."""
    ran = run("--help")

    assert ran.code == 0
    for command in COMMANDS:
        assert f"│ {command.split()[0]} " in ran.out
    assert "--debug" in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_lists_its_flags(run: Run, command: str) -> None:
    """Each flag stands in the help, which fits into 80 columns."""
    ran = run(*command.split(), "--help")

    assert ran.code == 0
    for flag in FLAGS[command]:
        assert flag in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_an_unknown_command(run: Run) -> None:
    """It is one line that names the nearest one, and exit code 2."""
    ran = run("sned")

    assert ran.code == 2
    assert "sned" in ran.error
    assert "send" in ran.error


def test_a_defect_is_one_line_and_debug_shows_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is no traceback unless one is asked for."""

    def broken() -> int:
        raise ZeroDivisionError("+27820990001")

    monkeypatch.setitem(app.COMMANDS, "broken", broken)

    ran = run("broken")
    debugged = run("broken", "--debug")

    assert ran.code == debugged.code == 1
    assert ran.error == "error: unexpected ZeroDivisionError"
    assert "Traceback" not in ran.err
    assert "Traceback" in debugged.err


def test_an_interrupt_is_exit_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C ends a command without a word."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(app.COMMANDS, "interrupted", interrupted)

    ran = run("interrupted")

    assert (ran.code, ran.out, ran.err) == (130, "", "")


def test_without_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names what to install."""
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "rich" else object())

    assert cli.main(["--help"]) == 2
    assert capsys.readouterr().err == (
        "error: the command needs rich: pip install 'omnimsg[cli]'\n"
    )


def test_as_a_process(tmp_path: Path) -> None:
    """`python -m omnimsg` is the command, and its exit code is the process's."""
    assert _process("--version", folder=tmp_path).stdout.startswith("omnimsg ")
    ran = _process("codes", "nobody", folder=tmp_path)

    assert ran.returncode == 2
    assert ran.stderr.startswith("error: unknown provider 'nobody'")


def test_a_reader_that_leaves_early(tmp_path: Path) -> None:
    """A closed pipe is no error."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        ran = subprocess.run(
            [sys.executable, "-m", "omnimsg", "codes", "clickatell", "--json"],
            cwd=tmp_path,
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )

    assert ran.stderr == b""


def test_print_config(run: Run) -> None:
    """It prints what the sandbox would give for that port, and serves nothing."""
    ran = run("sandbox", "--port", "8123", "--print-config")

    assert ran.code == 0
    assert tomllib.loads(ran.out) == config(8123)


def test_print_config_needs_a_port(run: Run) -> None:
    """Nobody can know which port 0 will become."""
    ran = run("sandbox", "--port", "0", "--print-config")

    assert ran.code == 2
    assert "--port" in ran.hint


def test_a_port_in_use(run: Run) -> None:
    """It is one line and exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ran = run("sandbox", "--port", str(port))

    assert ran.code == 2
    assert f"port {port} cannot be used" in ran.error
    assert "--port" in ran.hint


def test_the_sandbox_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    """It says where it is, takes a message of another process, and ends with 0 on Ctrl+C."""
    with subprocess.Popen(
        [sys.executable, "-m", "omnimsg", "sandbox", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[4].rstrip(";")
        port = url.rpartition(":")[2]
        shown = _process("sandbox", "--port", port, "--print-config", folder=tmp_path)
        (tmp_path / "omnimsg.toml").write_text(shown.stdout)
        sent = _process("send", "--to", "+27820990001", "--text", "Hello", folder=tmp_path)
        server.send_signal(signal.SIGINT)
        rest = server.stdout.read()

    assert sent.returncode == 0, sent.stderr
    assert server.returncode == 0
    assert "990003" in rest
    assert "/_sandbox/handsets" in rest
