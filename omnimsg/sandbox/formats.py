"""Tests of the string formats in payloads: numbers, URLs, times, ids."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and not re.search(r"\s", value)


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


def _matches_time(pattern: str) -> Callable[[str], bool]:
    shape = re.compile(pattern)

    def check(value: str) -> bool:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return shape.fullmatch(value) is not None

    return check


def _matches(pattern: str) -> Callable[[str], bool]:
    shape = re.compile(pattern)
    return lambda value: shape.fullmatch(value) is not None


# `datetime.fromisoformat` takes an offset of "+00:60", and in later versions of Python 24 o'clock.
_HOUR = r"([01]\d|2[0-3])"
_MINUTE = rf"\d{{4}}-\d\d-\d\dT{_HOUR}:\d\d"
_OFFSET = rf"(Z|[+-]{_HOUR}:[0-5]\d)"

FORMATS: Mapping[str, Callable[[str], bool]] = {
    "E.164 number": _matches(r"\+[1-9][0-9]{6,14}"),
    "HTTP URL": _is_http_url,
    "ISO 8601 time": _matches_time(rf"{_MINUTE}(:\d\d(\.\d{{1,6}})?)?{_OFFSET}?"),
    "RFC 3339 time": _matches_time(rf"{_MINUTE}:\d\d(\.\d{{1,9}})?{_OFFSET}"),
    "UUID": _is_uuid,
    "e-mail address": _matches(r"[^@\s]+@[^@\s]+\.[^@\s.]+"),
    "hex string": _matches(r"([0-9a-fA-F]{2})+"),
}
"""The tests of the string formats of `schema.text`, by the name that violation messages use."""
