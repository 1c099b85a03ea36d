"""Amounts of money are read with all their digits, if they can be amounts of money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from omnimsg.adapter.amounts import read_amount


@pytest.mark.parametrize(
    "given", ["0.0450", "-12", "0", f"0.{'1' * 60}", "9" * 30, Decimal("1.50")]
)
def test_an_amount_is_read_with_all_its_digits(given: str | Decimal) -> None:
    """Text and decimal numbers are read without rounding, up to 60 digits."""
    assert str(given) == str(read_amount(given))


@pytest.mark.parametrize(
    "given",
    ["", "free", None, 1.5, 2, True, "NaN", "Infinity", "1e31", "1e-31", f"1.{'1' * 60}"],
)
def test_what_is_no_amount_is_left_out(given: object) -> None:
    """A number beyond every price, or with more digits, is no amount; nor is a float."""
    assert read_amount(given) is None


def test_an_amount_with_a_million_digits_is_left_out() -> None:
    """A report with such a price does not fill the memory."""
    assert read_amount(f"1.{'0' * 1_000_000}") is None
