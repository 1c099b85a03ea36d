"""Refusals before a request is made, and their paths."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest

from omnimsg.adapter import Account
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Attachment,
    Autoconvert,
    ButtonKind,
    Buy,
    Card,
    CardHeight,
    CardWidth,
    Carousel,
    Content,
    CurrencyParameter,
    Dial,
    Email,
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
    Otp,
    Reply,
    RequestLocation,
    Section,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.media import Inline, Link, MediaKind, Stored
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.secret import Secret
from omnimsg_bird import BirdAdapter, BirdSettings

URL = "https://media.example.test/a"
IMAGE = MediaItem(MediaKind.IMAGE, Link(URL))
WEBP = attrs.evolve(IMAGE, content_type="Image/WebP; q=1")
GIF = MediaItem(MediaKind.GIF, Link(URL))
PDF = MediaItem(MediaKind.DOCUMENT, Link(URL), content_type="application/pdf")

CARD = Card(title="T", media=IMAGE, actions=[LINK := OpenUrl("Open", URL)])
MOVING = attrs.evolve(CARD, media=GIF)
CARDS = Carousel([CARD, CARD], "T")
MENU = ListPicker("B", "Show", sections=[ListSection([ListItem("A", "a")])])
SMS, WHATSAPP, EMAIL = Channel.SMS, Channel.WHATSAPP, Channel.EMAIL
UNSUPPORTED, INVALID = Reason.UNSUPPORTED_CONTENT, Reason.INVALID_CONTENT
LARGE, BAD_MEDIA = Reason.CONTENT_TOO_LARGE, Reason.MEDIA_INVALID
BAD_TEMPLATE = Reason.TEMPLATE_INVALID
ODD = datetime(2030, 1, 1, tzinfo=timezone(timedelta(minutes=24, seconds=7)))
AMOUNT, SECTION = "actions[0].amount", "items[1].items[0]."


def cards(**changes: Any) -> Carousel:
    """Build a carousel whose second card is changed."""
    return Carousel([CARD, attrs.evolve(CARD, **changes)], "T")


def nested(item: Carousel | Media) -> Section:
    """Build a section whose second item is a section of one item."""
    return Section([Text("A"), Section([item])])


def stored(**members: Any) -> Media:
    """Build a picture in a provider's storage."""
    return Media((MediaItem(MediaKind.IMAGE, Stored(**members)),))


def recipient(channel: Channel) -> str:
    """Return a recipient that the channel can address."""
    return "ola@example.test" if channel is Channel.EMAIL else "+37255500001"


