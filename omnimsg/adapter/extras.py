"""Merge `extras`, the fields that omnimsg does not model, into a provider's request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def deep_merge(document: dict[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    """Merge extras into a document: mappings recursively, anything else replaces the old value.

    Returns:
        The document itself, which is changed; the extras are not.
    """
    for key, value in extras.items():
        old = document.get(key)
        if isinstance(old, dict) and isinstance(value, Mapping):
            deep_merge(old, value)
        else:
            document[key] = to_plain(value)
    return document


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Copy a JSON-like value, frozen or not, into plain dicts and lists."""
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value
