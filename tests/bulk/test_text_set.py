"""The compact set of references that finds repeated ones."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from omnimsg.bulk.text_set import TextSet


@given(st.lists(st.text(max_size=3)))
def test_it_agrees_with_a_set(texts: list[str]) -> None:
    """`add` returns whether the text is new, as a Python set would tell."""
    references, known = TextSet(), set[str]()

    for text in texts:
        assert references.add(text) is (text not in known)
        known.add(text)


def test_it_grows() -> None:
    """The set keeps twenty thousand references in at most 24 bytes each."""
    references, empty = TextSet(), sys.getsizeof(TextSet())

    assert all(references.add(str(number)) for number in range(20_000))
    assert not any(references.add(str(number)) for number in range(20_000))
    assert sys.getsizeof(references) - empty <= 20_000 * 24