UNFIT: list[tuple[Content, Reason, str]] = [
    (Interactive("B", [Dial("Call", "+37255500002")]), UNSUPPORTED, "actions[0]"),
    (Interactive("B", [Reply("A")], header="H"), UNSUPPORTED, "header"),
    (Interactive("B", [Reply("A")], footer="F"), UNSUPPORTED, "footer"),
    (
        Interactive("B", [Reply("A")], header=attrs.evolve(PDF, content_type=None)),
        BAD_MEDIA,
        "header.content_type",
    ),
    (Interactive("B", [Reply("A", description="x" * 73)]), LARGE, "actions[0].description"),
    *(
        (Interactive("B", [action]), UNSUPPORTED, f"actions[0].{field}")
        for field, action in (
            ("payload", OpenUrl("A", URL, payload="p")),
            ("fallback_url", OpenUrl("A", URL, fallback_url=URL)),
            ("application", OpenUrl("A", URL, application="BROWSER")),
            ("view", OpenUrl("A", URL, view="TALL")),
            ("description", OpenUrl("A", URL, description="D")),
            ("payload", RequestLocation("A", payload="p")),
            ("fallback_url", RequestLocation("A", fallback_url=URL)),
        )
    ),
    *(
        (Interactive("B", [Buy("A", Decimal(amount), currency="EUR")]), INVALID, AMOUNT)
        for amount in ("0.001", "10000000000000.01", "1E+14", "1E+999999", f"1.{'0' * 40}1")
    ),
    (Otp(True, actions=[Buy("A", Decimal("0.001"), currency="EUR")]), INVALID, AMOUNT),
    (attrs.evolve(MENU, button="x" * 21), LARGE, "button"),
    (attrs.evolve(MENU, footer="F"), UNSUPPORTED, "footer"),
    (
        attrs.evolve(MENU, sections=[ListSection([ListItem("A", "a", description="x" * 73)])]),
        LARGE,
        "sections[0].items[0].description",
    ),
    (attrs.evolve(CARDS, text=None), INVALID, "text"),
    (attrs.evolve(CARDS, text="x" * 1025), LARGE, "text"),
    (attrs.evolve(CARDS, width=CardWidth.SMALL), UNSUPPORTED, "width"),
    (attrs.evolve(CARDS, suggestions=[Reply("A")]), UNSUPPORTED, "suggestions"),
    (attrs.evolve(CARDS, cards=[CARD] * 11), INVALID, "cards"),
    (cards(title=None), INVALID, "cards[1].title"),
    (cards(media=None), INVALID, "cards[1].media"),
    (cards(actions=[]), INVALID, "cards[1].actions"),
    (cards(actions=[Reply("A")]), INVALID, "cards[1].actions"),
    (cards(actions=[LINK, LINK]), INVALID, "cards[1].actions"),
    (
        cards(actions=[OpenUrl("Open", URL, payload="p")]),
        UNSUPPORTED,
        "cards[1].actions[0].payload",
    ),
    (
        cards(media=MediaItem(MediaKind.IMAGE, Stored(account="nest", id="1"))),
        Reason.MEDIA_NOT_FOUND,
        "cards[1].media.source",
    ),
    (cards(height=CardHeight.TALL), UNSUPPORTED, "cards[1].height"),
    (cards(media=MediaItem(MediaKind.VIDEO, Link(URL))), UNSUPPORTED, "cards[1].media.kind"),
    (
        cards(media=attrs.evolve(IMAGE, content_type="image/gif")),
        BAD_MEDIA,
        "cards[1].media.content_type",
    ),
    (cards(media=attrs.evolve(IMAGE, file_name="a.png")), UNSUPPORTED, "cards[1].media.file_name"),
    (Carousel([attrs.evolve(CARD, media=GIF)] * 2, "T"), UNSUPPORTED, "cards[0].media.kind"),
    (Section([Text("A"), Section([cards(title=None)])]), INVALID, SECTION + "cards[1].title"),
    (Section([Text("A"), Section([Media((IMAGE, PDF))])]), UNSUPPORTED, SECTION + "items[1].kind"),
    (Section([Text("A", udh="00")]), UNSUPPORTED, "items[0].udh"),
]

