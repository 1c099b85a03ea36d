"""JSON through the standard library, with the bytes, the values and the errors of orjson.

The standard library alone would write a space after each comma, ASCII only, NaN, other floats and
integers of any size; and read NaN, lone surrogates and UTF-16.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from datetime import date, datetime, time, timedelta
from enum import Enum
from json.encoder import encode_basestring
from types import NoneType
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["JSONDecodeError", "JSONEncodeError", "dumps", "dumps_line", "loads"]

# The most levels of lists and objects that orjson writes, and that it reads. CPython 3.11 reads
# fewer: its own limit is 1,000 levels, including those of the program's calls.
_MAX_LEVELS_WRITTEN = 254
_MAX_LEVELS_READ = 1024

# An integer of at most so many characters, minus included, always fits in 64 bits; one of more than
# the second number never does. `int` refuses a text of some thousand digits.
_SAFE_DIGITS = 18
_MAX_DIGITS = 20

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]|(u[dD][89a-fA-F])|.)", re.DOTALL)
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|[\]}]', re.DOTALL)

JSONDecodeError = json.JSONDecodeError
JSONEncodeError = TypeError


def dumps(value: Any) -> bytes:  # noqa: ANN401 - JSON data
    """Write a value as compact JSON.

    Raises:
        TypeError: The value has no JSON form.
    """
    return _encode(_Writer(_refuse, _text_key), value)


def dumps_line(value: Any) -> bytes:  # noqa: ANN401 - JSON data
    """Write a value and a line feed; keys may be simple values, and unknown types become `str`.

    Raises:
        TypeError: An integer needs more than 64 bits, a text has a lone surrogate, a key is not a
            simple value, or there are too many levels.
    """
    return _encode(_Writer(str, _simple_key), value) + b"\n"


def loads(document: bytes | bytearray | memoryview | str) -> Any:  # noqa: ANN401 - JSON data
    """Read a document.

    Raises:
        JSONDecodeError: It is not JSON in UTF-8, or is nested too deeply.
    """
    text = _to_text(document)
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise JSONDecodeError("depth limit exceeded", text, 0) from None
    if _SURROGATE.search(text):
        _check_surrogates(text)
    if text.count("[") + text.count("{") > _MAX_LEVELS_READ:
        _check_levels(text)
    return value


class _Writer:
    """Writes values.

    Args:
        replace: Returns the value to write in place of one of an unknown type, or raises.
        key: Returns the text of a key, in quotes.
    """

    def __init__(self, replace: Callable[[Any], Any], key: Callable[[Any], str]) -> None:
        self._replace = replace
        self._key = key

    def write(self, value: Any, levels: int) -> str:  # noqa: ANN401 - JSON data
        """Return a value as JSON text, nested at most `levels` deep."""
        leaf = _LEAVES.get(type(value))
        if leaf is not None:
            return leaf(value)
        if isinstance(value, dict):
            return self._object(value, levels)
        if isinstance(value, list) or type(value) is tuple:
            inner = _next_level(levels)
            return f"[{','.join([self.write(each, inner) for each in value])}]"
        if isinstance(value, Enum):
            return self.write(value.value, levels)
        for kind in (str, int):
            if isinstance(value, kind):
                return _LEAVES[kind](value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._object(_attributes(value), levels)
        return self.write(self._replace(value), levels)

    def _object(self, members: Mapping[Any, Any], levels: int) -> str:
        inner, key, write = _next_level(levels), self._key, self.write
        # Not `items()`, which a subclass may have replaced.
        pairs = dict.items(members) if isinstance(members, dict) else members.items()
        return f"{{{','.join([f'{key(name)}:{write(each, inner)}' for name, each in pairs])}}}"


def _encode(writer: _Writer, value: object) -> bytes:
    try:
        return writer.write(value, _MAX_LEVELS_WRITTEN).encode()
    except UnicodeEncodeError:
        raise JSONEncodeError("str is not valid UTF-8: surrogates not allowed") from None
    except RecursionError:
        # The caller has used up most of the interpreter's stack.
        raise JSONEncodeError("Recursion limit reached") from None


def _next_level(levels: int) -> int:
    if not levels:
        raise JSONEncodeError("Recursion limit reached")
    return levels - 1


def _attributes(value: Any) -> dict[str, Any]:  # noqa: ANN401 - of any dataclass
    names = getattr(value, "__dict__", None) or [each.name for each in dataclasses.fields(value)]
    return {name: getattr(value, name) for name in names if not name.startswith("_")}


def _refuse(value: object) -> object:
    raise JSONEncodeError(f"Type is not JSON serializable: {type(value).__name__}")


def _text_key(key: object) -> str:
    # Not a subclass of str either.
    if type(key) is not str:
        raise JSONEncodeError("Dict key must be str")
    return encode_basestring(key)


def _simple_key(key: object) -> str:
    value = key.value if isinstance(key, Enum) else key
    for kind in (type(value), str, int):
        if isinstance(value, kind) and kind in _LEAVES:
            written = _LEAVES[kind](value)
            return written if written.startswith('"') else f'"{written}"'
    raise JSONEncodeError("Dict key must be a simple value")


def _integer(value: int) -> str:
    if not -(2**63) <= value < 2**64:
        raise JSONEncodeError("Integer exceeds 64-bit range")
    return int.__repr__(value)


def _float(value: float) -> str:
    if not math.isfinite(value):
        return "null"
    written = repr(value)
    digits, is_small, exponent = written.partition("e-0")
    if not is_small:
        return written
    if exponent != "5":
        return f"{digits}e-{exponent}"
    minus = "-" if digits.startswith("-") else ""
    return f"{minus}0.0000{digits.lstrip('-').replace('.', '')}"


def _datetime(value: datetime) -> str:
    offset = value.utcoffset()
    if offset is None:
        return f'"{value.isoformat()}"'
    sign = "-" if offset < timedelta(0) else "+"
    # RFC 3339 allows no seconds in an offset; some historical time zones have them.
    hours, minutes = divmod((abs(offset).seconds + 30) // 60, 60)
    return f'"{value.replace(tzinfo=None).isoformat()}{sign}{hours:02}:{minutes:02}"'


def _time(value: time) -> str:
    if value.tzinfo is not None:
        raise JSONEncodeError("datetime.time must not have tzinfo set")
    return f'"{value.isoformat()}"'


_LEAVES: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: _integer,
    bool: {True: "true", False: "false"}.__getitem__,
    NoneType: {None: "null"}.__getitem__,
    float: _float,
    datetime: _datetime,
    date: lambda value: f'"{value.isoformat()}"',
    time: _time,
    UUID: lambda value: f'"{value}"',
}


def _to_text(document: Any) -> str:  # noqa: ANN401 - a caller may give anything
    try:
        if isinstance(document, str):
            document.encode()
            return document
        return str(document, "utf-8")
    except TypeError:
        raise JSONDecodeError("Input must be bytes, bytearray, memoryview, or str", "", 0) from None
    except UnicodeError:
        raise JSONDecodeError("str is not valid UTF-8", "", 0) from None


def _check_surrogates(text: str) -> None:
    for escape in _ESCAPE.finditer(text):
        if escape[1] is not None:
            raise JSONDecodeError("half a surrogate pair in string", text, escape.start())


def _check_levels(text: str) -> None:
    levels = 0
    for bracket in _BRACKET.finditer(text):
        if bracket[1] is not None:
            levels += 1
        elif not bracket[0].startswith('"'):
            levels -= 1
        if levels > _MAX_LEVELS_READ:
            raise JSONDecodeError("depth limit exceeded", text, bracket.start())


def _read_integer(text: str) -> int | float:
    if len(text) <= _SAFE_DIGITS:
        return int(text)
    if len(text) > _MAX_DIGITS:
        return _read_float(text)
    number = int(text)
    return number if -(2**63) <= number < 2**64 else _read_float(text)


def _read_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise JSONDecodeError("number is infinity when parsed as double", text, 0)
    return number


def _refuse_constant(name: str) -> object:
    raise JSONDecodeError("unexpected character, expected a JSON value", name, 0)


_decoder = json.JSONDecoder(
    parse_int=_read_integer, parse_float=_read_float, parse_constant=_refuse_constant
)
