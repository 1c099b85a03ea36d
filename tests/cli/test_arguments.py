"""Values that begin with a dash, and the flags that every command has."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from omnimsg.cli.app import build
from omnimsg.cli.arguments import CommandLine, join_dashed_values

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

SEND = ("send", "--to", "+27820001000")


@pytest.mark.parametrize("text", ["- milk", "-", "--", "-5 C tonight", "-milk", "--- sale ---"])
def test_a_text_may_begin_with_a_dash(run: Run, sandbox: Sandbox, text: str) -> None:
    """A value that begins with a dash is taken as the value of the flag before it."""
    joined = join_dashed_values(build(SEND), [*SEND, "--text", text])

    if text == "--":
        # `--` ends the flags, as in other commands; `--text=--` passes it as a value.
        assert run(*SEND, "--text", text).code == 2
        text, joined = "--", [*SEND, f"--text={text}"]
    assert joined[-1] == f"--text={text}"
    assert run(*joined).code == 0
    assert [text] == [each.text for each in sandbox.handsets.received("+27820001000")]


def test_a_repeated_flag_and_a_flag_behind_it(run: Run, sandbox: Sandbox) -> None:
    """Only dashed values are joined with their flags; flags and plain values stay separate."""
    line = ["send", "--param", "-a", "--param", "-1", "--template", "t", "--json", "--to", "-x"]

    joined = join_dashed_values(build(line), line)

    assert joined == ["send", "--param=-a", "--param=-1", "--template", "t", "--json", "--to=-x"]


@pytest.mark.parametrize("flag", ["--json", "--account", "--account=bird", "-v"])
def test_a_flag_is_no_value(run: Run, sandbox: Sandbox, flag: str) -> None:
    """`--text` followed by a known flag lacks its text; `--text=--json` passes it as the text."""
    forgotten = run(*SEND, "--text", flag)

    assert "error: --text has no value" == forgotten.error
    assert run(*SEND, f"--text={flag}").code == 0
    assert [flag] == [each.text for each in sandbox.handsets.received("+27820001000")]


def test_a_message_from_standard_input(
    run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--message -` reads the message from standard input."""
    text = '{"to": "+27820001000", "content": {"type": "text", "text": "Hello"}}'
    monkeypatch.setattr("sys.stdin", io.StringIO(text))

    assert run("send", "--message", "-").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--help", "--help"), ("--version", "--help"), ("--help", "--json")),
        *(("send", "--help", "--help"), ("send", "--version", "--text", "-x")),
    ],
)
def test_help_and_version_take_no_values(run: Run, arguments: tuple[str, ...]) -> None:
    """`--help` and `--version` take no value, whatever follows them."""
    alone = run(*arguments[: 1 if arguments[0].startswith("-") else 2])

    assert (0, "") == (alone.code, alone.err)
    assert alone.code == run(*arguments).code
    assert "Usage:" in run(*arguments).out or alone.out == run(*arguments).out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["message.json", "-"])
def test_a_message_in_an_encoding_of_windows(
    run: Run,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    encoding: str,
    name: str,
) -> None:
    """A message is decoded by its byte order mark, else as UTF-8, whatever the locale."""
    text = '{"to": "+27820001000", "content": {"type": "text", "text": "Olá"}}'
    raw = text.encode(encoding)
    (tmp_path / "message.json").write_bytes(raw)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="ascii"))

    assert 0 == run("send", "--message", name).code
    assert ["Olá"] == [each.text for each in sandbox.handsets.received("+27820001000")]


def test_a_message_in_another_encoding(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A message that is not UTF-8 is not called JSON with an error in it."""
    raw = '{"to": "+27820001000",\n "content": {"type": "text", "text": "Olá"}}'.encode("cp1252")
    (tmp_path / "message.json").write_bytes(raw)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="ascii"))

    for name, shown in (("message.json", "message.json"), ("-", "standard input")):
        ran = run("send", "--message", name)

        assert (2, f"error: {shown}: line 2 is not UTF-8") == (ran.code, ran.error)
        assert "hint: save it as UTF-8" == ran.hint


def test_a_byte_that_is_not_utf8(run: Run) -> None:
    """An argument in the encoding of another terminal is refused in words that its user knows."""
    ran = run("send", "--to", "+27820001000", "--text", "Ol\udce1")

    assert 2 == ran.code
    assert "error: --text: holds half an emoji, or a byte that is not UTF-8" in ran.error


@pytest.mark.parametrize(
    ("stdin", "name", "error"),
    [
        (None, "-", "error: standard input: is not JSON, see line 1"),
        (None, "", "error: --message: names no file"),
        ("[" * 100_000, "-", "error: standard input: is not JSON, see its text"),
    ],
)
def test_input_without_a_message_is_exit_code_2(
    run: Run, monkeypatch: pytest.MonkeyPatch, stdin: str | None, name: str, error: str
) -> None:
    """Closed standard input, an empty file name and endlessly nested JSON are exit code 2."""
    monkeypatch.setattr("sys.stdin", None if stdin is None else io.StringIO(stdin))

    ran = run("send", "--message", name)

    assert (2, error) == (ran.code, ran.error)


def test_common_flags_are_taken_out() -> None:
    """`-v` and `--debug` are recognised at any position before `--`."""
    line = CommandLine.parse(["-v", "send", "--debug", "--text", "x", "--", "-v"])

    assert line == (("send", "--text", "x", "--", "-v"), True, True)
    assert CommandLine.parse(["send"]) == (("send",), False, False)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command(run: Run, shell: str) -> None:
    """The completion script for a shell contains commands, flags and their values."""
    ran = run("completion", shell)

    assert ran.code == 0
    for word in ("send-many", "balance", "media-kind"):
        assert word in ran.out
