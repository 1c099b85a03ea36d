"""Sizes are exact, and no mask takes them for a phone number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.domain.formatting import format_bytes
from omnimsg.domain.redaction import mask_text

SIZES = st.integers(0, 10**13)


@pytest.mark.parametrize(
    ("size", "words"),
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
def test_a_size_in_words(size: int, words: str) -> None:
    """Bytes below a megabyte, megabytes from there on."""
    assert words == format_bytes(size)


@given(SIZES)
def test_a_size_is_never_masked(size: int) -> None:
    """It reads the same in a sentence that hides phone numbers."""
    assert f"has {format_bytes(size)}; too many" == mask_text(f"has {format_bytes(size)}; too many")


@given(SIZES, st.integers(1, 1000))
def test_two_sizes_never_read_the_same(size: int, more: int) -> None:
    """Nothing is rounded."""
    assert format_bytes(size) != format_bytes(size + more)
