"""The log on standard error: warnings in the command's style, one line a request with `-v`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from omnimsg.cli import log_lines as printing
from omnimsg.cli.log_lines import log_lines, unlogged

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

SEND = ("send", "--account", "bird", "--to", "+27820990001")


def test_a_warning_of_the_log_looks_like_other_warnings(run: Run, tmp_path: Path) -> None:
    """A warning that omnimsg logs begins with `warning:`, and the command goes on."""
    (tmp_path / "key").write_text("secret")
    (tmp_path / "key").chmod(0o644)
    (tmp_path / "omnimsg.toml").write_text(
        '[accounts.main]\nprovider = "clickatell"\napi_key = "file:key"\n'
    )

    ran = run("config", "show")

    assert 0 == ran.code
    assert ran.err.startswith("warning: key holds a secret")
    assert 1 == len(ran.err.splitlines())


@pytest.mark.parametrize(
    ("level", "prefix"), [(logging.ERROR, "error: "), (logging.WARNING, "warning: ")]
)
def test_a_level_has_its_prefix(
    level: int, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors and warnings have a prefix each, and control characters are removed."""
    with log_lines(verbose=False):
        logging.getLogger("omnimsg.test").log(level, "one\x1b[2J two")

    assert f"{prefix}one two\n" == capsys.readouterr().err


def test_a_line_of_v_has_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines that only `-v` prints are one line each, without control characters."""
    with log_lines(verbose=True):
        logging.getLogger("omnimsg.test").debug("one\x1b[2J two\nerror: three\u202e")

    assert "one two error: three\n" == capsys.readouterr().err


def test_a_line_that_cannot_be_printed_fails_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error while a line is printed does not reach the code that logs, such as the engine."""

    def fail(_: str) -> None:
        raise LookupError

    monkeypatch.setattr(printing, "print_warning", fail)

    with log_lines(verbose=False):
        logging.getLogger("omnimsg.test").warning("one")

    assert "--- Logging error ---" in capsys.readouterr().err


def test_verbose_logs_one_line_a_request(run: Run, sandbox: Sandbox) -> None:
    """`-v` prints method, host, path and answer of each request, and nothing of the message."""
    ran = run(*SEND, "--text", "my private words", "-v")

    lines = [line for line in ran.err.splitlines() if line.startswith("POST")]
    assert ran.code == 0
    assert len(lines) == 1
    assert f"POST 127.0.0.1:{sandbox.port}/" in lines[0]
    assert ": HTTP 202 after " in lines[0]
    assert "private" not in ran.err
    assert "sandbox-not-a-secret" not in ran.err


def test_a_command_leaves_the_log_as_it_was(run: Run) -> None:
    """A program that runs the command within itself keeps its handlers and levels."""
    log = logging.getLogger("omnimsg")
    before = (list(log.handlers), log.level)

    run("codes", "bird", "-v")

    assert before == (log.handlers, log.level)


@pytest.mark.parametrize("verbose", [False, True])
def test_what_a_display_reports_is_logged_only_if_verbose(
    verbose: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log of the engine stays off standard error while a display reports its failures."""
    engine, config = logging.getLogger("omnimsg.engine"), logging.getLogger("omnimsg.config")

    with log_lines(verbose=verbose):
        with unlogged("omnimsg.engine"):
            engine.warning("hidden")
            config.warning("shown")
        engine.warning("shown")

    lines = ["hidden", "shown", "shown"] if verbose else ["shown", "shown"]
    assert "".join(f"warning: {each}\n" for each in lines) == capsys.readouterr().err
