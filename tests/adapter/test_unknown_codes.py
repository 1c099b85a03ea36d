"""Codes without a row: the text that may be shown of a code, and which codes have a row."""

from __future__ import annotations

import tracemalloc
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
    """Codes are text or whole numbers; phone numbers are masked, and long codes are cut off."""
    assert text == code_text(given_)


def test_a_number_of_too_many_digits_is_no_code() -> None:
    """A whole number with more digits than Python converts to text (4,300) is no code."""
    assert code_text(10**5000) is None


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary())
def test_whatever_stands_there_is_short_and_printable(value: Any) -> None:
    """Any value gives `None` or 1 to 64 printable characters, and never raises."""
    text = code_text(value)

    assert text is None or (0 < len(text) <= 64 and text.isprintable())


def test_a_code_is_known_at_any_level_and_by_its_family() -> None:
    """A code is known at any level; `12xxx` is the row of five-digit codes that begin with 12."""
    table = CodeTable((row("7"), row("12xxx", "failure")))

    known = [each for each in ("7", "12345", "12xxx", "1234", "13345", "") if table.knows(each)]

    assert ["7", "12345", "12xxx"] == known


def test_a_row_of_the_configuration_makes_a_code_known() -> None:
    """A code that an account's `codes` adds is known to the account's table only."""
    table = CodeTable((row("7"),))

    own = table.override(
        {("8", "message"): {"reason": Reason.UNKNOWN, "verdict": Verdict.REJECTED}}
    )

    assert [True, False] == [own.knows("8"), table.knows("8")]


def test_a_status_is_known_by_name_and_number() -> None:
    """A status is known by its name, or by its number given as text."""
    table = StatusTable((StatusRow("SENT", Status.SENT, description="x", source="x", number=4),))

    assert [True, True, False, False] == [table.knows(each) for each in ("SENT", "4", "5", "sent")]


def test_a_number_of_any_length_is_no_known_status() -> None:
    """A status of more digits than Python converts to a number is unknown, and raises nothing."""
    table = StatusTable((StatusRow("SENT", Status.SENT, description="x", source="x", number=4),))

    assert not table.knows("9" * 5_000)


def test_a_long_code_needs_no_more_memory_than_a_short_one() -> None:
    """A sentence in the place of a code costs no more than a code: it comes from outside."""
    table = CodeTable((row("7"), row("12xxx", "failure")))
    code = "1" * 5_000

    tracemalloc.start()
    is_known = table.knows(code)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (False, True) == (is_known, peak < 100_000)