REFUSED: list[tuple[Channel, Content, Reason, str]] = [
    (Channel.VIBER, Text("Hi"), Reason.UNSUPPORTED, "channel"),
    (SMS, Location(1, 2), UNSUPPORTED, "content"),
    (EMAIL, Text("Hi"), UNSUPPORTED, "content"),
    (SMS, Email(subject="S", text="H"), UNSUPPORTED, "content"),
    (SMS, Text("Hi", preview_url=True), UNSUPPORTED, "content.preview_url"),
    (SMS, Text("Hi", udh="00"), UNSUPPORTED, "content.udh"),
    (WHATSAPP, Text("Hi", autoconvert=Autoconvert.ON), UNSUPPORTED, "content.autoconvert"),
    (
        SMS,
        Media((MediaItem(MediaKind.STICKER, Link(URL), content_type="image/webp"),)),
        UNSUPPORTED,
        "content.items[0].kind",
    ),
    (
        WHATSAPP,
        Media((MediaItem(MediaKind.IMAGE, Inline(b"x"), content_type="image/png"),)),
        Reason.MEDIA_NEEDS_UPLOAD,
        "content.items[0].source",
    ),
    (
        WHATSAPP,
        stored(account="other", url=URL),
        Reason.MEDIA_NEEDS_UPLOAD,
        "content.items[0].source",
    ),
    (WHATSAPP, stored(account="nest", id="1"), Reason.MEDIA_NOT_FOUND, "content.items[0].source"),
    (WHATSAPP, Media.link("document", URL), BAD_MEDIA, "content.items[0].content_type"),
    (WHATSAPP, Media((WEBP,)), BAD_MEDIA, "content.items[0].content_type"),
    (
        WHATSAPP,
        Media((attrs.evolve(WEBP, kind=MediaKind.STICKER, content_type="image/png"),)),
        BAD_MEDIA,
        "content.items[0].content_type",
    ),
    (WHATSAPP, Media((IMAGE, PDF)), UNSUPPORTED, "content.items[1].kind"),
    (WHATSAPP, Media((GIF, GIF)), UNSUPPORTED, "content.items"),
    (
        WHATSAPP,
        Media.link("image", URL, file_name="a.png"),
        UNSUPPORTED,
        "content.items[0].file_name",
    ),
    (
        WHATSAPP,
        Media((MediaItem(MediaKind.IMAGE, Link(URL), thumbnail_url=URL),)),
        UNSUPPORTED,
        "content.items[0].thumbnail_url",
    ),
    (
        EMAIL,
        Email(
            subject="S",
            text="H",
            attachments=(Attachment(Inline(b""), "a", content_type="text/plain"),),
        ),
        BAD_MEDIA,
        "content.attachments[0].source",
    ),
    (
        EMAIL,
        Email(
            subject="S",
            text="H",
            attachments=(Attachment(Stored(account="nest", id="1"), "a.pdf"),),
        ),
        Reason.MEDIA_NOT_FOUND,
        "content.attachments[0].source",
    ),
    (
        SMS,
        Template("t", buttons=(TemplateButton(1, ButtonKind.URL, value="x"),)),
        UNSUPPORTED,
        "content.buttons",
    ),
    (SMS, Template("t", body=("Ola",)), BAD_TEMPLATE, "content.body[0].name"),
    (SMS, Template("mapped", body=("Ola", "9")), BAD_TEMPLATE, "content.body[1].name"),
    (
        SMS,
        Template("mapped", body=("Ola", TextParameter("9", name="first"))),
        BAD_TEMPLATE,
        "content.body[1].name",
    ),
    (SMS, Template("t", header=TextParameter("Hi")), BAD_TEMPLATE, "content.header.name"),
    (SMS, Template("t", header=LocationParameter(Location(1, 2))), UNSUPPORTED, "content.header"),
    (
        WHATSAPP,
        Template("t", header=MediaParameter(attrs.evolve(IMAGE, alt_text="A"), name="a")),
        UNSUPPORTED,
        "content.header.item.alt_text",
    ),
    (WHATSAPP, Template("t", body=(MediaParameter(IMAGE),)), BAD_TEMPLATE, "content.body[0].name"),
    (
        EMAIL,
        Template(
            "t",
            header=MediaParameter(
                MediaItem(MediaKind.IMAGE, Inline(b"x"), content_type="image/png"), name="a"
            ),
        ),
        Reason.MEDIA_NEEDS_UPLOAD,
        "content.header.item.source",
    ),
    (SMS, Template("t", "not a tag"), BAD_TEMPLATE, "content.language"),
    (
        SMS,
        Template("t", body=(CurrencyParameter("9 EUR", "EUR", amount_1000=9000, name="a"),)),
        UNSUPPORTED,
        "content.body[0]",
    ),
    *((WHATSAPP, content, reason, f"content.{path}") for content, reason, path in UNFIT),
]


@pytest.mark.parametrize(("channel", "content", "reason", "path"), REFUSED)
def test_unsupported_content_is_refused_with_its_path(
    adapter: BirdAdapter, channel: Channel, content: Content, reason: Reason, path: str
) -> None:
    """Unsupported content is refused with the path of the unsupported part."""
    failure = adapter.check(Message(recipient(channel), content, channel=channel))

    assert failure is not None
    assert (reason, path, Retry.NEVER) == (failure.reason, failure.path, failure.retry)


