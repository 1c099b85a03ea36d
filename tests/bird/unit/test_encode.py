"""What goes on the wire, member by member."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest

from omnimsg.adapter import Account, Effect
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Attachment,
    Buy,
    Card,
    Carousel,
    Content,
    DateTimeParameter,
    Email,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    Media,
    MediaItem,
    MediaParameter,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Section,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.errors import ConfigError, InvalidValue
from omnimsg.domain.media import Inline, Link, MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg_bird import BirdAdapter, BirdSettings

if TYPE_CHECKING:
    from omnimsg.adapter import Context

URL = "https://media.example.test/a"
PROJECT = "0b8c6f0e-58a7-4b5e-9d55-5b8e8a6f1c11"
STORED = Stored(account="nest", url="https://media.api.bird.com/m")


def document(adapter: BirdAdapter, message: Message, context: Context) -> Any:
    """Return the body of the request for a message that passed the check."""
    assert adapter.check(message) is None
    request = next(adapter.send([message], context))
    assert isinstance(request.body, bytes)
    return orjson.loads(request.body)


YES = {"type": "reply", "reply": {"text": "Yes"}}
CARDS = Carousel(
    [
        Card(
            title=title,
            text="Menu",
            media=MediaItem(MediaKind.IMAGE, STORED, alt_text="A plate"),
            actions=[OpenUrl("Open", URL)],
        )
        for title in ("Tonight", "Tomorrow")
    ],
    "Our menus",
)
WIRE_CARDS = {
    "text": "Our menus",
    "items": [
        {
            "title": title,
            "description": "Menu",
            "mediaUrl": STORED.url,
            "altText": "A plate",
            "actions": [{"type": "link", "link": {"text": "Open", "url": URL}}],
        }
        for title in ("Tonight", "Tomorrow")
    ],
}

TAPPED: list[tuple[Content, str, dict[str, Any]]] = [
    (
        Interactive(
            "Pay",
            [
                Reply("Yes", description="Please", image_url=URL),
                Reply("No", "no"),
                OpenUrl("Open", URL),
                RequestLocation(),
                RequestLocation("Where"),
                Buy("Buy", Decimal("9.90"), currency="EUR"),
            ],
        ),
        "text",
        {
            "text": "Pay",
            "actions": [
                {
                    "type": "reply",
                    "reply": {
                        "text": "Yes",
                        "imageUrl": URL,
                        "metadata": {"description": {"label": "Please"}},
                    },
                },
                {"type": "postback", "postback": {"text": "No", "payload": "no"}},
                {"type": "link", "link": {"text": "Open", "url": URL}},
                {"type": "locationRequest"},
                {"type": "locationRequest", "locationRequest": {"text": "Where"}},
                {
                    "type": "buy",
                    "buy": {"text": "Buy", "amountCents": 990, "currency": "EUR"},
                },
            ],
        },
    ),
    *(
        (
            Interactive("Look", [Reply("Yes")], header=item),
            kind,
            {
                **shown,
                "text": "Look",
                "actions": [{"type": "reply", "reply": {"text": "Yes"}}],
            },
        )
        for item, kind, shown in (
            (
                MediaItem(MediaKind.IMAGE, Link(URL)),
                "image",
                {"images": [{"mediaUrl": URL}]},
            ),
            (MediaItem(MediaKind.GIF, Link(URL)), "gif", {"mediaUrl": URL}),
            (
                MediaItem(MediaKind.VIDEO, Link(URL), content_type="video/mp4"),
                "file",
                {"files": [{"mediaUrl": URL, "contentType": "video/mp4"}]},
            ),
        )
    ),
    (
        Location(59.4, 24.7),
        "location",
        {"coordinates": {"latitude": 59.4, "longitude": 24.7}},
    ),
    (
        Location(59.4, 24.7, name="Shop", address="Pikk 1"),
        "location",
        {
            "coordinates": {"latitude": 59.4, "longitude": 24.7},
            "location": {"label": "Shop", "address": "Pikk 1"},
        },
    ),
    (
        ListPicker(
            "Choose",
            "Show",
            header="Tables",
            sections=[
                ListSection([ListItem("A", "a", description="First")], "Inside"),
                ListSection([ListItem("B", "b")], "Outside"),
            ],
        ),
        "list",
        {
            "title": "Tables",
            "text": "Choose",
            "items": [
                {
                    "title": "Inside",
                    "actions": [
                        {
                            "type": "postback",
                            "postback": {
                                "text": "A",
                                "payload": "a",
                                "metadata": {"description": {"label": "First"}},
                            },
                        }
                    ],
                },
                {
                    "title": "Outside",
                    "actions": [{"type": "postback", "postback": {"text": "B", "payload": "b"}}],
                },
            ],
            "metadata": {"button": {"label": "Show"}},
        },
    ),
    (
        CARDS,
        "carousel",
        WIRE_CARDS,
    ),
    (
        Section([Text("Hi"), Section([CARDS, Location(1, 2)])]),
        "section",
        {
            "items": [
                {"type": "text", "text": {"text": "Hi"}},
                {
                    "type": "section",
                    "section": {
                        "items": [
                            {"type": "carousel", "carousel": WIRE_CARDS},
                            {
                                "type": "location",
                                "location": {"coordinates": {"latitude": 1, "longitude": 2}},
                            },
                        ]
                    },
                },
            ]
        },
    ),
    (
        Otp(True, 10, actions=[Reply("Copy", "123456")]),
        "authentication",
        {
            "otp": {
                "disclaimer": True,
                "expirationTime": 10,
                "actions": [
                    {"type": "postback", "postback": {"text": "Copy", "payload": "123456"}}
                ],
            }
        },
    ),
    (Otp(False), "authentication", {"otp": {"disclaimer": False}}),
]

BODIES: list[tuple[Channel, Content, dict[str, Any]]] = [
    (Channel.SMS, Text("Hi"), {"type": "text", "text": {"text": "Hi"}}),
    (
        Channel.WHATSAPP,
        Text("Hi", preview_url=True),
        {"type": "text", "text": {"text": "Hi", "metadata": {"whatsapp": {"previewUrl": True}}}},
    ),
    (
        Channel.SMS,
        Media.link("image", URL),
        {"type": "image", "image": {"images": [{"mediaUrl": URL}]}},
    ),
    (
        Channel.WHATSAPP,
        Media(
            (
                MediaItem(MediaKind.IMAGE, Link(URL), alt_text="A cat"),
                MediaItem(MediaKind.IMAGE, STORED),
            ),
            "Look",
        ),
        {
            "type": "image",
            "image": {
                "images": [{"mediaUrl": URL, "altText": "A cat"}, {"mediaUrl": STORED.url}],
                "text": "Look",
            },
        },
    ),
    *(
        (
            Channel.WHATSAPP,
            Media.link(kind, URL, caption="Look", content_type=mime, file_name="a"),
            {
                "type": "file",
                "file": {
                    "files": [{"mediaUrl": URL, "contentType": mime, "filename": "a"}],
                    "text": "Look",
                },
            },
        )
        for kind, mime in (
            ("video", "video/mp4"),
            ("audio", "audio/ogg"),
            ("document", "application/pdf"),
        )
    ),
    (
        Channel.WHATSAPP,
        Media(
            (MediaItem(MediaKind.STICKER, Link(URL), content_type="image/webp", animated=False),)
        ),
        {
            "type": "file",
            "file": {
                "files": [
                    {
                        "mediaUrl": URL,
                        "contentType": "image/webp",
                        "metadata": {"isAnimated": False},
                    }
                ]
            },
        },
    ),
    (
        Channel.SMS,
        Media((MediaItem(MediaKind.GIF, Link(URL), alt_text="A cat"),), "Look"),
        {"type": "gif", "gif": {"mediaUrl": URL, "text": "Look", "altText": "A cat"}},
    ),
    (
        Channel.EMAIL,
        Email(subject="S", html="<p>H</p>", text="H"),
        {
            "type": "html",
            "html": {"html": "<p>H</p>", "text": "H", "metadata": {"subject": "S"}},
        },
    ),
    (
        Channel.EMAIL,
        Email(subject="S", text="H"),
        {"type": "text", "text": {"text": "H", "metadata": {"subject": "S"}}},
    ),
    (
        Channel.EMAIL,
        Email(
            subject="S",
            text="H",
            headers={"X-A": "b"},
            attachments=(
                Attachment(STORED, "a.pdf"),
                Attachment(Link(URL), "b.png", content_id="logo"),
            ),
        ),
        {
            "type": "text",
            "text": {
                "text": "H",
                "attachments": [
                    {"mediaUrl": STORED.url, "filename": "a.pdf"},
                    {"mediaUrl": URL, "filename": "b.png", "contentId": "logo", "inline": True},
                ],
                "metadata": {"subject": "S", "headers": {"X-A": "b"}},
            },
        },
    ),
    (
        Channel.EMAIL,
        Email(
            subject="S",
            text="H",
            from_name="Shop",
            attachments=(
                Attachment(Inline(b"pdf"), "a.pdf", content_type="application/pdf"),
                Attachment(Link(URL), "b.png", content_type="image/png"),
            ),
        ),
        {
            "type": "html",
            "html": {
                "text": "H",
                "attachments": [
                    {"content": "cGRm", "contentType": "application/pdf", "filename": "a.pdf"},
                    {"mediaUrl": URL, "contentType": "image/png", "filename": "b.png"},
                ],
                "metadata": {"subject": "S", "emailFrom": {"displayName": "Shop"}},
            },
        },
    ),
    *((Channel.WHATSAPP, content, {"type": kind, kind: said}) for content, kind, said in TAPPED),
]


@pytest.mark.parametrize(("channel", "content", "body"), BODIES)
def test_content_is_written_as_the_reference_names_its_members(
    adapter: BirdAdapter,
    context: Context,
    channel: Channel,
    content: Content,
    body: dict[str, Any],
) -> None:
    """Each kind of content on each channel becomes exactly the documented body."""
    email = channel is Channel.EMAIL
    to, key = ("ola@example.test", "emailaddress") if email else ("+37255500001", "phonenumber")
    message = Message(to, content, channel=channel, reference="r-1")

    written = document(adapter, message, context)

    assert written == {
        "receiver": {"contacts": [{"identifierKey": key, "identifierValue": to}]},
        "body": body,
        "reference": "r-1",
    }


@pytest.mark.parametrize(
    ("template", "written"),
    [
        (Template("plain"), {"name": "plain"}),
        (
            Template(PROJECT, "pt_BR"),
            {"projectId": PROJECT, "version": "latest", "locale": "pt-BR"},
        ),
        (
            Template(
                "pictured",
                header=MediaParameter(MediaItem(MediaKind.IMAGE, STORED), name="picture"),
                body=(DateTimeParameter("19:30", name="when"),),
            ),
            {
                "name": "pictured",
                "parameters": [
                    {"type": "string", "key": "picture", "value": STORED.url},
                    {"type": "string", "key": "when", "value": "19:30"},
                ],
            },
        ),
        (
            Template("named", "en", version="7", body=(TextParameter("Ola", name="who"),)),
            {
                "name": "named",
                "version": "7",
                "locale": "en",
                "parameters": [{"type": "string", "key": "who", "value": "Ola"}],
            },
        ),
        (
            Template(
                "mapped",
                "en",
                body=(TextParameter("Ola", name="ignored"), TextParameter("9", name="rest")),
                header=TextParameter("Hi", name="head"),
            ),
            {
                "projectId": "p-1",
                "version": "v-2",
                "locale": "pl",
                "parameters": [
                    {"type": "string", "key": "head", "value": "Hi"},
                    {"type": "string", "key": "first", "value": "Ola"},
                    {"type": "string", "key": "rest", "value": "9"},
                ],
            },
        ),
    ],
)
def test_a_template_stands_beside_the_body_with_flat_parameters(
    adapter: BirdAdapter, context: Context, template: Template, written: dict[str, Any]
) -> None:
    """The mapping names project, version, language and keys; the parameters name the rest."""
    message = Message("+37255500001", template, channel=Channel.WHATSAPP, reference="r-1")

    found = document(adapter, message, context)

    assert {"receiver", "template", "reference"} == set(found)
    assert written == found["template"]


@pytest.mark.parametrize(
    ("to", "contact"),
    [
        (ProviderContact(id="k-1"), {"id": "k-1"}),
        (
            ProviderContact(key="whatsappbsuid", value="v"),
            {"identifierKey": "whatsappbsuid", "identifierValue": "v"},
        ),
    ],
)
def test_a_contact_of_the_address_book_is_named_by_id_or_identifier(
    adapter: BirdAdapter, context: Context, to: ProviderContact, contact: dict[str, str]
) -> None:
    """A recipient may be somebody whom the provider already knows."""
    message = Message(to, "Hi", channel=Channel.WHATSAPP)

    assert document(adapter, message, context)["receiver"] == {"contacts": [contact]}


def test_an_email_names_copies_and_its_sender(adapter: BirdAdapter, context: Context) -> None:
    """Copies are contacts with a type; only an e-mail has a sender."""
    message = Message(
        "a@example.test",
        Email(subject="S", text="H", cc=("b@example.test",), bcc=("c@example.test",)),
        channel=Channel.EMAIL,
        sender="shop",
    )

    written = document(adapter, message, context)

    assert written["receiver"]["contacts"] == [
        {"identifierKey": "emailaddress", "identifierValue": "a@example.test", "type": "to"},
        {"identifierKey": "emailaddress", "identifierValue": "b@example.test", "type": "cc"},
        {"identifierKey": "emailaddress", "identifierValue": "c@example.test", "type": "bcc"},
    ]
    assert written["sender"] == {"connector": {"identifierValue": "shop"}}


def test_the_accounts_sender_is_for_emails_only(settings: BirdSettings, context: Context) -> None:
    """A channel has its own number, so the account's sender does not reach it."""
    adapter = BirdAdapter(
        Account(name="nest", settings=settings, base_url=BirdAdapter.base_url, sender="shop")
    )
    email = Message("a@example.test", Email(subject="S", text="H"), channel=Channel.EMAIL)
    sms = Message("+37255500001", "Hi", channel=Channel.SMS)

    assert document(adapter, email, context)["sender"] == {"connector": {"identifierValue": "shop"}}
    assert "sender" not in document(adapter, sms, context)


