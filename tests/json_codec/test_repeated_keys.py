"""A key that stands twice in an object is found, wherever it is, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.json_codec import dumps, loads
from omnimsg.json_codec.repeated_keys import repeated_key

KEYS = st.sampled_from(["to", "text", ":", '"', '":', "ключ", "\u003a"])
VALUES = st.recursive(
    st.integers(0, 9) | st.text(':"\\{}[], xъ', max_size=8) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('{"to":"+27820000001","to":"+27820000002"}', "to"),
        ('{"to":"+27820000001","to":"+27820000001"}', "to"),
        ('{"to" : "a", "to":"b", "content": 3}', "to"),
        ('{"t\\u006f":"a","to":"b"}', "to"),
        ('{"to":"a","content":{"text":"12:30","text":"13:30"}}', "text"),
        ('{"to":"a","fallback":[{"channel":"sms"},{"ttl":1,"ttl":2}]}', "ttl"),
        ('{"a":1,"a":' + '{"b":' * 600 + "1" + "}" * 601, "a"),
        ('{"to":"a","content":{"to":"b"},"fallback":[{"to":"c"}]}', None),
        ('{"to":"a: b","metadata":{}}', None),
        ('{"to":"a\\u003a"}', None),
        ("[" * 900 + "]" * 900, None),
        ('{"a":' * 600 + "1" + "}" * 600, None),
        ('"to:to"', None),
    ],
)
def test_a_repeated_key(document: str, expected: str | None) -> None:
    """Spaces, escapes, depth, and colons in texts do not matter."""
    data = document.encode()

    assert expected == repeated_key(data, loads(data))


@given(VALUES, st.booleans(), st.booleans())
def test_no_key_is_repeated_in_what_was_written_from_a_value(
    value: Any, is_ascii: bool, is_spaced: bool
) -> None:
    """A document of any writer, compact or not, is good."""
    separators = None if is_spaced else (",", ":")
    document = json.dumps(value, ensure_ascii=is_ascii, separators=separators).encode()

    assert repeated_key(document, loads(document)) is None


@given(KEYS, VALUES, VALUES, st.dictionaries(KEYS, VALUES, max_size=3))
def test_a_key_that_is_written_twice_is_found(
    key: str, first: Any, second: Any, others: dict[str, Any]
) -> None:
    """Whatever its values are, and whatever stands between them."""
    others.pop(key, None)
    members = [(key, first), *others.items(), (key, second)]
    document = b"{%b}" % b",".join(dumps(name) + b":" + dumps(value) for name, value in members)

    assert key == repeated_key(document, loads(document))
