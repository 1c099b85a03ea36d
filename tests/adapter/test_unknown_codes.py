"""Codes without a row: what of them may be shown, and what has a row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.adapter import CodeRow, CodeTable, StatusRow, StatusTable, Verdict, code_text
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Status


def row(code: str, level: str = "message") -> CodeRow:
    """Build a row."""
    return CodeRow(code, level, Reason.UNKNOWN, Verdict.REJECTED, description="x", source="x")


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        (4711, "4711"),
        ("NotAllowed", "NotAllowed"),
        ("  a \n b ", "a b"),
        ("+37255500001", "+372******01"),
        ("37255500001", "372******01"),
        ("ola@example.test", "o***@example.test"),
        ("x" * 64, "x" * 64),
        ("x" * 65, "x" * 63 + "…"),
        ("", None),
        ("a\x00b", None),
        (True, None),
        (1.5, None),
        (None, None),
        ([4711], None),
    ],
)
def test_a_code_is_short_text_without_numbers(given_: object, text: str | None) -> None:
    """Text and whole numbers are codes; phone numbers in them are masked, long ones cut off."""
    assert text == code_text(given_)


def test_a_number_of_too_many_digits_is_no_code() -> None:
    """Python writes no whole number of more than 4,300 digits."""
    assert code_text(10**5000) is None


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary())
def test_whatever_stands_there_is_short_and_printable(value: Any) -> None:
    """No value makes it raise, or gives more than 64 printable characters."""
    text = code_text(value)

    assert text is None or (0 < len(text) <= 64 and text.isprintable())


def test_a_code_is_known_at_any_level_and_by_its_family() -> None:
    """`12xxx` is the row of every code of five digits that begins with 12, and of no other."""
    table = CodeTable((row("7"), row("12xxx", "failure")))

    known = [each for each in ("7", "12345", "12xxx", "1234", "13345", "") if table.knows(each)]

    assert ["7", "12345", "12xxx"] == known


def test_a_row_of_the_configuration_makes_a_code_known() -> None:
    """What `codes` of an account adds is known to its table, and to no other."""
    table = CodeTable((row("7"),))

    own = table.override(
        {("8", "message"): {"reason": Reason.UNKNOWN, "verdict": Verdict.REJECTED}}
    )

    assert [True, False] == [own.knows("8"), table.knows("8")]


def test_a_status_is_known_by_name_and_number() -> None:
    """A number counts where it stands as text too."""
    table = StatusTable((StatusRow("SENT", Status.SENT, description="x", source="x", number=4),))

    assert [True, True, False, False] == [table.knows(each) for each in ("SENT", "4", "5", "sent")]
