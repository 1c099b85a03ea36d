"""Errors of the command line: what is said of each, and the advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.command import Run


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("sned",), "there is no command 'sned'", "did you mean send?"),
        (("config", "shwo"), "there is no command 'shwo'", "did you mean show?"),
        (("--hlep",), "there is no flag --hlep", "did you mean --help?"),
        (("config", "--bogus"), "there is no flag --bogus", ""),
        (("send", "--txt", "x"), "there is no flag --txt", "did you mean --text?"),
        (("send", "--to"), "--to has no value", ""),
        (("status",), "MESSAGE_ID is missing", ""),
        (("upload", "x.png"), "--content-type is missing", ""),
        (("completion", "fsh"), "SHELL: must be one of bash, fish, powershell, zsh", ""),
        (("send", "--ttl", "soon"), "--ttl: must be a whole number", ""),
        (("send", "--ttl", "1.5"), "--ttl: must be a whole number", ""),
        (("send", "--deadline", "soon"), "--deadline: must be a number", ""),
        (("send", "--deadline", "-1"), "--deadline: must be >= 0", ""),
        (("send", "--config="), "--config: names no file", ""),
        (("send", "--text", "a", "--text", "b"), "--text is given twice", ""),
        (("send", "a", "b"), "2 words belong to no flag", "put a text with spaces in quotes;"),
        (
            ("send-many", "a.csv", "b.csv"),
            "1 word belongs to no flag",
            "name one file at a time, and put a text with spaces in quotes;",
        ),
        (("send-many", "-"), "standard input (-) is not read here", "name a file;"),
        (("doctor", "x"), "1 word belongs to no flag", "`omnimsg doctor --help`"),
        (("+27820990001",), "there is no command '+278******01'", ""),
    ],
)
def test_a_wrong_command_line(run: Run, arguments: tuple[str, ...], error: str, hint: str) -> None:
    """An error says what is wrong in the words of the other errors; the hint names the help."""
    ran = run(*arguments)

    assert (2, "") == (ran.code, ran.out)
    assert ran.error.partition("; did you mean")[0] == f"error: {error}"
    assert ran.hint.startswith(f"hint: {hint}")
    assert "--help` lists the " in ran.hint


def test_an_argument_is_not_among_the_flags(run: Run) -> None:
    """The help of `plan`, whose file may be named by a flag too, lists it as an argument."""
    arguments, _, flags = run("plan", "--help").out.partition(" Flags ")

    assert ("FILE" in arguments, "FILE" in flags) == (True, False)


@pytest.mark.parametrize("columns", ["40", "60", "80", "200"])
def test_help_has_no_long_lines(run: Run, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """Help is as wide as the terminal, and at most 100 columns."""
    monkeypatch.setenv("COLUMNS", columns)

    lines = run("send", "--help").out.splitlines()

    assert min(int(columns), 100) == max(map(len, lines))
