"""The changed copies of a value, from which the conformance suite makes messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.content import Template, Text
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.testing.field_mutations import FILE_HINTS, field_mutations, remembered_mutations

if TYPE_CHECKING:
    from collections.abc import Hashable


def test_the_copies_of_a_value_are_built_once() -> None:
    """Equal values have the same copies; other hints or another value have copies of their own."""
    mutations = remembered_mutations("content")

    first = mutations(Text("Ready"), FILE_HINTS)

    assert list(field_mutations(Text("Ready"), "content")) == list(first)
    assert mutations(Text("Ready"), FILE_HINTS) is first
    assert "content.preview_url" in [path for path, _ in first]
    assert "content.preview_url" not in [
        path for path, _ in mutations(Text("Ready"), FILE_HINTS | {"Text.preview_url"})
    ]
    assert "content.name" in [path for path, _ in mutations(Template("ready"), FILE_HINTS)]


def test_a_value_without_a_hash_has_copies() -> None:
    """A mapping with a value that has no hash is changed as well."""
    value: FrozenDict[Hashable, Any] = FrozenDict({"size": 1, "names": {"x"}})

    copies = list(remembered_mutations("extras")(value, FILE_HINTS))

    assert [("extras['size']", 2), ("extras['size']", 0)] == [
        (path, each["size"]) for path, each in copies
    ]
