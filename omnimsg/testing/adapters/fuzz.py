"""Generate broken answers: truncated, with wrong types, senseless, or with unknown members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import attrs

from omnimsg.adapter import Response
from omnimsg.json_codec import JSONDecodeError, dumps, loads
from omnimsg.testing.adapters.http_statuses import COMMON_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator


MAX_CUTS = 160

HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

SENSELESS_BODIES: dict[str, bytes] = {
    "an empty body": b"",
    "white space": b" \r\n\t",
    "a page of HTML": HTML,
    "null": b"null",
    "true": b"true",
    "zero": b"0",
    "a number": b"-1.5e300",
    "a string": b'"accepted"',
    "an empty list": b"[]",
    "a list of null": b"[null]",
    "a list of numbers": b"[1,2,3]",
    "a list of lists": b"[[[]]]",
    "an empty object": b"{}",
    "an object of unknown members": b'{"omnimsg_unknown":{"a":[1,null]}}',
    "deep lists": b"[" * 900 + b"]" * 900,
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "lists deeper than a parser's limit": b"[" * 50_000,
    "bytes that are not UTF-8": b'{"a":"\xff\xfe"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "NaN": b'{"a":NaN}',
    "two documents": b"{}{}",
    "zero bytes": b"\x00" * 64,
}

# Deep enough to break careless recursion, shallow enough for every JSON parser.
_DEEP_LIST: Any = []
for _level in range(100):
    _DEEP_LIST = [_DEEP_LIST]

STRANGE_VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "minus one": -1,
    "a fraction": 0.5,
    "a vast number": 9_223_372_036_854_775_807,
    "a float beyond every date": 1e300,
    "an empty string": "",
    "a string": "omnimsg \U0001f4a5\u0000",
    "the address of another host": "https://elsewhere.example.test/x?y=z",
    "a broken address": "http://[",
    "an empty list": [],
    "a list of null": [None],
    "a list of lists": _DEEP_LIST,
    "an empty object": {},
    "an object of unknown members": {"omnimsg_unknown": 1},
}

# The values of a form are texts: some of them other types, and bytes that no text encodes to.
STRANGE_FIELDS: dict[str, str] = {
    "empty": "",
    "a number": "-1",
    "a vast number": "9" * 5_000,
    "digits that `int` refuses": "\u00b2",
    "not a number": "NaN",
    "a string": "omnimsg%20%F0%9F%92%A5%00",
    "the address of another host": "https%3A%2F%2Felsewhere.example.test%2Fx",
    "a broken address": "http%3A%2F%2F%5B",
    "bytes that are not UTF-8": "%ff%fe",
    "a broken escape": "%zz%",
    "half a surrogate pair": "%ed%a0%80",
}

STRANGE_HEADER_VALUES = ("", "fuzz", "http://[", "https://elsewhere.example.test/x")

UNKNOWN_MEMBER = "omnimsg_unknown"


def truncations(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a body truncated at every byte, or at about `MAX_CUTS` positions if it is long."""
    step = max(1, len(body) // MAX_CUTS)
    for length in range(0, len(body), step):
        yield f"cut off after {length} of {len(body)} bytes", body[:length]


def mutations(document: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON data
    """Yield copies of a JSON document with one value replaced by a strange one, or left out."""
    for path in _paths(document):
        name = "$" + "".join(f"[{key!r}]" for key in path)
        for kind, value in STRANGE_VALUES.items():
            yield f"{name} is {kind}", _replaced(document, path, value)
        if path:
            yield f"{name} is left out", _without(document, path)


def with_unknown_members(document: Any) -> Any:  # noqa: ANN401 - JSON data
    """Add an undocumented member to every object of a JSON document."""
    if isinstance(document, dict):
        return {key: with_unknown_members(value) for key, value in document.items()} | {
            UNKNOWN_MEMBER: {"a": [1, None]}
        }
    if isinstance(document, list):
        return [with_unknown_members(each) for each in document]
    return document


def form_mutations(form: str) -> Iterator[tuple[str, str]]:
    """Yield copies of a form with one field strange, left out, twice or unknown.

    Args:
        form: The form as it is in a body or in the query of an address; a text without fields
            gives none.
    """
    pairs = [urlencode([pair]) for pair in parse_qsl(form, keep_blank_values=True)]
    for index, pair in enumerate(pairs):
        before, after = pairs[:index], pairs[index + 1 :]
        name = pair.partition("=")[0]
        for kind, value in STRANGE_FIELDS.items():
            yield f"{name} is {kind}", "&".join((*before, f"{name}={value}", *after))
        yield f"{name} is left out", "&".join((*before, *after))
        yield f"{name} is there twice", "&".join((*pairs, f"{name}=other"))
    if pairs:
        yield "an unknown field", "&".join((*pairs, f"{UNKNOWN_MEMBER}=1"))


def broken_bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a body truncated, senseless, and with changed members or fields: of JSON or a form."""
    yield from truncations(body)
    yield from SENSELESS_BODIES.items()
    try:
        document = loads(body)
    except JSONDecodeError:
        for how, form in form_mutations(body.decode(errors="replace")):
            yield how, form.encode()
        return
    for how, mutated in mutations(document):
        yield how, dumps(mutated)
    yield "unknown members", dumps(with_unknown_members(document))


def broken_responses(response: Response) -> Iterator[tuple[str, Response]]:
    """Yield a response with a broken body, status or header."""
    for name, body in broken_bodies(response.body):
        yield name, attrs.evolve(response, body=body)
    for name, body in SENSELESS_BODIES.items():
        for status in COMMON_STATUSES:
            yield f"{name} with HTTP {status}", Response(status, body)
    for header in response.headers:
        for value in STRANGE_HEADER_VALUES:
            headers = {**response.headers, header: value}
            yield f"{header}: {value}", attrs.evolve(response, headers=headers)
        others = {name: value for name, value in response.headers.items() if name != header}
        yield f"without {header}", attrs.evolve(response, headers=others)


def unreadable_responses(response: Response) -> Iterator[tuple[str, Response]]:
    """Yield a response with an unreadable body, or with another HTTP status."""
    for name, body in (*truncations(response.body), *SENSELESS_BODIES.items()):
        yield name, attrs.evolve(response, body=body)
    for status in COMMON_STATUSES:
        if status != response.status:
            yield f"HTTP {status}", attrs.evolve(response, status=status)


def _paths(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _paths(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from _paths(value, (*path, index))


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
