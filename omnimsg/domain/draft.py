"""Frozen values that are cheap to build: a draft takes the fields, and becomes the value.

attrs writes each field of a frozen object through the back door, at ten times what it costs to set
an attribute. What is built for every message or request therefore has a base without a guard, which
holds the slots. Its `__new__` fills one of those in, and gives it its class last: from then on it
cannot change.
"""

from __future__ import annotations

from typing import Any

import attrs


class Draft:
    """What a draft is, before it says in `__slots__` which fields it takes."""

    __slots__ = ("__weakref__",)

    def __reduce__(self) -> tuple[Any, tuple[Any, dict[str, Any]]]:
        """Copy and pickle through the class itself: an empty value cannot be filled in."""
        kind: Any = type(self)
        fields = [each.name for each in attrs.fields(kind) if each.init]
        return _built, (kind, {name: getattr(self, name) for name in fields})


def _built(kind: Any, fields: dict[str, Any]) -> Any:  # noqa: ANN401
    return kind(**fields)
