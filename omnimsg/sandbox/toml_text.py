"""Write a mapping as TOML: one line for each key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, time
from typing import Final

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(content: Mapping[str, object]) -> str:
    """Return a mapping as TOML, one line for each key; nested tables are inline."""
    return "".join(f"{_key(name)} = {_value(each)}\n" for name, each in content.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        members = ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items())
        return f"{{ {members} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    # TOML has the integers and booleans of JSON; floats differ, because JSON has no infinity.
    return str(value) if isinstance(value, float) else json.dumps(value)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    # TOML refuses surrogate escapes, which ASCII JSON has for some characters, and a literal DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
