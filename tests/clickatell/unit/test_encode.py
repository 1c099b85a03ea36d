"""What is written for each kind of message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.adapter import Context, Effect, Response, TemplateMapping
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Binary,
    ButtonKind,
    ContactCard,
    Contacts,
    Content,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaParameter,
    OpenUrl,
    Reply,
    RequestLocation,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.media import Encryption, Inline, MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg_clickatell.wire.content import degrees
from omnimsg_clickatell.wire.encode import document, moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg_clickatell import ClickatellAdapter

TO = "+27820000001"
STORED = Stored(account="cape", id="5f2c1d60-1.png")
DIGEST = "ab" * 32


def _item(kind: MediaKind, **more: Any) -> MediaItem:
    return MediaItem(kind, more.pop("source", STORED), **more)


SMS: list[tuple[Content, dict[str, Any]]] = [
    (Text("Hi"), {"content": "Hi"}),
    (Text("Hi", udh="050003CC0201"), {"content": "Hi", "userDataHeader": "050003CC0201"}),
    (Binary(b"\x00\xff"), {"content": "00ff", "binary": True}),
    (
        Binary(b"\x01", udh="0605040B8423F0"),
        {"content": "01", "binary": True, "userDataHeader": "0605040B8423F0"},
    ),
]

BUTTONS = (
    TemplateButton(4, ButtonKind.OTP, value="123456"),
    TemplateButton(1, ButtonKind.URL, value="booking/71"),
    TemplateButton(3, ButtonKind.REPLY, value="cancel-71"),
    TemplateButton(2, ButtonKind.COUPON, value="MAY30"),
)

WHATSAPP: list[tuple[Content, dict[str, Any]]] = [
    (Text("Hi"), {"content": "Hi"}),
    (Text("Hi", preview_url=True), {"content": "Hi", "previewFirstUrl": True}),
    (Text("Hi", preview_url=False), {"content": "Hi", "previewFirstUrl": False}),
    (
        Media(
            (_item(MediaKind.DOCUMENT, source=Inline(b"hello"), content_type="application/pdf"),)
        ),
        {"content": "aGVsbG8=", "media": {"contentType": "application/pdf"}},
    ),
    (
        Media(
            (
                _item(
                    MediaKind.IMAGE,
                    source=Inline(b"hello"),
                    content_type="image/png",
                    file_name="menu.png",
                    sha256=DIGEST,
                ),
            ),
            "Tonight",
        ),
        {
            "content": "aGVsbG8=",
            "media": {
                "contentType": "image/png",
                "caption": "Tonight",
                "fileName": "menu.png",
                "sha256Hash": DIGEST,
            },
        },
    ),
    (
        Media((_item(MediaKind.IMAGE, size=12),), "Tonight"),
        {"media": {"fileId": "5f2c1d60-1.png", "caption": "Tonight"}},
    ),
    (
        Media((_item(MediaKind.AUDIO, content_type="audio/ogg; codecs=opus"),)),
        {"media": {"fileId": "5f2c1d60-1.png", "contentType": "audio/ogg; codecs=opus"}},
    ),
    (
        Location(-33.92, 18.42, name="Cafe", address="1 Long St"),
        {
            "location": {
                "latitude": "-33.92",
                "longitude": "18.42",
                "name": "Cafe",
                "address": "1 Long St",
            }
        },
    ),
    (Location(1e-7, -0.0), {"location": {"latitude": "0.0000001", "longitude": "0.0"}}),
    (
        Contacts(
            (
                ContactCard(
                    name={"formatted_name": "Thandi M"},
                    phones=[{"phone": "+27820000009", "type": "CELL"}],
                    emails=[{"email": "t@example.test"}],
                    addresses=[{"city": "Cape Town"}],
                    urls=[{"url": "https://example.test"}],
                    org={"company": "Shop"},
                    birthday="1990-01-31",
                ),
                ContactCard(name={"formatted_name": "Bo"}, birthday="1991-02-01"),
                ContactCard(name={"formatted_name": "Cy"}, phones=[{"phone": "1"}]),
            )
        ),
        {
            "contacts": [
                {
                    "name": {"formatted_name": "Thandi M"},
                    "phones": [{"phone": "+27820000009", "type": "CELL"}],
                    "emails": [{"email": "t@example.test"}],
                    "addresses": [{"city": "Cape Town"}],
                    "urls": [{"url": "https://example.test"}],
                    "org": {"company": "Shop"},
                    "birthday": "1990-01-31",
                },
                {"name": {"formatted_name": "Bo"}, "birthday": "1991-02-01"},
                {"name": {"formatted_name": "Cy"}, "phones": [{"phone": "1"}]},
            ]
        },
    ),
    (Template("plain"), {"template": {"templateName": "plain", "body": {}}}),
    (
        Template("ready", "en", body=("Thandi", "19:30")),
        {
            "template": {
                "templateName": "ready",
                "language": "en",
                "body": {"parameters": {"1": "Thandi", "2": "19:30"}},
            }
        },
    ),
    (
        Template("mapped", "en", body=(TextParameter("Thandi", name="1"),)),
        {
            "template": {
                "templateName": "mapped_v2",
                "language": "pt_BR",
                "body": {"parameters": {"1": "Thandi"}},
            }
        },
    ),
    (
        Template("keyed", body=("first", "second")),
        {
            "template": {
                "templateName": "keyed",
                "body": {"parameters": {"2": "first", "1": "second"}},
            }
        },
    ),
    (
        Template("t", header=TextParameter("71")),
        {
            "template": {
                "templateName": "t",
                "header": {"type": "text", "text": {"parameters": {"1": "71"}}},
                "body": {},
            }
        },
    ),
    (
        Template("t", header=MediaParameter(_item(MediaKind.IMAGE, content_type="image/png"))),
        {
            "template": {
                "templateName": "t",
                "header": {"type": "media", "media": {"fileId": "5f2c1d60-1.png"}},
                "body": {},
            }
        },
    ),
    (
        Template("t", header=LocationParameter(Location(1, 2, name="Cafe", address="1 Long St"))),
        {
            "template": {
                "templateName": "t",
                "header": {
                    "type": "location",
                    "location": {
                        "latitude": "1.0",
                        "longitude": "2.0",
                        "name": "Cafe",
                        "address": "1 Long St",
                    },
                },
                "body": {},
            }
        },
    ),
    (
        Template("t", buttons=BUTTONS),
        {
            "template": {
                "templateName": "t",
                "body": {},
                "templateButtons": [
                    {"index": 1, "type": "url", "url": {"url": "booking/71"}},
                    {"index": 2, "type": "couponCode", "couponCode": {"code": "MAY30"}},
                    {
                        "index": 3,
                        "type": "suggestedResponse",
                        "suggestedResponse": {"postbackData": "cancel-71"},
                    },
                    {"index": 4, "type": "otp", "otp": {"code": "123456"}},
                ],
            }
        },
    ),
    (
        ListPicker(
            "Pick one",
            "Menu",
            header="Today",
            footer="Until nine",
            sections=(
                ListSection((ListItem("Soup", "soup", description="Hot"),), "Starters"),
                ListSection((ListItem("Cake", "cake"),), "Sweets"),
            ),
        ),
        {
            "listPicker": {
                "title": "Today",
                "subtitle": "Pick one",
                "footer": "Until nine",
                "button": "Menu",
                "sections": [
                    {
                        "title": "Starters",
                        "items": [{"title": "Soup", "subtitle": "Hot", "postbackData": "soup"}],
                    },
                    {"title": "Sweets", "items": [{"title": "Cake", "postbackData": "cake"}]},
                ],
            }
        },
    ),
    (
        ListPicker("Pick", "Menu", sections=(ListSection((ListItem("Soup", "soup"),)),)),
        {
            "listPicker": {
                "subtitle": "Pick",
                "button": "Menu",
                "sections": [{"items": [{"title": "Soup", "postbackData": "soup"}]}],
            }
        },
    ),
    (
        Interactive("Come?", (Reply("Yes", "y"), Reply("No")), header="Dinner", footer="RSVP"),
        {
            "button": {
                "header": {"type": "text", "text": "Dinner"},
                "body": "Come?",
                "footer": "RSVP",
                "items": [
                    {"type": "reply", "title": "Yes", "postbackData": "y"},
                    {"type": "reply", "title": "No", "postbackData": "No"},
                ],
            }
        },
    ),
    (
        Interactive("Come?", (Reply("Yes", "y"),), header=_item(MediaKind.VIDEO)),
        {
            "button": {
                "header": {
                    "type": "media",
                    "media": {"type": "video", "fileId": "5f2c1d60-1.png"},
                },
                "body": "Come?",
                "items": [{"type": "reply", "title": "Yes", "postbackData": "y"}],
            }
        },
    ),
    (
        Interactive("Look", (OpenUrl("Open", "https://example.test/71"),), footer="Soon"),
        {
            "actionUrl": {
                "body": "Look",
                "footer": "Soon",
                "title": "Open",
                "url": "https://example.test/71",
            }
        },
    ),
    (
        Interactive("Where are you?", (RequestLocation(),)),
        {"locationRequest": {"body": "Where are you?"}},
    ),
]

CASES = [(Channel.SMS, *case) for case in SMS] + [(Channel.WHATSAPP, *case) for case in WHATSAPP]


@pytest.mark.parametrize(("channel", "content", "expected"), CASES)
def test_content(
    adapter: ClickatellAdapter, channel: Channel, content: Content, expected: dict[str, Any]
) -> None:
    """Each kind of content passes the check and becomes exactly the members documented for it."""
    message = Message(TO, content, channel=channel, reference="r")

    written = document(message, adapter)

    envelope = {"channel": channel.value, "to": "27820000001", "clientMessageId": "r"}
    assert adapter.check(message) is None
    assert envelope | expected == written


FIELDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"sender": "+27870000000"}, {"from": "27870000000"}),
    ({"sender": "Shop"}, {"from": "Shop"}),
    ({"ttl": 60}, {"validityPeriod": 1}),
    ({"ttl": 61}, {"validityPeriod": 2}),
    (
        {"send_at": datetime(2030, 5, 1, 9, tzinfo=UTC)},
        {"scheduledDeliveryTime": "2030-05-01T09:00:00Z"},
    ),
    (
        {"encryption": Encryption(key=Secret("a2V5"), key_arn="arn:k", cipher="AES/GCM")},
        {"encryptionKey": "a2V5", "encryptionKeyArn": "arn:k", "encryptionCipher": "AES/GCM"},
    ),
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
    """A send is one POST that may reach a phone, with the bare key as its authorization."""
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
    """The account's sender goes into SMS only, and its extras come before the message's own."""
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


def test_old_buttons_by_extras(adapter: ClickatellAdapter) -> None:
    """The deprecated `buttons` of a template are reached through extras, merged into the rest."""
    buttons = {"suggestedResponse": {"postbackData": {"1": "yes"}}}
    message = Message(
        TO,
        Template("t", body=("a",)),
        channel=Channel.WHATSAPP,
        reference="r",
        extras={"clickatell": {"template": {"buttons": buttons}}},
    )

    assert adapter.check(message) is None
    assert {
        "templateName": "t",
        "body": {"parameters": {"1": "a"}},
        "buttons": buttons,
    } == document(message, adapter)["template"]


def test_ttl_that_has_run_down(adapter: ClickatellAdapter, drive: Any, answer: Any) -> None:
    """What the message has waited already is no longer part of its validity."""
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
def test_moment(at: datetime, expected: str) -> None:
    """A time is written in whole seconds, rounded up, in UTC."""
    assert expected == moment(at)


@given(st.floats(-180, 180))
def test_degrees(value: float) -> None:
    """A coordinate is written without an exponent and reads back as the very same number."""
    text = degrees(value)

    assert value == float(text)
    assert set(text) <= set("-.0123456789")
    assert text != "-0.0"


def test_template_of_the_account(build: Callable[..., ClickatellAdapter]) -> None:
    """A mapping without a name or a language leaves the message's own."""
    adapter = build(templates={"t": TemplateMapping(language="nb")})

    written = document(Message(TO, Template("t", "en"), channel=Channel.WHATSAPP), adapter)

    assert {"templateName": "t", "language": "nb", "body": {}} == written["template"]
