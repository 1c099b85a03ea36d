"""A callback's headers, URL and body, the comparison of secrets, and the readers of its values."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import json_values

from omnimsg.adapter import Callback, inbound, signatures, times
from omnimsg.adapter.callback import MAX_DEPTH
from omnimsg.domain.content import Location, Reply
from omnimsg.domain.media import Inline, MediaKind, Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.secret import Secret, to_secrets

DIGEST = "ab" * 32


def test_a_header_line_is_found_in_any_case() -> None:
    """A header is found in any case, and the space around its value is removed."""
    callback = Callback(body=b"", headers=[(b"X-Signature", b" abc ")])

    assert b"abc" == callback.header("x-signature")
    assert None is callback.header("x-other")


def test_header_lines_are_kept_as_they_came() -> None:
    """The header lines of a callback keep their order and the case of their names."""
    lines = ((b"X-Signature", b" abc "), (b"host", b"a.test"), (b"x-signature", b"b"))

    assert lines == Callback(body=b"", headers=list(lines)).headers


def test_a_repeated_header_line_is_none() -> None:
    """A repeated header is `None`, because another reader may take another of its values."""
    callback = Callback(body=b"", headers=[(b"X-Signature", b"a"), (b"x-signature", b"b")])

    assert None is callback.header("x-signature")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.test/x?token=t-1&b=2", "t-1"),
        ("https://a.test/x?token=a%20b", "a b"),
        ("https://a.test/x?token=", ""),
        ("https://a.test/x?token=1&token=2", None),
        ("https://a.test/x?token=1&t%6Fken=2", None),
        ("https://a.test/x?token=1+2", "1 2"),
        ("https://a.test/x?token", ""),
        ("https://a.test/x?&token=a=b&", "a=b"),
        ("https://a.test/x?other=token", None),
        ("https://a.test/x?token=1#token=2", "1"),
        ("https://a.test/x", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_parameter_of_the_address(url: str, expected: str | None) -> None:
    """A repeated URL parameter is `None`, and so is any parameter of an unreadable URL."""
    assert expected == Callback(body=b"", url=url).query("token")


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_a_body_that_is_nested_too_deeply_is_none() -> None:
    """A body is read up to the depth limit; one level more is `None`; width does not count."""
    wide = b"[" + b",".join([b"[]"] * 200) + b"]"

    assert None is not Callback(body=_nested(MAX_DEPTH)).json()
    assert None is Callback(body=_nested(MAX_DEPTH + 1)).json()
    assert None is Callback(body=b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1)).json()
    assert 200 == len(Callback(body=wide).json())
    assert "[" * 100 == Callback(body=b'"' + b"[" * 100 + b'"').json()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (_nested(MAX_DEPTH + 1), "nested too deeply"),
        (b'{"a":[' * MAX_DEPTH + b"1" + b"]}" * MAX_DEPTH, "nested too deeply"),
        (b"[NaN," + _nested(MAX_DEPTH + 1) + b"]", "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b"", "no JSON document"),
        (b"null", "no JSON document"),
        (b"[" * MAX_DEPTH, "no JSON document"),
        (b"[]" * 1000, "no JSON document"),
        (b'["\\"' + b"[" * 100 + b'"', "no JSON document"),
        (b'["' + b"[" * 100, "no JSON document"),
        (b'"' + b'\\"' * 100_000, "no JSON document"),
    ],
)
def test_why_a_body_is_none(body: bytes, expected: str) -> None:
    """Too deep a document and no document are told apart; brackets in strings do not count."""
    callback = Callback(body=body)

    assert (None, expected) == (callback.json(), callback.why_unread())


@given(st.binary() | json_values().map(orjson.dumps))
def test_any_body_is_read_or_none(body: bytes) -> None:
    """Reading a body never raises, whatever its bytes are."""
    Callback(body=body).json()
    Callback(body=body).why_unread()


def test_half_a_surrogate_pair_does_not_hide_the_rest() -> None:
    """Half a surrogate pair in a text is replaced, and the other members are still read."""
    assert {"id": "1", "text": "a\ufffd"} == Callback(body=b'{"id":"1","text":"a\\ud83d"}').json()


@given(st.binary(max_size=80), st.lists(st.text(max_size=9), max_size=3), st.binary(max_size=9))
def test_only_a_signature_with_one_of_the_secrets_matches(
    given_bytes: bytes, secrets: list[str], body: bytes
) -> None:
    """Only a digest made with one of the secrets matches; no given bytes make it raise."""
    keys = signatures.key_bytes(Secret(each) for each in secrets)
    digests = [hmac.new(key, body, sha256) for key in keys]

    assert (given_bytes.lower() in [each.hexdigest().encode() for each in digests]) is (
        signatures.is_hex_hmac(given_bytes, keys, body)
    )
    for each in digests:
        assert signatures.is_hex_hmac(each.hexdigest().upper().encode(), keys, body)
        assert signatures.is_base64_hmac(base64.b64encode(each.digest()), keys, body)
        assert not signatures.is_hex_hmac(each.hexdigest().encode(), keys, body + b"x")


def test_an_empty_secret_is_no_key() -> None:
    """An empty secret is not used as a key; half a surrogate pair is a valid key."""
    assert [b"a", b"\xed\xa0\xbd"] == signatures.key_bytes(
        [Secret(""), Secret("a"), Secret("\ud83d")]
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"Basic YTpi", True),
        (b"basic  YTpi", True),
        (b"Bearer YTpi", False),
        (b"YTpi", False),
        (b"Basic YTpj", False),
        (b"Basic", False),
        (b"", False),
        (b"Basic \xff\xfe", False),
    ],
)
def test_basic_credentials(line: bytes, expected: bool) -> None:
    """The scheme `Basic` matches in any case, the credentials only exactly."""
    assert expected is signatures.is_basic_login(line, [b"x:y", b"a:b"])


def test_a_list_of_secrets_becomes_a_tuple() -> None:
    """A list becomes a tuple; a single secret stays as it is for the validator to refuse."""
    one: Any = Secret("a")

    assert (one,) == to_secrets([one])
    assert one is to_secrets(one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2030-01-02T03:04:05.000311", datetime(2030, 1, 2, 3, 4, 5, 311, UTC)),
        ("2030-01-02T03:04:05Z", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2030-01-02T03:04:05+02:00", datetime(2030, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("1999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        (1893456000, None),
        (None, None),
    ],
)
def test_times_in_iso_8601(text: object, expected: datetime | None) -> None:
    """A time without an offset is in UTC; an invalid one, or one before 2000, is `None`."""
    found = times.read_iso_time(text)

    assert expected == found
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (1893456000, times.SECOND, datetime(2030, 1, 1, tzinfo=UTC)),
        (1893456000123, times.MILLISECOND, datetime(2030, 1, 1, 0, 0, 0, 123000, UTC)),
        (946684800, times.SECOND, datetime(2000, 1, 1, tzinfo=UTC)),
        (946684799, times.SECOND, None),
        (1893456000, times.MILLISECOND, None),
        (0, times.MILLISECOND, None),
        (-62135596800000, times.MILLISECOND, None),
        (2**70, times.SECOND, None),
        (True, times.SECOND, None),
        ("1893456000", times.SECOND, None),
        (1.5, times.SECOND, None),
    ],
)
def test_times_since_1970(value: object, unit: Any, expected: datetime | None) -> None:
    """Only whole numbers from 2000 on that fit a `datetime` are read; all else is `None`."""
    assert expected == times.read_epoch_time(value, unit)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("27820000001", "+27820000001"),
        ("+27820000001", "+27820000001"),
        ("1234", "1234"),
        ("Acme", "Acme"),
        ("ola@example.test", "ola@example.test"),
        ("", None),
        (" 27820000001 ", "+27820000001"),
        ("+27820000001\u00a0\n", "+27820000001"),
        (" ola@example.test", "ola@example.test"),
        (" ", None),
        (27820000001, "+27820000001"),
        (1234, "1234"),
        (True, None),
        (2782.5, None),
    ],
)
def test_numbers_get_their_plus(value: object, expected: str | None) -> None:
    """A number in E.164 form gets its plus; of any other address only outer spaces are dropped."""
    assert expected == inbound.address_of(value)


def test_ids_need_all_their_parts() -> None:
    """With a part missing there is no id, because it would be that of another message."""
    assert MessageId("a:b/c") == inbound.message_id_of("a", "b", "c")
    assert None is inbound.message_id_of("a", "b", None)
    assert None is inbound.message_id_of("a", "")


def test_media_keep_what_the_model_can_hold() -> None:
    """An invalid type, name or digest is left out; a file without an address is `None`."""
    stored = inbound.stored_file("a", "https://a.test/1", sha256="no digest")
    item = inbound.media_item(stored, "jpeg", file_name="a\nb", size=-1)
    sound = inbound.media_item(Inline(b"x"), "audio/ogg; codecs=opus", sha256=DIGEST)
    nameless = inbound.media_item(Inline(b"x"), None, kind=MediaKind.GIF)

    assert Stored(account="a", url="https://a.test/1") == stored
    assert item is not None
    assert (MediaKind.DOCUMENT, None, None, None) == (
        item.kind,
        item.content_type,
        item.file_name,
        item.size,
    )
    assert sound is not None
    assert (MediaKind.AUDIO, DIGEST) == (sound.kind, sound.sha256)
    assert nameless is not None
    assert (MediaKind.GIF, "application/octet-stream") == (nameless.kind, nameless.content_type)
    assert None is inbound.stored_file("a", "ftp://a.test")
    assert None is inbound.media_item(None, "image/png")


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("-33.92", "18.42", Location(-33.92, 18.42)),
        (52, 21.5, Location(52.0, 21.5)),
        ("999", "18", None),
        ("north", "18", None),
        (None, 1, None),
        (True, 1, None),
        (10**400, 1, None),
        ("nan", "1", None),
    ],
)
def test_places(latitude: object, longitude: object, expected: Location | None) -> None:
    """Coordinates may be numbers or text; a name that the model refuses is left out."""
    assert expected == inbound.location_of(latitude, longitude, name="", address=7)


def test_tapped_buttons() -> None:
    """The payload is used as the label where the label is missing."""
    assert Reply("Yes", "y-1") == inbound.reply_of("Yes", "y-1")
    assert Reply("y-1", "y-1") == inbound.reply_of(None, "y-1")
    assert Reply("Yes") == inbound.reply_of("Yes", None)
    assert None is inbound.reply_of("", 5)
    assert None is inbound.reply_of("\0", None)
