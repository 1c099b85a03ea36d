"""JSON as UTF-8, through orjson or, where it cannot be imported, the standard library.

```python
from omnimsg.json_codec import dumps, loads

assert loads(dumps({"to": "+27820001000"})) == {"to": "+27820001000"}
```

orjson has no wheel for some interpreters (free-threaded ones) and some machines. The library is
chosen once, at import, and the names below are then orjson's own functions, without a wrapper
around them. Both libraries write the same bytes, read the same values and refuse the same
documents; `tests/json_codec` compares them. Providers and emulators use this package as the core
does, so it imports nothing else of omnimsg.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import json
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["LIBRARY", "JSONDecodeError", "JSONEncodeError", "dumps", "dumps_line", "loads"]

Document: TypeAlias = bytes | bytearray | memoryview | str


def _choose() -> tuple[ModuleType, Callable[[Any], bytes], str]:
    try:
        import orjson  # noqa: PLC0415 - it may not be there
    except ImportError:
        from omnimsg.json_codec import standard  # noqa: PLC0415 - only read where it is used

        return standard, standard.dumps_line, "the standard library"
    option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    return orjson, partial(orjson.dumps, default=str, option=option), "orjson"


_chosen, _dumps_line, _library = _choose()

# The library that reads and writes JSON in this process: "orjson" or "the standard library".
LIBRARY: str = _library

# Writes a value as compact JSON. A float that is not a number, or infinite, is null. Raises
# `JSONEncodeError` for a value that has no JSON form: keys that are not text, a lone surrogate,
# integers that need more than 64 bits, more than 254 levels, an unknown type.
dumps: Callable[[Any], bytes] = _chosen.dumps

# Writes a value as `dumps` does, and a line feed after it. Keys may be numbers, dates, booleans,
# `None`; a value of an unknown type is written as its `str`.
dumps_line: Callable[[Any], bytes] = _dumps_line

# Reads a document: text, or UTF-8 without a byte order mark. A whole number that needs more than
# 64 bits is read as a float. Raises `JSONDecodeError` for text that is not JSON, NaN and infinity
# included, for a lone surrogate, and for more than 1,024 levels.
loads: Callable[[Document], Any] = _chosen.loads

# A `ValueError` with `msg`, `pos`, `lineno` and `colno`.
JSONDecodeError: type[json.JSONDecodeError] = _chosen.JSONDecodeError

# A `TypeError`.
JSONEncodeError: type[TypeError] = _chosen.JSONEncodeError
