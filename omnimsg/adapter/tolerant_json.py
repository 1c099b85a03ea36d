"""Read JSON that a strict reader refuses because of one character."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# The most characters of a 64-bit integer, including the sign. `int` raises on text of some thousand
# digits, which would make the rest of the document unreadable.
_MOST_DIGITS = 20
_replace_surrogates = re.compile("[\ud800-\udfff]").sub

# What programs write around a document: the byte order marks of joined files, and C's end of text.
_AROUND = "\ufeff\0 \t\r\n"
# A backslash and what follows it; as an escape it is valid only in the first group.
_escapes = re.compile(r"""\\(["\\/bfnrt]|u[0-9A-Fa-f]{4})|\\""").sub


def read_tolerantly(body: bytes) -> Any:  # noqa: ANN401 - JSON data
    """Return the decoded body, or `None` if it is not a JSON document or is nested too deeply.

    A lone surrogate (texts are cut in UTF-16, and JavaScript escapes the half) and a byte that is
    invalid in the encoding become U+FFFD. NaN, infinity and numbers too large for a float become
    `None`, and whole numbers of more than 64 bits become floats. Byte order marks and NUL around
    the document are skipped. A control character in a text is kept, and so is a backslash that
    escapes nothing, as in a path of Windows.
    """
    try:
        text = tolerant_text(body)
        return _without_surrogates(_decoder.decode(text))
    except (ValueError, RecursionError):
        return None


def tolerant_text(body: bytes) -> str:
    """Return a body as text in which every backslash is one that JSON knows."""
    text = body.decode(json.detect_encoding(body), errors="replace").strip(_AROUND)
    return _escapes(lambda found: found[0] if found[1] else "\\\\", text)


def _integer(text: str) -> float | None:
    """Read a whole number; one that needs more than 64 bits becomes a float, as orjson reads it."""
    if len(text) > _MOST_DIGITS:
        return _finite(text)
    number = int(text)
    return number if -(2**63) <= number < 2**64 else _finite(text)


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _without_surrogates(value: Any) -> Any:  # noqa: ANN401 - JSON data
    if isinstance(value, str):
        return _replace_surrogates("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {
            _without_surrogates(name): _without_surrogates(each) for name, each in value.items()
        }
    return value


_decoder = json.JSONDecoder(
    strict=False, parse_float=_finite, parse_int=_integer, parse_constant=lambda _: None
)
