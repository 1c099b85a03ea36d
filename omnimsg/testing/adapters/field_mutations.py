"""Change a value of the model, one field at a time.

Every field of a message must reach the provider or be refused. So a change of any field must
change the request or be refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.secret import Secret
from omnimsg.testing.adapters.samples import LATER

if TYPE_CHECKING:
    from collections.abc import Iterator

# These fields describe a file, not the message, so an adapter may leave them out.
FILE_HINTS = frozenset(
    {
        "MediaItem.animated",
        "MediaItem.content_type",
        "MediaItem.duration",
        "MediaItem.sha256",
        "MediaItem.size",
        "Stored.account",
        "Stored.client_encrypted",
        "Stored.expires",
        "Stored.id",
        "Stored.restricted_to",
        "Stored.sha256",
        "Stored.url",
    }
)

# Tried in turn; the first value that passes the field's validator is used.
_STRING_CANDIDATES = (
    "other words",
    "https://media.example.test/other",
    "0102",
    "2001-02-03",
    "USD",
)
_CANDIDATES: tuple[Any, ...] = (*_STRING_CANDIDATES, True, 7, 0.5, LATER)


def field_mutations(
    value: Any,  # noqa: ANN401 - any value of the model
    path: str,
    *,
    hints: frozenset[str] = FILE_HINTS,
) -> Iterator[tuple[str, Any]]:
    """Yield copies of a value with one field or element changed, each with the path to it.

    Args:
        value: A value of the model.
        path: The path to the value itself.
        hints: Fields that are not changed, as `Class.field`.
    """
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            if not field.init or f"{type(value).__name__}.{field.name}" in hints:
                continue
            old = getattr(value, field.name)
            for changed_path, new in _part_mutations(old, f"{path}.{field.name}", hints):
                try:
                    changed = attrs.evolve(value, **{field.name: new})
                except (InvalidValue, ValueError, TypeError, AttributeError):
                    continue
                if changed != value:
                    yield changed_path, changed
                    if not _is_composite(old):
                        break
    elif isinstance(value, FrozenDict):
        for key, each in value.items():
            for changed_path, new in _part_mutations(each, f"{path}[{key!r}]", hints):
                yield changed_path, FrozenDict(value | {key: new})
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            for changed_path, new in _part_mutations(each, f"{path}[{index}]", hints):
                yield changed_path, (*value[:index], new, *value[index + 1 :])


def _is_composite(value: object) -> bool:
    return attrs.has(type(value)) or isinstance(value, (tuple, FrozenDict))


def _part_mutations(
    value: Any,  # noqa: ANN401 - any value of the model
    path: str,
    hints: frozenset[str],
) -> Iterator[tuple[str, Any]]:
    if _is_composite(value):
        yield from field_mutations(value, path, hints=hints)
    else:
        yield from ((path, each) for each in _replacements(value))


def _replacements(value: Any) -> tuple[Any, ...]:  # noqa: ANN401, PLR0911 - one line per type
    """Return other values of the same type, or of every type if the value is `None`."""
    if value is None:
        return _CANDIDATES
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, Enum):
        return tuple(each for each in type(value) if each is not value)
    if isinstance(value, str):
        return (f"{value}x", *_STRING_CANDIDATES)
    if isinstance(value, (int, Decimal)):
        return (value + 1, value - 1)
    if isinstance(value, float):
        return (value / 2 + 0.25,)
    if isinstance(value, datetime):
        return (value + timedelta(hours=1), value - timedelta(hours=1))
    if isinstance(value, bytes):
        return (value + b"x",)
    if isinstance(value, Secret):
        return (Secret(value.reveal() + "x"),)
    return ()