def test_the_envelope_carries_time_life_tags_and_report_address(
    adapter: BirdAdapter, context: Context
) -> None:
    """The optional fields have their own names here, and the reference goes along."""
    message = Message(
        "+37255500001",
        "Hi",
        channel=Channel.SMS,
        reference="r-1",
        send_at=datetime(2030, 5, 1, 9, tzinfo=timezone(timedelta(hours=2))),
        ttl=90,
        tags=("Parcel 7",),
        callback_url="https://app.example.test/bird",
        metadata={"never": "leaves"},
    )

    written = document(adapter, message, context)

    assert written == {
        "receiver": {
            "contacts": [{"identifierKey": "phonenumber", "identifierValue": "+37255500001"}]
        },
        "body": {"type": "text", "text": {"text": "Hi"}},
        "reference": "r-1",
        "tags": ["Parcel 7"],
        "scheduledFor": "2030-05-01T09:00:00+02:00",
        "validity": 90,
        "notification": {"url": "https://app.example.test/bird"},
    }


def test_waiting_eats_into_the_ttl(adapter: BirdAdapter, context: Context) -> None:
    """The provider gets what is left of the ttl."""
    message = Message("+37255500001", "Hi", channel=Channel.SMS, ttl=90)

    written = document(adapter, message, attrs.evolve(context, waited=29.5))

    assert written["validity"] == 61


