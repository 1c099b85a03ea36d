"""A callback's header lines, address and body, and the comparison of secrets."""

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
    """Servers change the case of names; the space around a value is no part of it."""
    callback = Callback(body=b"", headers=[(b"X-Signature", b" abc ")])

    assert b"abc" == callback.header("x-signature")
    assert None is callback.header("x-other")


def test_a_repeated_header_line_is_none() -> None:
    """The one that is compared might not be the one that somebody else reads."""
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
    """One that is given twice is none, and an address that cannot be read has none."""
    assert expected == Callback(body=b"", url=url).query("token")


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_a_body_that_is_nested_too_deeply_is_none() -> None:
    """As deep as the limit is read; one more is not, also beside many shallow lists."""
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
    """A document that is too deep is another problem than none; brackets in a text do not count."""
    callback = Callback(body=body)

    assert (None, expected) == (callback.json(), callback.why_unread())


@given(st.binary() | json_values().map(orjson.dumps))
def test_any_body_is_read_or_none(body: bytes) -> None:
    """Reading never raises."""
    Callback(body=body).json()
    Callback(body=body).why_unread()


def test_half_a_surrogate_pair_does_not_hide_the_rest() -> None:
    """Texts are cut in UTF-16, and the ids beside them are still there."""
    assert {"id": "1", "text": "a\ufffd"} == Callback(body=b'{"id":"1","text":"a\\ud83d"}').json()


@given(st.binary(max_size=80), st.lists(st.text(max_size=9), max_size=3), st.binary(max_size=9))
def test_only_a_signature_with_one_of_the_secrets_matches(
    given_bytes: bytes, secrets: list[str], body: bytes
) -> None:
    """Whatever is given, in bytes that may be no text, is compared and never raises."""
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
    """Anybody can sign with an empty key; half a surrogate pair is a key like another one."""
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
    """The scheme may have any case, the credentials not."""
    assert expected is signatures.is_basic_login(line, [b"x:y", b"a:b"])


def test_a_list_of_secrets_becomes_a_tuple() -> None:
    """One alone is left for the validator, which names the field."""
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
    """Without an offset they are in UTC; what is no time, or a zero, is `None`."""
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
    """Only whole numbers that a `datetime` can hold; a zero or another unit is `None`."""
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
        (27820000001, "+27820000001"),
        (1234, "1234"),
        (True, None),
        (2782.5, None),
    ],
)
def test_numbers_get_their_plus(value: object, expected: str | None) -> None:
    """What is no number in E.164 form stays as it is."""
    assert expected == inbound.address_of(value)


def test_ids_need_all_their_parts() -> None:
    """An id with a part missing would be that of another message."""
    assert MessageId("a:b/c") == inbound.message_id_of("a", "b", "c")
    assert None is inbound.message_id_of("a", "b", None)
    assert None is inbound.message_id_of("a", "")


def test_media_keep_what_the_model_can_hold() -> None:
    """A bad type, name or digest is left out; a file without an address is none."""
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
    """Coordinates are numbers or text; a name that the model refuses is left out."""
    assert expected == inbound.location_of(latitude, longitude, name="", address=7)


def test_tapped_buttons() -> None:
    """The payload stands for a label that is missing."""
    assert Reply("Yes", "y-1") == inbound.reply_of("Yes", "y-1")
    assert Reply("y-1", "y-1") == inbound.reply_of(None, "y-1")
    assert Reply("Yes") == inbound.reply_of("Yes", None)
    assert None is inbound.reply_of("", 5)
    assert None is inbound.reply_of("\0", None)
