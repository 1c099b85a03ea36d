"""Tolerant reading of JSON: an invalid character or number does not hide the rest of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg.adapter import Response


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"id":"1","text":"cut \\ud83d"}', {"id": "1", "text": "cut \ufffd"}),
        (b'{"id":"1","text":"\\ude00 cut"}', {"id": "1", "text": "\ufffd cut"}),
        (b'{"id":"1","\\ud83d":["\\ud83d\\ude00"]}', {"id": "1", "\ufffd": ["\U0001f600"]}),
        (b'{"a":"\\\\ud83d","b":"\\ud83d"}', {"a": "\\ud83d", "b": "\ufffd"}),
        (b'\xef\xbb\xbf{"id":"1"}', {"id": "1"}),
        ('{"id":"\u20ac"}'.encode("utf-16"), {"id": "\u20ac"}),
        (b'{"id":"1","cost":NaN}', {"id": "1", "cost": None}),
        (b'{"id":"1","cost":[-Infinity,Infinity]}', {"id": "1", "cost": [None, None]}),
        (b'{"id":"1","name":"caf\xe9"}', {"id": "1", "name": "caf\ufffd"}),
        (b'{"id":"1","text":"a\nb"}', {"id": "1", "text": "a\nb"}),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"id":"1"}', {"id": "1"}),
        (b'\r\n\xef\xbb\xbf{"id":"1"}\0', {"id": "1"}),
        (b'{"id":"1","text":"it\\\'s"}', {"id": "1", "text": "it\\'s"}),
        (b'{"id":"1","text":"C:\\data\\\\a\\"b"}', {"id": "1", "text": 'C:\\data\\a"b'}),
        (b'{"id":"1","text":"\\u12 \\x41 \\u0041"}', {"id": "1", "text": "\\u12 \\x41 A"}),
        (b'{"cost":NaN,"size":1e999}', {"cost": None, "size": None}),
        (b"[NaN,18446744073709551615]", [None, 2**64 - 1]),
        (b"[NaN,18446744073709551616]", [None, 2.0**64]),
        (b"[NaN,-9223372036854775809]", [None, -(2.0**63)]),
        (b"[NaN,-9223372036854775808]", [None, -(2**63)]),
        (b'{"id":"1","size":' + b"9" * 5000 + b"}", {"id": "1", "size": None}),
        (b'{"id":"1","size":-' + b"9" * 5000 + b"}", {"id": "1", "size": None}),
        (b"[NaN,1" + b"0" * 300 + b"]", [None, 1e300]),
    ],
)
def test_one_character_hides_nothing(body: bytes, expected: Any) -> None:
    """Invalid characters and numbers are replaced; the rest and the body's bytes are kept."""
    response = Response(200, body)

    assert expected == response.json()
    assert body == response.body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xef\xbb\xbf",
        b'{"id":"1"',
        b'{"id":"1"} and more',
        b"<html></html>",
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_has_no_value(body: bytes) -> None:
    """A body that is not JSON gives `None` and raises nothing."""
    assert None is Response(200, body).json()