def test_extras_are_merged_last(settings: BirdSettings, context: Context) -> None:
    """The account's extras come first, the message's last, each member by member."""
    adapter = BirdAdapter(
        Account(
            name="nest",
            settings=settings,
            base_url=BirdAdapter.base_url,
            extras={"enableLinkTracking": True, "meta": {"a": 1}},
        )
    )
    message = Message(
        "+37255500001",
        "Hi",
        channel=Channel.SMS,
        extras={"bird": {"meta": {"b": 2}, "validity": 5}, "messente": {"priority": "low"}},
    )

    written = document(adapter, message, context)

    assert (True, {"a": 1, "b": 2}, 5) == (
        written["enableLinkTracking"],
        written["meta"],
        written["validity"],
    )
    assert "priority" not in written


@pytest.mark.parametrize("key", ["receiver", "reference"])
def test_an_accounts_extras_cannot_touch_what_decides_who_is_texted(
    settings: BirdSettings, key: str
) -> None:
    """Protected members in the account's extras are an error of the configuration."""
    account = Account(
        name="nest", settings=settings, base_url=BirdAdapter.base_url, extras={key: {}}
    )

    with pytest.raises(ConfigError, match=rf"accounts\.nest\.extras\.{key}"):
        BirdAdapter(account)


def test_each_channel_has_an_address_and_a_group_of_its_own(
    adapter: BirdAdapter, context: Context
) -> None:
    """The channel's id stands in the path, so channels never share a request."""
    sms = Message("+37255500001", "Hi", channel=Channel.SMS)
    whatsapp = attrs.evolve(sms, channel=Channel.WHATSAPP)

    requests = [next(adapter.send([each], context)) for each in (sms, whatsapp)]

    assert adapter.group(sms) != adapter.group(whatsapp)
    assert [
        "/workspaces/w-1/channels/c-sms/messages",
        "/workspaces/w-1/channels/c-wa/messages",
    ] == [each.url for each in requests]
    assert {("POST", Effect.SENDS, True)} == {
        (each.method, each.effect, each.authenticated) for each in requests
    }
    assert {"Authorization": "AccessKey token"} == adapter.authorization()


@pytest.mark.parametrize(
    ("channels", "path"),
    [
        ({}, "channels"),
        ("c-1", "channels"),
        ({"whatsap": "c"}, "channels.whatsap"),
        ({"viber": "c"}, "channels.viber"),
        ({"sms": ""}, "channels.sms"),
        ({"sms": "c/1"}, "channels.sms"),
        ({"sms": 1}, "channels.sms"),
    ],
)
def test_settings_name_the_channel_that_is_wrong(channels: Any, path: str) -> None:
    """A slip in the configuration is an error at start, not a refusal of every message."""
    with pytest.raises(InvalidValue) as refused:
        BirdSettings(access_key=Secret("token"), workspace_id="w-1", channels=channels)

    assert f"BirdSettings.{path}" == refused.value.problems[0].path
