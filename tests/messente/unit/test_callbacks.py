"""Messente's callbacks: the key of each signature, reports and inbound SMS."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messente.callbacks import INBOUND, REPORT, URL, signed
from support.strategies import json_values

from omnimsg.adapter import Account, Authenticity, Callback, Context
from omnimsg.domain.channel import Channel
from omnimsg.domain.events import InboundMessage, StatusEvent, UnparsedEvent
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Usage
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import Status
from omnimsg_messente import MessenteAdapter, MessenteSettings

NOW = datetime(2030, 5, 1, 9, tzinfo=UTC)
CONTEXT = Context(account="baltic", now=NOW)
PASSWORD, SHARED = "local-api-password", "shared-secret"
GENUINE, WRONG = Authenticity.GENUINE, Authenticity.WRONG_SIGNATURE


def adapter(
    *, password: str = PASSWORD, passwords: tuple[str, ...] = (), shared: tuple[str, ...] = ()
) -> MessenteAdapter:
    """Build the adapter of an account with these passwords and Shared Secrets."""
    settings = MessenteSettings(
        username="u",
        password=Secret(password),
        callback_passwords=[Secret(each) for each in passwords],
        inbound_secrets=[Secret(each) for each in shared],
    )
    return MessenteAdapter(
        Account(name="baltic", settings=settings, base_url=MessenteAdapter.base_url)
    )


def only(document: object) -> Any:
    """Parse a callback with one event."""
    (event,) = adapter().parse(signed(document, PASSWORD), CONTEXT)
    return event


def test_a_vector() -> None:
    """A signature made by OpenSSL with the formula of Messente's security page is genuine.

    Messente publishes no test vector. `printf %s BODY | openssl dgst -sha256 -hmac
    local-api-password`
    """
    callback = Callback(
        body=b'{"status":"DELIVRD","err":0,'
        b'"message_id":"0b0f2c1e-6b3a-4d0e-9a51-6f5a1d2c3b4a","channel":"sms"}',
        headers=[
            (
                b"X-Messente-Signature",
                b"d0dc0fbd9bb0730dd990e65517ea4c57368c9ab21870957a52f263c3048ca1ab",
            )
        ],
    )

    assert GENUINE is adapter().verify(callback, CONTEXT)


@pytest.mark.parametrize(
    ("document", "key", "expected"),
    [
        (REPORT, PASSWORD, GENUINE),
        (REPORT, "former-password", GENUINE),
        (INBOUND, SHARED, GENUINE),
        (INBOUND, "former-shared", GENUINE),
        ({"new": 1}, PASSWORD, GENUINE),
        ({"new": 1}, SHARED, GENUINE),
        (b"no JSON", SHARED, GENUINE),
        (REPORT, SHARED, WRONG),
        (INBOUND, PASSWORD, WRONG),
        (REPORT | {"msg_id": "both"}, PASSWORD, WRONG),
        (REPORT, "another", WRONG),
        (INBOUND, "another", WRONG),
    ],
)
def test_which_key_signs_what(document: object, key: str, expected: Authenticity) -> None:
    """A password signs reports, a Shared Secret inbound SMS; former ones are still accepted."""
    account = adapter(passwords=("former-password",), shared=("former-shared", SHARED))

    assert expected is account.verify(signed(document, key), CONTEXT)


def test_without_a_shared_secret_no_inbound_message_is_genuine() -> None:
    """Without a Shared Secret no inbound SMS is genuine, and reports are unaffected."""
    account = adapter(shared=("",))

    assert Authenticity.NO_SECRET is account.verify(signed(INBOUND, ""), CONTEXT)
    assert Authenticity.NO_SECRET is account.verify(signed(INBOUND, SHARED), CONTEXT)
    assert GENUINE is account.verify(signed(REPORT, PASSWORD), CONTEXT)


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        ({}, None),
        ({"passwords": ("former",), "shared": (SHARED,)}, None),
        ({"password": ""}, "has an empty `password`, which signs its reports"),
        ({"passwords": ("former", "")}, "has an empty secret in `callback_passwords`"),
        ({"shared": ("", SHARED)}, "has an empty secret in `inbound_secrets`"),
    ],
)
def test_an_empty_secret_is_a_problem(secrets: dict[str, Any], expected: str | None) -> None:
    """An empty secret keeps the receiver from starting; a Shared Secret is optional."""
    assert expected == adapter(**secrets).callback_problem()


def test_capital_digits_are_the_same_signature() -> None:
    """A signature in upper-case hexadecimal digits is genuine too."""
    callback = signed(REPORT, PASSWORD)
    ((name, value),) = callback.headers

    capital = Callback(body=callback.body, headers=[(name, value.upper())])

    assert GENUINE is adapter().verify(capital, CONTEXT)


def test_a_report() -> None:
    """A report has both ids, its time in UTC, the price, and the token of the callback URL."""
    event = only(REPORT)

    assert isinstance(event, StatusEvent)
    assert MessageId(f"baltic:{REPORT['omnimessage_id']}") == event.message_id
    assert (REPORT["message_id"], Channel.SMS) == (event.leg.provider_id, event.leg.channel)
    assert (Status.DELIVERED, datetime(2030, 1, 2, 3, 5, 9, 311, UTC)) == (event.status, event.at)
    assert Usage(parts=2, price=Decimal("0.10")) == event.leg.usage
    assert ("token-17", None, REPORT) == (event.token, event.reference, event.raw)
    assert REPORT["to"] == event.recipient


@pytest.mark.parametrize(
    ("members", "status", "reason"),
    [
        ({"status": "SEEN", "err": 10}, Status.READ, None),
        ({"status": None, "err": None}, Status.ACCEPTED, None),
        ({"status": "FAILED", "err": 3}, Status.FAILED, Reason.INVALID_RECIPIENT),
        ({"status": "DELIVERED", "err": 0}, Status.UNKNOWN, Reason.UNKNOWN),
    ],
)
def test_the_status_of_a_report(
    members: dict[str, Any], status: Status, reason: Reason | None
) -> None:
    """A report has the status and reason that a look-up gives; `err` decides over the status."""
    event = only(REPORT | members)

    assert (status, reason) == (event.status, event.reason)


@pytest.mark.parametrize("name", ["omnimessage_id", "message_id"])
@pytest.mark.parametrize("nothing", [None, "", 5])
def test_a_report_with_one_of_its_ids(name: str, nothing: object) -> None:
    """A report without the id of the message, or of the leg, is still a report."""
    event = only(REPORT | {name: nothing})

    assert isinstance(event, StatusEvent)
    message_id = MessageId(f"baltic:{REPORT['omnimessage_id']}")
    expected = {"omnimessage_id": message_id, "message_id": REPORT["message_id"]} | {name: None}
    assert expected == {"omnimessage_id": event.message_id, "message_id": event.leg.provider_id}


def test_a_report_without_a_time_is_of_its_arrival() -> None:
    """A report without a time, or with an unreadable one, has the time at which it came."""
    events = [only(REPORT | {"timestamp": each}) for each in (None, "soon", 5)]

    assert [NOW] * 3 == [each.at for each in events]


@pytest.mark.parametrize("kept", ["status", "omnimessage_id"])
def test_a_report_of_few_members(kept: str) -> None:
    """Of a report, only the status and one of the ids have to be there."""
    few = {name: REPORT[name] for name in {"status", "omnimessage_id"} - {kept}} | {
        "channel": "sms"
    }

    assert isinstance(only(few), UnparsedEvent)
    assert isinstance(only(few | {kept: REPORT[kept]}), StatusEvent)


@pytest.mark.parametrize("query", ["", "?omnimsg_token=", "?other=1"])
def test_a_report_without_a_token(query: str) -> None:
    """A report at an address without a token, or with an empty one, has none."""
    callback = signed(REPORT, PASSWORD, url=f"https://hooks.example.test/omnimsg/mess{query}")

    (event,) = adapter().parse(callback, CONTEXT)

    assert isinstance(event, StatusEvent)
    assert event.token is None


def test_a_report_is_recognised_again() -> None:
    """A repeated report has the same key; another status, error, leg, time or price does not."""
    changes: list[dict[str, Any]] = [
        {},
        {"status": "SEEN"},
        {"err": 1},
        {"message_id": "another"},
        {"omnimessage_id": "another"},
        {"timestamp": "2030-01-02T03:05:10"},
        {"channel": "viber"},
        {"price_info": None},
        {"price_info": REPORT["price_info"] | {"total_price": "0.05"}},
    ]
    keys = [only(REPORT | each).key for each in changes]

    assert keys[0] == only(REPORT).key
    assert len(changes) == len(set(keys))


def test_an_inbound_sms() -> None:
    """An inbound SMS keeps the short code, and has no `reply_to`."""
    event = only(INBOUND)

    assert isinstance(event, InboundMessage)
    assert MessageId(f"baltic:{INBOUND['msg_id']}") == event.id
    assert ("Is the table free?", "+37255500001", "1234", Channel.SMS) == (
        event.text,
        event.sender,
        event.to,
        event.channel,
    )
    assert (datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), None) == (event.at, event.reply_to)
    assert INBOUND == event.raw


def test_an_inbound_sms_is_recognised_again() -> None:
    """An inbound SMS has a key of both its ids, of which only the first is always there."""
    changes: list[dict[str, Any]] = [
        {},
        {"msg_id": "another"},
        {"sub_msg_id": "another"},
        {"sub_msg_id": None},
    ]
    events = [only(INBOUND | each) for each in changes]

    assert events[0].key == only(INBOUND | {"time": None}).key
    assert len(changes) == len({each.key for each in events})
    assert {InboundMessage} == {type(each) for each in events}


def test_an_inbound_sms_without_a_time_has_that_of_its_arrival() -> None:
    """An inbound SMS without a time, or with an unreadable one, has its arrival time."""
    events = [only(INBOUND | {"time": each}) for each in (None, "soon")]

    assert [NOW, NOW] == [each.at for each in events]


@pytest.mark.parametrize(
    "document",
    [
        {"status": "DELIVRD"},
        {"msg_id": "", "text": "a"},
        {"msg_id": "a", "text": None},
        {"new": 1},
        [REPORT],
        None,
        b"<html>",
    ],
)
def test_what_is_unknown_is_kept_whole(document: object) -> None:
    """An unknown callback is an `UnparsedEvent` with its content and the arrival time."""
    event = only(document)

    assert isinstance(event, UnparsedEvent)
    assert NOW == event.at
    assert (event.raw, event.body) in (
        (document, b""),
        (None, document if isinstance(document, bytes) else b"null"),
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<html>", "no JSON document"),
        (b"[" * 65 + b"]" * 65, "nested too deeply"),
        (b"[]", "neither a report nor an inbound SMS"),
    ],
)
def test_why_a_body_is_unparsed(body: bytes, expected: str) -> None:
    """An unparsed event says why, and keeps the bytes where there is no document."""
    event = only(body)

    assert (expected, b"" if body == b"[]" else body) == (event.why, event.body)


_NAMES = st.sampled_from((*REPORT, *INBOUND))


@given(st.dictionaries(_NAMES, json_values()))
def test_any_members_give_an_event(document: dict[str, Any]) -> None:
    """Any members of any type give one event, and never raise."""
    only(document)


@given(st.binary(), st.binary())
def test_any_bytes_are_refused(body: bytes, signature: bytes) -> None:
    """No random signature is genuine, and no bytes make `verify` or `parse` raise."""
    callback = Callback(body=body, headers=[(b"x-messente-signature", signature)], url=URL)

    assert GENUINE is not adapter(shared=(SHARED,)).verify(callback, CONTEXT)
    assert adapter().parse(callback, CONTEXT)
