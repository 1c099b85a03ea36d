"""An id becomes one segment of a path, or no path at all."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg import InvalidValue
from omnimsg.adapter import quote_segment


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_what_leads_elsewhere_is_refused(text: str) -> None:
    """Quoting does not help: a path is normalised after that."""
    with pytest.raises(InvalidValue, match=r"id: must not be empty, '\.' or '\.\.'"):
        quote_segment(text)


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: set(text) != {"."}))
def test_everything_else_is_one_segment(text: str) -> None:
    """Nothing in it ends the segment or the path, and it is read back whole."""
    quoted = quote_segment(text)

    assert text == unquote(quoted)
    assert set("/?#").isdisjoint(quoted)