@pytest.mark.parametrize(
    "content",
    [
        Media((attrs.evolve(WEBP, kind=MediaKind.STICKER),)),
        Media((attrs.evolve(PDF, file_name="a.pdf", alt_text="A"),), "x" * 1024),
        Interactive("B", [Reply("A", description="x" * 72)]),
        Interactive("B", [Buy("A", Decimal("1E+13"), currency="EUR")]),
        Interactive("B", [Buy("A", Decimal("0.01"), currency="EUR")]),
        attrs.evolve(MENU, button="x" * 20, header="x" * 60),
        attrs.evolve(CARDS, text="x" * 1024),
        attrs.evolve(CARDS, cards=[CARD] * 10),
        cards(media=attrs.evolve(IMAGE, content_type="image/jpeg", alt_text="A")),
        cards(media=attrs.evolve(IMAGE, content_type="image/png")),
        Carousel(
            [
                attrs.evolve(CARD, media=MediaItem(MediaKind.VIDEO, Link(URL), content_type=each))
                for each in ("video/mp4", "video/3gpp")
            ],
            "T",
        ),
    ],
)
def test_content_at_a_limit_passes(adapter: BirdAdapter, content: Content) -> None:
    """Content at a limit passes the check."""
    assert adapter.check(Message(recipient(WHATSAPP), content, channel=WHATSAPP)) is None


@pytest.mark.parametrize(
    "content",
    [
        Media((WEBP,)),
        Media((IMAGE,), "x" * 1025),
        Template("mapped", body=(TextParameter("line\nbreak"),)),
    ],
)
def test_whatsapps_limits_hold_on_whatsapp_only(adapter: BirdAdapter, content: Content) -> None:
    """What WhatsApp does not allow passes the check on SMS."""
    failures = [
        adapter.check(Message(recipient(channel), content, channel=channel))
        for channel in (WHATSAPP, SMS)
    ]

    assert [True, False] == [failure is not None for failure in failures]


def test_tags_at_their_limits_pass(adapter: BirdAdapter) -> None:
    """Ten tags of fifty characters pass the check."""
    tags = [f"{number}-_ {'Ab' * 23}" for number in range(10)]

    assert {50} == set(map(len, tags))
    assert adapter.check(Message(recipient(SMS), "Hi", channel=SMS, tags=tags)) is None


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"sender": "Acme"}, "sender"),
        ({"send_at": ODD}, "send_at"),
        ({"fallback": (Leg(channel=Channel.WHATSAPP),)}, "fallback"),
        ({"tags": tuple("abcdefghijk")}, "tags"),
        ({"tags": ("ok", "no/slash")}, "tags[1]"),
        ({"tags": ("",)}, "tags[0]"),
        ({"tags": ("x" * 51,)}, "tags[0]"),
        ({"tags": ("line\n",)}, "tags[0]"),
        ({"extras": {"bird": {"receiver": {}}}}, "extras.bird.receiver"),
        ({"extras": {"bird": {"reference": "x"}}}, "extras.bird.reference"),
    ],
)
def test_unsupported_fields_are_refused_with_their_path(
    adapter: BirdAdapter, members: dict[str, Any], path: str
) -> None:
    """Unsupported fields, tags and extras are refused with their path."""
    failure = adapter.check(Message("+37255500001", "Hi", **({"channel": Channel.SMS} | members)))

    assert failure is not None
    assert path == failure.path


@pytest.mark.parametrize(
    ("to", "channel"),
    [
        ("ola@example.test", Channel.SMS),
        ("+ola@example.test", Channel.SMS),
        ("+37255500001", Channel.EMAIL),
    ],
)
def test_a_channel_has_its_own_kind_of_recipient(
    adapter: BirdAdapter, to: str, channel: Channel
) -> None:
    """SMS needs a phone number, and e-mail needs an e-mail address."""
    failure = adapter.check(Message(to, "Hi", channel=channel))

    assert failure is not None
    assert (Reason.INVALID_RECIPIENT, "to") == (failure.reason, failure.path)


def test_a_channel_without_an_id_names_the_setting() -> None:
    """A channel without an id is refused, and the failure names the setting."""
    settings = BirdSettings(
        access_key=Secret("token"), workspace_id="w-1", channels={"sms": "c-sms"}
    )
    adapter = BirdAdapter(Account(name="nest", settings=settings, base_url=BirdAdapter.base_url))

    failure = adapter.check(Message("+37255500001", "Hi", channel=Channel.WHATSAPP))

    assert failure is not None
    assert (Reason.CHANNEL_NOT_ENABLED, "channel", Retry.AFTER_FIX) == (
        failure.reason,
        failure.path,
        failure.retry,
    )
    assert "`channels`" in failure.detail
    assert "'nest'" in failure.detail
