"""Formatted sizes are exact, and are never masked as phone numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.domain.byte_sizes import format_bytes
from omnimsg.domain.redaction import mask_text

SIZES = st.integers(0, 10**13)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 bytes"),
        (1_001, "1,001 bytes"),
        (999_999, "999,999 bytes"),
        (1_000_000, "1 MB"),
        (32_500_000, "32.5 MB"),
        (100_000_001, "100.000001 MB"),
        (3_221_225_472, "3,221.225472 MB"),
    ],
)
def test_formatted_sizes(size: int, expected: str) -> None:
    """Sizes are in bytes below a megabyte, else in megabytes."""
    assert expected == format_bytes(size)


@given(SIZES)
def test_a_size_is_never_masked(size: int) -> None:
    """Masking phone numbers in a sentence does not change a size."""
    assert f"has {format_bytes(size)}; too many" == mask_text(f"has {format_bytes(size)}; too many")


@given(SIZES, st.integers(1, 1000))
def test_two_sizes_never_read_the_same(size: int, more: int) -> None:
    """Different sizes are formatted differently, because nothing is rounded."""
    assert format_bytes(size) != format_bytes(size + more)
