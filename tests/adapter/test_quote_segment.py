"""An id is quoted as exactly one segment of a URL's path, or refused."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg import InvalidValue
from omnimsg.adapter import quote_segment


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_empty_and_dot_segments_are_refused(text: str) -> None:
    """Empty and dot segments are refused, because URLs are normalised after quoting."""
    with pytest.raises(InvalidValue, match=r"id: must not be empty, '\.' or '\.\.'"):
        quote_segment(text)


def test_half_a_surrogate_pair_is_refused() -> None:
    """An id that UTF-8 cannot encode is refused as a value, and no error of the adapter."""
    with pytest.raises(InvalidValue, match="id: must not hold half a surrogate pair"):
        quote_segment("a\ud800")


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: set(text) != {"."}))
def test_any_other_text_is_one_segment(text: str) -> None:
    """A quoted text has no character that ends a segment, and unquoting returns it."""
    quoted = quote_segment(text)

    assert text == unquote(quoted)
    assert set("/?#").isdisjoint(quoted)
