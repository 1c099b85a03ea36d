"""Answers that no documentation promises: cut off, of the wrong type, or of no sense at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


MOST_CUTS = 160

HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

BODIES: dict[str, bytes] = {
    "an empty body": b"",
    "blanks": b" \r\n\t",
    "a page of HTML": HTML,
    "null": b"null",
    "true": b"true",
    "zero": b"0",
    "a number": b"-1.5e300",
    "a text": b'"accepted"',
    "an empty list": b"[]",
    "a list of nothing": b"[null]",
    "a list of numbers": b"[1,2,3]",
    "a list of lists": b"[[[]]]",
    "an empty object": b"{}",
    "an object of strangers": b'{"omnimsg_unknown":{"a":[1,null]}}',
    "deep lists": b"[" * 900 + b"]" * 900,
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "lists deeper than a parser goes": b"[" * 50_000,
    "bytes that are no UTF-8": b'{"a":"\xff\xfe"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "no number": b'{"a":NaN}',
    "two documents": b"{}{}",
    "zeros": b"\x00" * 64,
}

STATUSES = (200, 201, 202, 204, 207, 302, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503)

# Deep enough to break careless recursion, shallow enough for every JSON parser.
_DEEP: Any = []
for _level in range(100):
    _DEEP = [_DEEP]

STRANGERS: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "minus one": -1,
    "a fraction": 0.5,
    "a vast number": 9_223_372_036_854_775_807,
    "a float beyond every date": 1e300,
    "an empty text": "",
    "a text": "omnimsg \U0001f4a5\u0000",
    "a foreign address": "https://elsewhere.example.test/x?y=z",
    "a broken address": "http://[",
    "an empty list": [],
    "a list of null": [None],
    "a list of lists": _DEEP,
    "an empty object": {},
    "a strange object": {"omnimsg_unknown": 1},
}

UNKNOWN_MEMBER = "omnimsg_unknown"


def cuts(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Cut a body off: at every byte, or at a bounded sample of them where it is long."""
    step = max(1, len(body) // MOST_CUTS)
    for position in range(0, len(body), step):
        yield f"cut off after {position} of {len(body)} bytes", body[:position]


def mutations(document: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON data
    """Put every stranger in every place of a JSON document, and leave every member out once."""
    for path in _paths(document):
        where = "$" + "".join(f"[{key!r}]" for key in path)
        for name, stranger in STRANGERS.items():
            yield f"{where} is {name}", _replaced(document, path, stranger)
        if path:
            yield f"{where} is left out", _without(document, path)


def with_unknown_members(document: Any) -> Any:  # noqa: ANN401 - JSON data
    """Add a member that nobody documented to every object of a JSON document."""
    if isinstance(document, dict):
        return {key: with_unknown_members(value) for key, value in document.items()} | {
            UNKNOWN_MEMBER: {"a": [1, None]}
        }
    if isinstance(document, list):
        return [with_unknown_members(each) for each in document]
    return document


def _paths(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _paths(value, (*path, key))
    elif isinstance(document, list):
        for position, value in enumerate(document):
            yield from _paths(value, (*path, position))


def _replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - JSON data
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = _replaced(document[path[0]], path[1:], value)
    return copy


def _without(document: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401 - JSON data
    copy = dict(document) if isinstance(document, dict) else list(document)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(document[path[0]], path[1:])
    return copy
