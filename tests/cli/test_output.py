"""The output: sanitized texts, masked addresses, tables, advice and exit codes."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.cli.errors import advice_for
from omnimsg.cli.exit_codes import exit_code_of
from omnimsg.cli.output import (
    masked_address,
    new_table,
    print_hint,
    print_table,
    sanitize,
    wrapped_name,
    wrapped_sentence,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Reason, Retry


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    """A sanitized text has no character of a control category."""
    assert not [each for each in sanitize(text) if unicodedata.category(each)[0] == "C"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mb\x1b[0m", "ab"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;https://e.test\x1b\\b\x1b]8;;\x1b\\", "ab"),
        ("a\x9b2Jb", "ab"),
        ("a\x1b(Bb", "ab"),
        ("a\x1b\x1b[31mb", "ab"),
        ("a\nb\tc", "a b c"),
        ("a\u202eb", "ab"),
        ("[bold]õ[/]", "[bold]õ[/]"),
    ],
)
def test_escape_sequences_are_removed_as_a_whole(text: str, expected: str) -> None:
    """An escape sequence is removed with its parameters; the text around it stays."""
    assert sanitize(text) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("+37255500001", "+372…01"), ("ola@example.test", "o…@….test"), ("ola@a.b", "o…@…a.b")],
)
def test_addresses_are_short_and_masked(address: str, expected: str) -> None:
    """A masked address is short and hides most of the address."""
    assert masked_address(address) == expected


@given(st.text(alphabet="AB_", max_size=60), st.integers(1, 20))
def test_a_wrapped_name_has_all_its_characters(text: str, width: int) -> None:
    """Wrapping a long name loses no character."""
    assert wrapped_name(text, width).plain.replace("\n", "") == text


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("retry", Retry)
def test_every_failure_has_advice(reason: Reason, retry: Retry) -> None:
    """Every failure has advice, which warns against repeating if and only if it is ambiguous."""
    advice = advice_for(Failure(reason=reason, retry=retry))

    assert advice
    assert ("do not repeat" in advice) is (retry is Retry.UNSAFE)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("retry", Retry)
def test_advice_about_a_call_is_not_about_a_message(reason: Reason, retry: Retry) -> None:
    """Where something other than a message was asked for, no advice speaks of a message."""
    advice = advice_for(Failure(reason=reason, retry=retry), sends=False)

    assert "message" not in advice
    assert "sent" not in advice


@pytest.mark.parametrize(
    ("kinds", "code"),
    [
        ({"accepted"}, 0),
        ({"accepted", "rejected"}, 1),
        ({"not_sent"}, 1),
        ({"accepted", "not_sent", "ambiguous"}, 3),
    ],
)
def test_exit_codes(kinds: set[str], code: int) -> None:
    """The exit code is 3 with an ambiguous outcome, else 1 with a failed one, else 0."""
    assert exit_code_of(kinds) == code


ID = "bird:" + "0123456789abcdef" * 5
ROWS = [(ID, "failed", "recipient_unreachable", "2030-05-01 09:00:00"), ("bird:1", "sent", "", "x")]


def _printed(capsys: pytest.CaptureFixture[str]) -> str:
    table = new_table("id", "status", "reason", "created", folds=("reason",), title="Messages")
    for row in ROWS:
        table.add_row(*row)
    print_table(table)
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", ["20", "40", "80", "100", "200"])
def test_no_cell_is_cut_or_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """No cell is cut: if the table does not fit, each cell has its own line, reason before time."""
    monkeypatch.setenv("COLUMNS", columns)

    lines = _printed(capsys).splitlines()

    for row in ROWS:
        for cell in filter(None, row):
            assert [each for each in lines if cell in each]
    text = "\n".join(lines)
    assert text.index("recipient_unreachable") < text.index("2030-05-01")


def test_a_pipe_has_no_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is written to a pipe or a file has one line for each row, of any length."""
    monkeypatch.delenv("COLUMNS", raising=False)

    lines = _printed(capsys).splitlines()

    assert [True] == [all(cell in each for cell in ROWS[0]) for each in lines if ID in each]


def test_a_row_has_no_space_at_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row in a pipe or a file ends with its last cell: a pager would break what is behind it."""
    monkeypatch.delenv("COLUMNS", raising=False)

    lines = _printed(capsys).splitlines()

    assert [] == [each for each in lines if each != each.rstrip()]


COMMAND = "`omnimsg status bird:1 --config a.toml`"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three", "one two\n      three"),
        ("你好 世界 今天", "你好\n      世界\n      今天"),
        (f"see {COMMAND} now", f"see\n      {COMMAND} now"),
        # The terminal breaks what is wider than a line; the rest of its last line is used.
        ("a" * 18 + " bc", "a" * 18 + " bc"),
        ("", ""),
    ],
)
def test_a_sentence_is_broken_between_words(text: str, expected: str) -> None:
    """A sentence is broken between words, under its begin, and never inside a command."""
    assert expected == wrapped_sentence(text, 14, 6)


@given(st.text(alphabet="ab `é你", max_size=80), st.integers(8, 60))
def test_a_broken_sentence_has_all_its_words(text: str, width: int) -> None:
    """Breaking a sentence changes nothing but white space."""
    assert text.split() == wrapped_sentence(text, width, 6).split()


def test_advice_in_a_pipe_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Advice that no terminal shows is one line, however long, so that it can be searched for."""
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")

    print_hint("word " * 20)

    assert 1 == capsys.readouterr().err.count("\n")


def test_advice_on_a_terminal_is_broken_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal does not cut the words of advice."""
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("TTY_COMPATIBLE", "0")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())

    print_hint("requests in flight end")

    assert ["hint: requests in", "      flight end"] == terminal.getvalue().splitlines()


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        """Return that this is a terminal."""
        return True
