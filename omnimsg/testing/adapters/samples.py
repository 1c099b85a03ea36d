"""Sample messages for every feature of the model that capabilities can declare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.address import ProviderContact
from omnimsg.domain.content import (
    Attachment,
    Binary,
    Buy,
    Card,
    Carousel,
    ContactCard,
    Contacts,
    CreateEvent,
    Dial,
    Email,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    Media,
    MediaItem,
    OpenMedia,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Section,
    ShowLocation,
    Template,
    Text,
)
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.media import Encryption, Inline, Link, MediaKind, Stored
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omnimsg.adapter import Capabilities, ChannelCapabilities, MediaLimit
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.content import Action, Content
    from omnimsg.domain.media import Source

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)
LATER = NOW + timedelta(hours=2)

RECIPIENTS: Mapping[str, str | ProviderContact] = {
    "phone": "+37255500001",
    "email": "ola.nordmann@example.test",
    "contact": ProviderContact(id="contact-0001"),
}

SENDERS = ("+37255500008", "+37255500009")

ACTIONS: Mapping[str, Action] = {
    each.kind: each
    for each in (
        Reply("Confirm it", "confirmed"),
        OpenUrl("Open it", "https://shop.example.test/orders"),
        OpenMedia("Watch it"),
        Dial("Call us", "+37255500002"),
        ShowLocation("Find us", latitude=59.4, longitude=24.7, label="Our shop"),
        RequestLocation("Where are you", payload="whereabouts"),
        CreateEvent("Note it", "Opening day", start=NOW, end=LATER),
        Buy("Pay now", Decimal("9.90"), currency="EUR"),
    )
}

_CONTENT_TYPES: Mapping[MediaKind, str] = {
    MediaKind.IMAGE: "image/jpeg",
    MediaKind.VIDEO: "video/mp4",
    MediaKind.AUDIO: "audio/mpeg",
    MediaKind.DOCUMENT: "application/pdf",
    MediaKind.STICKER: "image/webp",
    MediaKind.GIF: "image/gif",
}


def recipient(can: ChannelCapabilities) -> str | ProviderContact:
    """Return a recipient in a form that a channel supports."""
    return next(RECIPIENTS[kind] for kind in RECIPIENTS if kind in can.recipients)


def media_source(kind: str, account: str) -> Source:
    """Return a media source of one kind: `inline`, `link` or `stored`."""
    if kind == "inline":
        return Inline(b"omnimsg sample file")
    if kind == "link":
        return Link("https://media.example.test/sample")
    return Stored(
        account=account, id="stored-sample-1", url="https://media.example.test/stored-sample-1"
    )


def media_item(kind: MediaKind, source: Source, limit: MediaLimit | None = None) -> MediaItem:
    """Return a media item of one kind, with a content type that the limit allows."""
    usual = _CONTENT_TYPES[kind]
    allowed = sorted(limit.types) if limit is not None else []
    content_type = usual if not allowed or usual in allowed else allowed[0]
    return MediaItem(kind, source, content_type=content_type)


def media_items(can: ChannelCapabilities, account: str) -> Iterator[MediaItem]:
    """Yield a media item of every kind and source that a channel supports."""
    for kind, limit in can.media.items():
        for name in sorted(can.sources):
            yield media_item(kind, media_source(name, account), limit)


def contents(kind: str, can: ChannelCapabilities, account: str) -> Iterator[Content]:
    """Yield samples of one kind of content that a channel supports."""
    actions = [ACTIONS[each] for each in ACTIONS if each in can.actions]
    media = list(media_items(can, account))
    if kind == "media":
        yield from (Media((each,)) for each in media)
        # A second file is refused where the provider takes one: it must not get lost.
        yield from (Media((each, each)) for each in media[:1])
    elif kind == "interactive":
        yield from (
            Interactive("Your table is ready", (each,)) for each in actions or ACTIONS.values()
        )
        yield from (
            Interactive("Your table is ready", actions[:1], header=each)
            for each in media
            if actions
        )
    elif kind == "card":
        yield from (Card(title="Tonight", text="A fine menu", media=each) for each in media)
        yield from (Card(title="Tonight", text="A fine menu", actions=(each,)) for each in actions)
        yield CONTENT["card"]
    elif kind == "carousel":
        yield from _carousels(media, actions)
        yield CONTENT["carousel"]
    elif kind == "email":
        yield CONTENT["email"]
        for name in sorted(can.sources):
            attachment = Attachment(
                media_source(name, account), "menu.pdf", content_type="application/pdf"
            )
            yield Email(subject="Your table", text="It is ready.", attachments=(attachment,))
    else:
        yield CONTENT[kind]


def _carousels(media: list[MediaItem], actions: list[Action]) -> Iterator[Carousel]:
    for each in media:
        for card_actions in [[action] for action in actions] or [[]]:
            yield Carousel(
                [
                    Card(title=title, text="A fine menu", media=each, actions=card_actions)
                    for title in ("Tonight", "Tomorrow")
                ]
            )


CONTENT: Mapping[str, Content] = {
    each.kind: each
    for each in (
        Text("Your table is ready"),
        Media.link(MediaKind.IMAGE, "https://media.example.test/sample"),
        Template("table_ready", "en", body=["Thandi"]),
        Location(59.4, 24.7, name="Our shop", address="Pikk 1"),
        Contacts(
            [
                ContactCard(
                    name=FrozenDict({"formatted_name": "Ola Nordmann", "first_name": "Ola"}),
                    phones=(FrozenDict({"phone": "+37255500003", "type": "WORK"}),),
                )
            ]
        ),
        Interactive("Your table is ready", [ACTIONS["reply"]]),
        ListPicker(
            "Choose a table",
            "Tables",
            sections=[
                ListSection(
                    [ListItem("By the window", "window"), ListItem("By the door", "door")],
                    "Tables",
                )
            ],
        ),
        Carousel(
            [
                Card(title="Tonight", text="A fine menu"),
                Card(title="Tomorrow", text="Another menu"),
            ]
        ),
        Card(title="Tonight", text="A fine menu"),
        Section([Text("Your table is ready"), Location(59.4, 24.7, name="Our shop")]),
        Email(subject="Your table", html="<p>It is ready.</p>", text="It is ready."),
        Otp(True, 10),
        Binary(b"\x01\x02\x03", "0605040b8423f0"),
    )
}


def messages(capabilities: Capabilities, account: str) -> Iterator[Message]:
    """Yield a message for every content and recipient that capabilities declare."""
    for channel, can in capabilities.channels.items():
        base = Message(recipient(can), Text("Your table is ready"), channel=channel)
        for kind in sorted(can.content):
            for content in contents(kind, can, account):
                yield attrs.evolve(base, content=content, reference=f"sample-{kind}")
        for kind in sorted(can.recipients):
            content = next(
                (each for name in sorted(can.content) for each in contents(name, can, account)),
                base.content,
            )
            yield attrs.evolve(base, to=RECIPIENTS[kind], content=content, reference=f"to-{kind}")


def field_values(channel: Channel, capabilities: Capabilities) -> Mapping[str, tuple[Any, Any]]:
    """Return two different values for each optional field of a message on one channel."""
    fallback_channel = next(
        (
            other
            for other, can in capabilities.channels.items()
            if other is not channel and "text" in can.content
        ),
        channel,
    )
    return {
        "sender": SENDERS,
        "send_at": (NOW + timedelta(hours=1), LATER),
        "ttl": (3600, 7200),
        "tags": (("spring",), ("autumn",)),
        "reply_to": (MessageId("account:message-1"), MessageId("account:message-2")),
        "callback_url": ("https://hooks.example.test/a", "https://hooks.example.test/b"),
        "fallback": (
            (Leg(channel=fallback_channel, content=Text("The first fallback")),),
            (Leg(channel=fallback_channel, content=Text("Another fallback")),),
        ),
        "encryption": (_encryption("b21uaW1zZy1zYW1wbGUtYQ=="), _encryption("b3RoZXItc2FtcGxl")),
    }


def _encryption(key: str) -> Encryption:
    return Encryption(key=Secret(key), key_arn="arn:aws:kms:sample", cipher="AES/GCM/NoPadding")
