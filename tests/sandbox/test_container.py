"""The Containerfile: its sandbox command, health check, port and user."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CONTAINERFILE = (Path(__file__).parents[2] / "Containerfile").read_text(encoding="utf-8")
HOST = "127.0.0.1"

# Restore SIGINT: a shell ignores it for background jobs, and child processes inherit that.
RUN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from omnimsg.cli import main
sys.exit(main())
"""


def _instructions(name: str) -> list[str]:
    """Return the arguments of each occurrence of an instruction."""
    return re.findall(rf"^ *{name} (.*)$", CONTAINERFILE, re.MULTILINE)


def _command(instruction: str) -> list[str]:
    (found,) = _instructions(instruction)
    command: list[str] = json.loads(found)
    return command


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_the_health_check_finds_the_sandbox() -> None:
    """The health check reaches the sandbox, which the stop signal ends with exit code 0."""
    program, *arguments = _command("ENTRYPOINT")
    arguments = [{"0.0.0.0": HOST, "8025": "0"}.get(each, each) for each in arguments]  # noqa: S104
    python, *check = _command("CMD")
    sandbox = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", RUN, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sandbox.stdout is not None
    port = sandbox.stdout.readline().partition(f"{HOST}:")[2].partition(";")[0]

    asked = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *(each.replace("8025", port) for each in check)], check=False, timeout=30
    )

    sandbox.send_signal(getattr(signal, _instructions("STOPSIGNAL")[0]))
    sandbox.communicate(timeout=30)
    assert ("omnimsg", "python") == (program, python)
    assert (0, 0) == (asked.returncode, sandbox.returncode)


def test_one_port_is_named_everywhere() -> None:
    """The exposed port, the sandbox's port and the port of the health check are the same."""
    assert ["8025"] == _instructions("EXPOSE")
    assert _command("ENTRYPOINT")[-4:] == ["--host", "0.0.0.0", "--port", "8025"]  # noqa: S104
    assert "127.0.0.1:8025/" in _command("CMD")[-1]


def test_it_is_not_root() -> None:
    """The container's user is a number other than 0, which orchestrators can verify."""
    assert int(_instructions("USER")[-1].partition(":")[0]) > 0
