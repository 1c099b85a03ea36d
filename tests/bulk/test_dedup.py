"""The compact set of references."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omnimsg.bulk.dedup import ReferenceSet


@given(st.lists(st.text(max_size=3)))
def test_it_is_a_set(texts: list[str]) -> None:
    """It tells of each text what a set would."""
    references, known = ReferenceSet(), set[str]()

    for text in texts:
        assert references.add(text) is (text not in known)
        known.add(text)


def test_it_grows() -> None:
    """Far more than it began with are all kept, in at most 24 bytes each."""
    references = ReferenceSet()

    assert all(references.add(str(number)) for number in range(20_000))
    assert not any(references.add(str(number)) for number in range(20_000))
    assert len(references._slots) * 8 <= 20_000 * 24
