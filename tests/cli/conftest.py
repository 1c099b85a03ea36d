"""Run the command in this process, against a sandbox that another thread serves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from support.command import Ran
from support.results_of_a_file import ROWS
from support.sandbox_fixtures import sandbox_in_thread

from omnimsg.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _restore_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo the change that the command makes to the logging of this process."""
    monkeypatch.setattr(logging.getLogger("omnimsg.engine"), "handlers", [])


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a function that runs the command in an empty folder, 80 columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("OMNIMSG_CONFIG", raising=False)

    def command(*arguments: str) -> Ran:
        code = main(arguments)
        return Ran(code, *capsys.readouterr())

    return command


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    """Serve one sandbox in a thread, for all tests."""
    with sandbox_in_thread() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox, tmp_path: Path) -> Sandbox:
    """Return the sandbox, reset, and write its configuration into the test's folder."""
    served.reset()
    (tmp_path / "omnimsg.toml").write_text(served.config_toml())
    return served


@pytest.fixture
def sent(run: Run, sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """Send a file with good, rejected and bad rows to the sandbox, and return the sandbox."""
    (tmp_path / "many.csv").write_text("".join(f"{row}\n" for row in ROWS))
    run("send-many", "many.csv")
    return sandbox
