"""Write a mapping as TOML, for programs to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time


def toml_text(content: Mapping[str, object]) -> str:
    """Return a mapping as TOML, a line for each of its keys."""
    return "".join(f"{_text(key)} = {_value(each)}\n" for key, each in content.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{_text(key)} = {_value(each)}" for key, each in value.items()) + " }"
        )
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    # Numbers and booleans are the same as in JSON, and infinity is not.
    return str(value) if isinstance(value, float) else json.dumps(value)


def _text(text: str) -> str:
    # JSON writes other planes as two halves, which TOML refuses, and leaves DEL, which it refuses.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
