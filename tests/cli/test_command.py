"""The command as a whole: help, version, errors, and running as a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, get_type_hints

import attrs
import pytest
from support.command import run_process

from omnimsg import cli
from omnimsg.cli import providers
from omnimsg.cli.app import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

FLAGS = {
    "demo": ["--json", "--pace"],
    "sandbox": ["--host", "--port", "--pace", "--print-config", "--callbacks"],
    "trigger": [
        *("EVENT", "--provider", "--url", "--account", "--config", "--bad-signature", "--print"),
        *("--list", "--json"),
    ],
    "bench": [
        *("--account", "--config", "--messages", "--callers", "--latency", "--deadline", "--json"),
    ],
    "send": [
        *("--to", "--text", "--channel", "--account", "--config", "--json", "--media"),
        *("--media-kind", "--caption", "--template", "--param", "--language", "--at", "--ttl"),
        *("--reference", "--sender", "--subject", "--html", "--message", "--deadline", "--region"),
    ],
    "send-many": [
        *("FILE", "--results", "--resume", "--resend-ambiguous", "--account", "--config"),
        *("--deadline", "--json", "--check", "--encoding", "--map", "--text", "--region"),
    ],
    "plan": [
        *("FILE", "--to", "--text", "--channel", "--account", "--config", "--json", "--media"),
        *("--media-kind", "--caption", "--template", "--param", "--language", "--at", "--ttl"),
        *("--reference", "--sender", "--subject", "--html", "--message", "--region"),
        *("--encoding", "--map"),
    ],
    "results": [
        *("FILE", "--results", "--failed", "--doubtful", "--delivery", "--rate", "--config"),
        *("--encoding", "--map", "--text", "--region", "--json"),
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
    "listen": ["--account", "--host", "--port", "--public-url", "--config", "--json"],
    "balance": ["--account", "--config", "--json"],
    "doctor": ["--config", "--deadline", "--json"],
    "providers": ["--json"],
    "codes": ["PROVIDER", "--seen", "--json"],
    "completion": ["SHELL"],
    "config schema": ["--output"],
    "config show": ["--config", "--json"],
}


def _function(command: str) -> Any:
    """Return the function of a command."""
    words = command.replace("-", "_").split()
    return getattr(import_module(f"omnimsg.cli.{words[0]}"), words[-1])


def _docstring(command: str) -> str:
    """Return the docstring of a command's function."""
    return str(_function(command).__doc__)


def _described(value: Any) -> set[str]:
    """Return the names that a docstring describes."""
    return set(re.findall(r"^    (\w+): ", cleandoc(value.__doc__), re.MULTILINE))


def test_help_lists_every_command(run: Run) -> None:
    """The help of `omnimsg` lists each command or group, and --debug."""
    ran = run("--help")

    assert ran.code == 0
    for command in COMMANDS:
        assert f"│ {command.split()[0]} " in ran.out
    assert "--debug" in ran.out
    headings = [line.strip("╭─╮ ") for line in ran.out.splitlines() if line.startswith("╭")]
    assert ["Try and test", "Send", "Follow up", "Files", "Set up", "Flags"] == headings


