"""Writing each kind of message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from clickatell.cases import TO, Case, stored
from clickatell.catalogue import CATALOGUE
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.adapter import Context, Effect, Response, TemplateMapping
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Template,
    TextParameter,
)
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.media import Encryption
from omnimsg.domain.message import Message
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret
from omnimsg_clickatell.wire.content import degrees
from omnimsg_clickatell.wire.encode import document, moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg_clickatell import ClickatellAdapter

FILES = stored("clickatell")


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE)
def test_content(
    build: Callable[..., ClickatellAdapter], context: Context, drive: Any, answer: Any, case: Case
) -> None:
    """Each kind of content passes the check and becomes exactly the members documented for it."""
    adapter = build(name="clickatell")
    message = case.message(FILES)

    requests, _ = drive(adapter.send([message], context), answer({}))

    envelope = {
        "channel": case.channel,
        "to": TO.removeprefix("+"),
        "clientMessageId": message.reference,
    }
    assert adapter.check(message) is None
    assert {"messages": [envelope | case.members(FILES)]} == orjson.loads(requests[0].body)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            Template("mapped", "en", body=(TextParameter("Thandi", name="1"),)),
            {
                "templateName": "mapped_v2",
                "language": "pt_BR",
                "body": {"parameters": {"1": "Thandi"}},
            },
        ),
        (
            Template("keyed", body=("first", "second")),
            {"templateName": "keyed", "body": {"parameters": {"2": "first", "1": "second"}}},
        ),
    ],
    ids=["name and language", "keys"],
)
def test_mapped_template(
    adapter: ClickatellAdapter, template: Template, expected: dict[str, Any]
) -> None:
    """The account's mapping decides name, language and keys of a template."""
    message = Message(TO, template, channel=Channel.WHATSAPP)

    assert adapter.check(message) is None
    assert expected == document(message, adapter)["template"]


FIELDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"sender": "12345"}, {"from": "12345"}),
    ({"ttl": 60}, {"validityPeriod": 1}),
    ({"encryption": Encryption(key=Secret("a2V5"))}, {"encryptionKey": "a2V5"}),
    (
        {"extras": {"clickatell": {"binary": False, "new": {"a": [1]}}}},
        {"binary": False, "new": {"a": [1]}},
    ),
    ({"extras": {"bird": {"new": 1}}}, {}),
]


@pytest.mark.parametrize(("fields", "expected"), FIELDS)
def test_fields(
    adapter: ClickatellAdapter,
    context: Context,
    drive: Any,
    answer: Callable[..., Response],
    fields: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    """Each optional field of a message becomes exactly the member documented for it."""
    message = Message(TO, "Hi", reference="r", **fields)

    requests, _ = drive(adapter.send([message], context), answer({}))

    usual = {"channel": "sms", "to": "27820000001", "clientMessageId": "r", "content": "Hi"}
    assert adapter.check(message) is None
    assert {"messages": [usual | expected]} == orjson.loads(requests[0].body)


def test_request(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Callable[..., Response]
) -> None:
    """A send is one POST that may reach a phone, authorised by the bare key."""
    messages = [Message(TO, "Hi"), Message(TO, "Ho", channel=Channel.WHATSAPP)]

    [request], _ = drive(adapter.send(messages, context), answer({}))

    assert ("POST", "/v1/message", Effect.SENDS, True) == (
        request.method,
        request.url,
        request.effect,
        request.authenticated,
    )
    assert frozenset({202, 207}) == request.success
    assert request.content_type == "application/json"
    assert {"Authorization": "k-_="} == adapter.authorization()


def test_account_defaults(build: Callable[..., ClickatellAdapter]) -> None:
    """The account's sender is for SMS only, and a message's extras override the account's."""
    adapter = build(
        sender="+27870000000",
        channel=Channel.WHATSAPP,
        extras={"a": {"x": 1, "y": 1}, "b": 1},
    )
    own = {"clickatell": {"a": {"y": 2}}}

    whatsapp = document(Message(TO, "Hi", reference="r", extras=own), adapter)
    sms = document(Message(TO, "Hi", reference="r", channel=Channel.SMS), adapter)

    assert {
        "channel": "whatsapp",
        "to": "27820000001",
        "clientMessageId": "r",
        "content": "Hi",
        "a": {"x": 1, "y": 2},
        "b": 1,
    } == whatsapp
    assert sms["from"] == "27870000000"


def test_waiting_shortens_the_validity(adapter: ClickatellAdapter, drive: Any, answer: Any) -> None:
    """The time that a message has waited is subtracted from its validity."""
    context = Context(account="cape", now=datetime(2030, 5, 1, tzinfo=UTC), waited=70.5)

    requests, _ = drive(adapter.send([Message(TO, "Hi", ttl=180)], context), answer({}))

    assert orjson.loads(requests[0].body)["messages"][0]["validityPeriod"] == 2


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2030, 5, 1, 9, 0, 0, 1, tzinfo=UTC), "2030-05-01T09:00:01Z"),
        (datetime(2030, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "2031-01-01T00:00:00Z"),
        (
            datetime(2030, 5, 1, 9, tzinfo=timezone(timedelta(hours=2))),
            "2030-05-01T07:00:00Z",
        ),
        (
            datetime(2030, 5, 1, 9, tzinfo=timezone(timedelta(hours=1, seconds=1))),
            "2030-05-01T07:59:59Z",
        ),
    ],
)
def test_times_are_written_in_whole_seconds_in_utc(at: datetime, expected: str) -> None:
    """A time is written in whole seconds, rounded up, in UTC."""
    assert expected == moment(at)


@given(st.floats(-180, 180))
def test_coordinates_have_no_exponent(value: float) -> None:
    """A coordinate is written without an exponent and reads back as the very same number."""
    text = degrees(value)

    assert value == float(text)
    assert set(text) <= set("-.0123456789")
    assert text != "-0.0"


def test_template_of_the_account(build: Callable[..., ClickatellAdapter]) -> None:
    """A mapping without a name keeps the template's own name."""
    adapter = build(templates={"t": TemplateMapping(language="nb")})

    written = document(Message(TO, Template("t", "en"), channel=Channel.WHATSAPP), adapter)

    assert {"templateName": "t", "language": "nb", "body": {}} == written["template"]


@pytest.mark.parametrize("sender", ["Shop", "+12", "1234567890123456", "+2787 000"])
def test_a_sender_is_a_number(build: Callable[..., ClickatellAdapter], sender: str) -> None:
    """A sender that is no number is refused in a message and in an account."""
    failure = build().check(Message(TO, "Hi", channel="sms", sender=sender))

    assert failure is not None
    assert ("sender", Reason.INVALID_SENDER) == (failure.path, failure.reason)
    with pytest.raises(ConfigError, match=r"accounts\.cape\.sender must"):
        build(sender=sender)
    with pytest.raises(ConfigError, match=r"accounts\.cape\.senders\.sms must"):
        build(sender="12345", senders={Channel.SMS: sender})


def test_the_accounts_sender_is_not_dropped_on_whatsapp(
    build: Callable[..., ClickatellAdapter],
) -> None:
    """An account's sender for all channels is refused on WhatsApp, which has no sender."""
    on_all, on_sms = build(sender="+27870000000"), build(senders={Channel.SMS: "+27870000000"})
    message = Message(TO, "Hi", channel="whatsapp")

    failure = on_all.check(message)

    assert failure is not None
    assert ("sender", Reason.MISCONFIGURED) == (failure.path, failure.reason)
    assert on_sms.check(message) is None
    assert on_sms.check(attrs.evolve(message, channel="sms")) is None
