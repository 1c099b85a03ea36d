"""Counting the parts of an SMS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.sandbox.sms_parts import count_binary_parts, count_parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 152 + "€" + "x" * 152, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("\U0001f600" * 35, 1),
        ("\U0001f600" * 36, 2),
        ("\U0001f600" * 67, 3),
    ],
)
def test_parts(text: str, expected: int) -> None:
    """Parts count septets or UTF-16 units, and no character is split between two parts."""
    assert expected == count_parts(text)


@given(st.text(max_size=500))
def test_parts_grow_with_the_text(text: str) -> None:
    """A longer text of the same alphabet never has fewer parts."""
    assert count_parts(text) <= count_parts(text + text)


@pytest.mark.parametrize(("octets", "expected"), [(0, 1), (140, 1), (141, 2), (268, 2), (269, 3)])
def test_binary_parts(octets: int, expected: int) -> None:
    """A single binary part holds 140 octets, one of several 134."""
    assert expected == count_binary_parts(octets)
