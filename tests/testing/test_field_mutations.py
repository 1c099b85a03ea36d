"""The changed copies of a value, from which the conformance suite makes messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.domain.content import Text
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.testing.adapters.field_mutations import FILE_HINTS, field_mutations

if TYPE_CHECKING:
    from collections.abc import Hashable


@pytest.mark.parametrize(
    ("hints", "expected"), [(FILE_HINTS, True), (FILE_HINTS | {"Text.preview_url"}, False)]
)
def test_hints_are_not_changed(hints: frozenset[str], expected: bool) -> None:
    """A value has a copy for each of its fields but those of the hints."""
    paths = [path for path, _ in field_mutations(Text("Ready"), "content", hints=hints)]

    assert (True, expected) == ("content.text" in paths, "content.preview_url" in paths)


def test_a_value_without_a_hash_has_copies() -> None:
    """A mapping with a value that has no hash is changed as well."""
    value: FrozenDict[Hashable, Any] = FrozenDict({"size": 1, "names": {"x"}})

    copies = list(field_mutations(value, "extras"))

    assert [("extras['size']", 2), ("extras['size']", 0)] == [
        (path, each["size"]) for path, each in copies
    ]
