"""Change a value of the model in one place at a time.

What a message says must either reach the provider or be refused; so a change of any part of it
must either change the request or be refused.
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
from omnimsg.testing.samples import LATER

if TYPE_CHECKING:
    from collections.abc import Iterator

# They tell of a file, not of what is said: an adapter may do without.
HINTS = frozenset(
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

# Tried in turn where a field is empty; a field's own validator picks what fits.
_FILLINGS: tuple[Any, ...] = (
    "other words",
    "https://media.example.test/other",
    "0102",
    "2001-02-03",
    "USD",
    True,
    7,
    0.5,
    LATER,
)


def field_mutations(
    value: Any,  # noqa: ANN401 - any value of the model
    path: str,
    *,
    hints: frozenset[str] = HINTS,
) -> Iterator[tuple[str, Any]]:
    """Yield copies of a value with one part changed, and the path to that part.

    Args:
        value: A value of the model.
        path: Its own path.
        hints: Fields that are left alone, as `Class.field`.
    """
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            if not field.init or f"{type(value).__name__}.{field.name}" in hints:
                continue
            where, old = f"{path}.{field.name}", getattr(value, field.name)
            for place, new in _others(old, where, hints):
                try:
                    changed = attrs.evolve(value, **{field.name: new})
                except (InvalidValue, ValueError, TypeError, AttributeError):
                    continue
                if changed != value:
                    yield place, changed
                    if not _is_composite(old):
                        break
    elif isinstance(value, FrozenDict):
        for key, each in value.items():
            for place, new in _others(each, f"{path}[{key!r}]", hints):
                yield place, FrozenDict(value | {key: new})
    elif isinstance(value, tuple):
        for position, each in enumerate(value):
            for place, new in _others(each, f"{path}[{position}]", hints):
                yield place, (*value[:position], new, *value[position + 1 :])


def _is_composite(value: object) -> bool:
    return attrs.has(type(value)) or isinstance(value, (tuple, FrozenDict))


def _others(value: Any, path: str, hints: frozenset[str]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield other values for one part; the first that its class takes is enough."""
    if _is_composite(value):
        yield from field_mutations(value, path, hints=hints)
    else:
        yield from ((path, each) for each in _leaves(value))


def _leaves(value: Any) -> tuple[Any, ...]:  # noqa: ANN401, PLR0911 - one line per type
    if value is None:
        return _FILLINGS
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, Enum):
        return tuple(each for each in type(value) if each is not value)
    if isinstance(value, str):
        return (f"{value}x", *_FILLINGS[:5])
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
