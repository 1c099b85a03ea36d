"""What reaches a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.cli.errors import advice, code_of
from omnimsg.cli.output import clean, masked_address, name
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Reason, Retry


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    """No control character, of any kind, survives."""
    assert not [each for each in clean(text) if unicodedata.category(each)[0] == "C"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mb\x1b[0m", "ab"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;https://e.test\x1b\\b\x1b]8;;\x1b\\", "ab"),
        ("a\x9b2Jb", "ab"),
        ("a\nb\tc", "a b c"),
        ("a\u202eb", "ab"),
        ("[bold]õ[/]", "[bold]õ[/]"),
    ],
)
def test_escape_sequences_go_as_a_whole(text: str, expected: str) -> None:
    """What is left of a coloured text is the text."""
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("+37255500001", "+372…01"), ("ola@example.test", "o…@….test")],
)
def test_addresses_are_short_and_masked(address: str, expected: str) -> None:
    """Enough to recognise, not enough to write to."""
    assert masked_address(address) == expected


@given(st.text(alphabet="AB_", max_size=60), st.integers(1, 20))
def test_a_broken_name_is_still_the_name(text: str, width: int) -> None:
    """Breaking a long name loses no character."""
    assert name(text, width).plain.replace("\n", "") == text


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("retry", Retry)
def test_every_failure_has_advice(reason: Reason, retry: Retry) -> None:
    """Whatever goes wrong, the user is told what to do, and never to repeat what is uncertain."""
    said = advice(Failure(reason=reason, retry=retry))

    assert said
    assert ("do not repeat" in said) is (retry is Retry.UNSAFE)


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
    """The worst outcome decides."""
    assert code_of(kinds) == code
