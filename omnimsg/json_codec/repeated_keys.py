"""Find a key that stands twice in an object of JSON, where a reader keeps only the last value."""

from __future__ import annotations

import json
from typing import Any

from omnimsg.json_codec import JSONEncodeError, dumps


def repeated_key(document: bytes, value: Any) -> str | None:  # noqa: ANN401 - JSON data
    """Return a key that an object of a document has twice; `None` if there is none.

    Usually, counting colons shows that there is none: each key has one. This costs less than
    reading the document.

    Args:
        document: The document, UTF-8.
        value: What `loads` has read from it.
    """
    colons = document.count(b":")
    if isinstance(value, dict):
        keys = len(value)
        for each in value.values():
            if each.__class__ is dict:
                keys += len(each)
        if keys == colons:
            return None
    try:
        # There are colons in texts or further objects, which both have. That of a key whose value
        # was dropped is in one only.
        if dumps(value).count(b":") == colons:
            return None
    except JSONEncodeError:  # too many levels to be written
        pass
    try:
        _decoder.decode(document.decode())
    except RepeatedKeyError as repeated:
        return repeated.key
    except (RecursionError, ValueError):  # ours reads a little more or less than `loads`
        return None
    return None


class RepeatedKeyError(Exception):
    """An object has a key twice.

    Attributes:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


def unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object from its members, as the `object_pairs_hook` of `json`.

    Raises:
        RepeatedKeyError: A key stands twice.
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKeyError(key)
        found[key] = value
    return found


_decoder = json.JSONDecoder(object_pairs_hook=unique_object)
