"""What is refused before a request exists, and which field is named."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg.adapter import Account
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Attachment,
    Autoconvert,
    ButtonKind,
    Content,
    CurrencyParameter,
    DateTimeParameter,
    Email,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaParameter,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.media import Inline, Link, MediaKind, Stored
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.privacy import Secret
from omnimsg.domain.reason import Reason, Retry
from omnimsg_bird import BirdAdapter, BirdSettings

URL = "https://media.example.test/a"
IMAGE = MediaItem(MediaKind.IMAGE, Link(URL))
GIF = MediaItem(MediaKind.GIF, Link(URL))
PDF = MediaItem(MediaKind.DOCUMENT, Link(URL), content_type="application/pdf")


def stored(**members: Any) -> Media:
    """Build a picture that lies with a provider."""
    return Media((MediaItem(MediaKind.IMAGE, Stored(**members)),))


def recipient(channel: Channel) -> str:
    """Give a recipient that the channel can be addressed by."""
    return "ola@example.test" if channel is Channel.EMAIL else "+37255500001"


REFUSED: list[tuple[Channel, Content, Reason, str]] = [
    (Channel.VIBER, Text("Hi"), Reason.UNSUPPORTED, "channel"),
    (Channel.SMS, Location(1, 2), Reason.UNSUPPORTED_CONTENT, "content"),
    (Channel.EMAIL, Text("Hi"), Reason.UNSUPPORTED_CONTENT, "content"),
    (Channel.SMS, Email(subject="S", text="H"), Reason.UNSUPPORTED_CONTENT, "content"),
    (Channel.SMS, Text("Hi", preview_url=True), Reason.UNSUPPORTED_CONTENT, "content.preview_url"),
    (Channel.SMS, Text("Hi", udh="00"), Reason.UNSUPPORTED_CONTENT, "content.udh"),
    (
        Channel.WHATSAPP,
        Text("Hi", autoconvert=Autoconvert.ON),
        Reason.UNSUPPORTED_CONTENT,
        "content.autoconvert",
    ),
    (
        Channel.SMS,
        Media((MediaItem(MediaKind.STICKER, Link(URL), content_type="image/webp"),)),
        Reason.UNSUPPORTED_CONTENT,
        "content.items[0].kind",
    ),
    (
        Channel.WHATSAPP,
        Media((MediaItem(MediaKind.IMAGE, Inline(b"x"), content_type="image/png"),)),
        Reason.MEDIA_NEEDS_UPLOAD,
        "content.items[0].source",
    ),
    (
        Channel.WHATSAPP,
        stored(account="other", url=URL),
        Reason.MEDIA_NEEDS_UPLOAD,
        "content.items[0].source",
    ),
    (
        Channel.WHATSAPP,
        stored(account="nest", id="1"),
        Reason.MEDIA_NOT_FOUND,
        "content.items[0].source",
    ),
    (
        Channel.WHATSAPP,
        Media.link("document", URL),
        Reason.MEDIA_INVALID,
        "content.items[0].content_type",
    ),
    (
        Channel.WHATSAPP,
        Media((IMAGE, PDF)),
        Reason.UNSUPPORTED_CONTENT,
        "content.items[1].kind",
    ),
    (Channel.WHATSAPP, Media((GIF, GIF)), Reason.UNSUPPORTED_CONTENT, "content.items"),
    (
        Channel.WHATSAPP,
        Media.link("image", URL, file_name="a.png"),
        Reason.UNSUPPORTED_CONTENT,
        "content.items[0].file_name",
    ),
    (
        Channel.WHATSAPP,
        Media((MediaItem(MediaKind.IMAGE, Link(URL), thumbnail_url=URL),)),
        Reason.UNSUPPORTED_CONTENT,
        "content.items[0].thumbnail_url",
    ),
    (
        Channel.EMAIL,
        Email(subject="S", text="H", attachments=(Attachment(Link(URL), "a.pdf"),)),
        Reason.UNSUPPORTED_CONTENT,
        "content.attachments[0].source",
    ),
    (
        Channel.EMAIL,
        Email(subject="S", text="H", headers={"X-A": "b"}),
        Reason.UNSUPPORTED_CONTENT,
        "content.headers",
    ),
    (
        Channel.EMAIL,
        Email(subject="S", text="H", from_name="Shop"),
        Reason.UNSUPPORTED_CONTENT,
        "content.from_name",
    ),
    (
        Channel.SMS,
        Template("t", buttons=(TemplateButton(1, ButtonKind.URL, value="x"),)),
        Reason.UNSUPPORTED_CONTENT,
        "content.buttons",
    ),
    (Channel.SMS, Template("t", body=("Ola",)), Reason.TEMPLATE_INVALID, "content.body[0].name"),
    (
        Channel.SMS,
        Template("mapped", body=("Ola", "9")),
        Reason.TEMPLATE_INVALID,
        "content.body[1].name",
    ),
    (
        Channel.SMS,
        Template("mapped", body=("Ola", TextParameter("9", name="first"))),
        Reason.TEMPLATE_INVALID,
        "content.body[1].name",
    ),
    (
        Channel.SMS,
        Template("t", header=TextParameter("Hi")),
        Reason.TEMPLATE_INVALID,
        "content.header.name",
    ),
    (
        Channel.SMS,
        Template("t", header=LocationParameter(Location(1, 2))),
        Reason.UNSUPPORTED_CONTENT,
        "content.header",
    ),
    (
        Channel.WHATSAPP,
        Template("t", header=MediaParameter(IMAGE, name="a")),
        Reason.UNSUPPORTED_CONTENT,
        "content.header",
    ),
    (
        Channel.SMS,
        Template("t", body=(CurrencyParameter("9 EUR", "EUR", amount_1000=9000, name="a"),)),
        Reason.UNSUPPORTED_CONTENT,
        "content.body[0]",
    ),
    (
        Channel.SMS,
        Template("t", body=(DateTimeParameter("1 May", name="a"),)),
        Reason.UNSUPPORTED_CONTENT,
        "content.body[0]",
    ),
]


@pytest.mark.parametrize(("channel", "content", "reason", "path"), REFUSED)
def test_what_a_channel_cannot_say_is_refused_by_its_path(
    adapter: BirdAdapter, channel: Channel, content: Content, reason: Reason, path: str
) -> None:
    """Content is never sent without a part of it: the part is named instead."""
    failure = adapter.check(Message(recipient(channel), content, channel=channel))

    assert failure is not None
    assert (reason, path, Retry.NEVER) == (failure.reason, failure.path, failure.retry)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"channel": None}, "channel"),
        ({"sender": "Acme"}, "sender"),
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
def test_what_the_envelope_cannot_say_is_refused_by_its_path(
    adapter: BirdAdapter, members: dict[str, Any], path: str
) -> None:
    """Fields, labels and extras are held against the provider too."""
    failure = adapter.check(Message("+37255500001", "Hi", **({"channel": Channel.SMS} | members)))

    assert failure is not None
    assert path == failure.path


@pytest.mark.parametrize(
    ("to", "channel"), [("ola@example.test", Channel.SMS), ("+37255500001", Channel.EMAIL)]
)
def test_a_channel_has_its_own_kind_of_recipient(
    adapter: BirdAdapter, to: str, channel: Channel
) -> None:
    """A number gets no e-mail, and a mailbox no text."""
    failure = adapter.check(Message(to, "Hi", channel=channel))

    assert failure is not None
    assert (Reason.INVALID_RECIPIENT, "to") == (failure.reason, failure.path)


def test_a_channel_without_an_id_names_the_setting() -> None:
    """A channel that the account does not configure can be mended there."""
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