@pytest.mark.parametrize(("command", "summary"), COMMANDS.items())
def test_a_summary_is_the_first_line_of_a_docstring(command: str, summary: str) -> None:
    """The list of commands describes each by the first line of its own help."""
    assert summary == _docstring(command).splitlines()[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_starts_with_the_docstring(run: Run, command: str) -> None:
    """The help of a command has the whole docstring, not only its summary."""
    ran = run(*command.split(), "--help")

    described = _docstring(command).partition("Args:")[0].split()
    assert described == ran.out.partition("╭")[0].split("\n", 1)[1].split()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_lists_its_flags(run: Run, command: str) -> None:
    """The help has each flag and names the arguments, and fits into 80 columns."""
    ran = run(*command.split(), "--help")

    assert ran.code == 0
    assert "ARGS" not in ran.out
    for flag in FLAGS[command]:
        assert flag in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_is_described(command: str) -> None:
    """Each parameter of a command, and each field of a class of flags, has a text for the help."""
    function = _function(command)
    hints = {name: kind for name, kind in get_type_hints(function).items() if name != "return"}
    classes = [each for each in hints.values() if isinstance(each, type) and attrs.has(each)]

    missing = hints.keys() - _described(function)
    for each in classes:
        missing |= {field.name for field in attrs.fields(each)} - _described(each)

    assert set() == missing


@pytest.mark.parametrize("command", COMMANDS)
def test_every_whole_number_is_read_by_the_same_rule(command: str) -> None:
    """No flag is a plain `int`, for which cyclopts rounds `1.5` without a word."""
    function = _function(command)
    classes = [each for each in get_type_hints(function).values() if attrs.has(each)]

    hints = [get_type_hints(each, include_extras=True) for each in (function, *classes)]
    flags = {name: kind for each in hints for name, kind in each.items() if name != "return"}

    assert {} == {name: kind for name, kind in flags.items() if kind in (int, int | None)}


def test_an_unknown_command(run: Run) -> None:
    """An unknown command is one error line, a hint that names the nearest one, and exit code 2."""
    ran = run("sned")

    assert (2, "error: there is no command 'sned'") == (ran.code, ran.error)
    assert "hint: did you mean send? `omnimsg --help` lists the commands" == ran.hint


def test_a_defect_is_one_line_and_debug_prints_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception is one error line; its traceback is printed with --debug only."""

    def broken() -> int:
        raise ZeroDivisionError("+27820990001")

    monkeypatch.setattr(providers, "providers", broken)

    ran = run("providers")
    debugged = run("providers", "--debug")

    assert ran.code == debugged.code == 1
    assert ran.error == "error: unexpected ZeroDivisionError"
    assert "Traceback" not in ran.err
    assert "Traceback" in debugged.err


def test_an_interrupt_is_exit_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C ends a command without any output."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(providers, "providers", interrupted)

    ran = run("providers")

    assert (ran.code, ran.out, ran.err) == (130, "", "")


def test_without_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra, one error line names what to install."""
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name == "rich" else object())

    assert cli.main(["--help"]) == 2
    assert capsys.readouterr().err == (
        "error: the command needs rich: pip install 'omnimsg[cli]'\n"
    )


def test_the_version(run: Run) -> None:
    """The version is printed by `omnimsg --version`, and by each command with that flag."""
    assert (
        run("--version").out == run("codes", "--version").out == f"omnimsg {version('omnimsg')}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (("--version",), {"cyclopts", "rich", "aiohttp", "cattrs", "attrs"}),
        (("--help",), {"aiohttp", "cattrs", "anyio", "omnimsg.domain", "omnimsg.engine"}),
        (("codes", "--help"), {"aiohttp", "cattrs", "anyio", "omnimsg.engine"}),
        (("sandbox", "--port", "1", "--print-config"), {"cattrs", "omnimsg.engine"}),
    ],
)
def test_unused_modules_are_not_imported(arguments: tuple[str, ...], unused: set[str]) -> None:
    """The command imports a package only when it uses it."""
    program = (
        "import json, sys; from omnimsg.cli import main; main();"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )

    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert set() == unused & set(json.loads(ran.stderr))


def test_run_as_a_process(tmp_path: Path) -> None:
    """`python -m omnimsg` runs the command and exits with its exit code."""
    ran = run_process("codes", "nobody", folder=tmp_path)

    assert ran.returncode == 2
    assert ran.stderr.startswith("error: unknown provider 'nobody'")


@pytest.mark.parametrize("columns", ["0", ""])
def test_a_width_of_zero_is_unknown(
    run: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """`COLUMNS=0` is no width: the output is that without the variable."""
    monkeypatch.delenv("COLUMNS")
    expected = run("providers")
    monkeypatch.setenv("COLUMNS", columns)

    actual = run("providers")

    assert expected == actual


def test_a_reader_that_leaves_early(tmp_path: Path) -> None:
    """A pipe on standard output whose reader has closed it is not an error."""
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


def test_ctrl_c_is_exit_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that Ctrl+C has ended did not succeed."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("omnimsg.cli.doctor.run_one_call", interrupt)

    assert 130 == run("doctor").code
