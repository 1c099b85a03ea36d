"""Refusals before a request is made, and their paths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from clickatell.cases import TO

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Autoconvert,
    Binary,
    ButtonKind,
    ContactCard,
    Contacts,
    Content,
    CurrencyParameter,
    DateTimeParameter,
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
    Reply,
    RequestLocation,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.media import Encryption, Inline, Link, MediaKind, Stored
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.reason import Reason
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg_clickatell import ClickatellAdapter

STORED = Stored(account="cape", id="5f2c1d60-1.png")
REPLY = Reply("Yes", "y")
LINK = OpenUrl("Open", "https://example.test")
ITEM = ListItem("Soup", "soup")


def _media(kind: MediaKind = MediaKind.IMAGE, caption: str | None = None, **item: Any) -> Media:
    return Media((MediaItem(kind, item.pop("source", STORED), **item),), caption)


def _list(**fields: Any) -> ListPicker:
    usual = {"body": "Pick", "button": "Menu", "sections": (ListSection((ITEM,)),)}
    return ListPicker(**(usual | fields))


def _items(**fields: Any) -> ListPicker:
    return _list(sections=(ListSection((attrs.evolve(ITEM, **fields),)),))


def _buttons(*kinds: ButtonKind) -> Template:
    return Template(
        "t",
        buttons=tuple(
            TemplateButton(position, kind, value="v")
            for position, kind in enumerate(kinds, start=1)
        ),
    )


def _header(item: MediaItem, **more: Any) -> Template:
    return Template("t", header=MediaParameter(item, **more))


IMAGE = MediaItem(MediaKind.IMAGE, STORED)
COUPON, URL, ANSWER = ButtonKind.COUPON, ButtonKind.URL, ButtonKind.REPLY

NO_CONTENT, NO_FIELD = Reason.UNSUPPORTED_CONTENT, Reason.UNSUPPORTED
LARGE, BAD_CONTENT = Reason.CONTENT_TOO_LARGE, Reason.INVALID_CONTENT
BAD_TEMPLATE, BAD_MEDIA = Reason.TEMPLATE_INVALID, Reason.MEDIA_INVALID

WHATSAPP: list[tuple[Content, str, Reason]] = [
    (Text("x" * 4097), "content.text", LARGE),
    (Text("x", udh="00"), "content.udh", NO_FIELD),
    (Text("x", autoconvert=Autoconvert.ON), "content.autoconvert", NO_FIELD),
    (Binary(b"x"), "content", NO_CONTENT),
    # Markdown
    *(
        (_items(title=f"a {each} b"), "content.sections[0].items[0].title", BAD_CONTENT)
        for each in ("*b*", "_b_", "~b~", "`b`", "```b```", "```b\nc```")
    ),
    (
        Template("t", buttons=(TemplateButton(1, URL, value="a\nb"),)),
        "content.buttons[0].value",
        BAD_TEMPLATE,
    ),
    # Media
    (Media((IMAGE, IMAGE)), "content.items[1]", NO_CONTENT),
    (_media(MediaKind.AUDIO, "caption"), "content.caption", NO_CONTENT),
    (_media(MediaKind.STICKER), "content.items[0].kind", NO_CONTENT),
    (_media(content_type="image/gif"), "content.items[0].content_type", BAD_MEDIA),
    *(
        (_media(MediaKind.AUDIO, content_type=each), "content.items[0].content_type", BAD_MEDIA)
        for each in ("audio/ogg", "audio/ogg; codecs=vorbis")
    ),
    (_media(alt_text="a"), "content.items[0].alt_text", NO_FIELD),
    (_media(refresh=True), "content.items[0].refresh", NO_FIELD),
    (
        _media(thumbnail_url="https://example.test/t.png"),
        "content.items[0].thumbnail_url",
        NO_FIELD,
    ),
    (_media(source=Link("https://example.test/a.png")), "content.items[0].source", NO_CONTENT),
    (
        _media(source=Inline(b"x" * (2**20 + 1)), content_type="image/png"),
        "content.items[0].source",
        Reason.MEDIA_TOO_LARGE,
    ),
    (_media(size=5 * 2**20 + 1), "content.items[0].source", Reason.MEDIA_TOO_LARGE),
    (
        _media(source=attrs.evolve(STORED, account="other")),
        "content.items[0].source",
        Reason.MEDIA_NEEDS_UPLOAD,
    ),
    (
        _media(source=Stored(account="cape", url="https://example.test/f")),
        "content.items[0].source.id",
        Reason.MEDIA_NOT_FOUND,
    ),
    (
        _media(source=attrs.evolve(STORED, restricted_to="+27820000002")),
        "content.items[0].source.restricted_to",
        Reason.INVALID_MESSAGE,
    ),
    (_media(source=attrs.evolve(STORED, client_encrypted=True)), "encryption", Reason.ENCRYPTION),
    # Places
    (Location(1, 2, address="1 Long St"), "content.address", NO_CONTENT),
    # Lists
    (_list(header="x" * 61), "content.header", LARGE),
    (_list(header="*new*"), "content.header", BAD_CONTENT),
    (_list(body="x" * 1025), "content.body", LARGE),
    (_list(button="x" * 21), "content.button", LARGE),
    (_list(button="_new_"), "content.button", BAD_CONTENT),
    (_list(footer="x" * 61), "content.footer", LARGE),
    (_list(sections=(ListSection((ITEM,), "x" * 25),)), "content.sections[0].title", LARGE),
    (_list(sections=(ListSection((ITEM,), "~new~"),)), "content.sections[0].title", BAD_CONTENT),
    (
        _list(sections=(ListSection((ITEM,) * 6, "a"), ListSection((ITEM,) * 5, "b"))),
        "content.sections[1].items[4]",
        LARGE,
    ),
    (_items(title="x" * 25), "content.sections[0].items[0].title", LARGE),
    (_items(title="```x```"), "content.sections[0].items[0].title", BAD_CONTENT),
    (_items(description="x" * 73), "content.sections[0].items[0].description", LARGE),
    (_items(description="*x*"), "content.sections[0].items[0].description", BAD_CONTENT),
    (_items(payload="x" * 201), "content.sections[0].items[0].payload", LARGE),
    (_items(payload="*x*"), "content.sections[0].items[0].payload", BAD_CONTENT),
    (_items(payload="x\U0001f600"), "content.sections[0].items[0].payload", BAD_CONTENT),
    # Buttons
    (Interactive(None, (REPLY,), header="h"), "content.body", BAD_CONTENT),
    (Interactive("x" * 1025, (REPLY,)), "content.body", LARGE),
    (Interactive("b", (REPLY,), footer="x" * 61), "content.footer", LARGE),
    (Interactive("b", (REPLY,), header="x" * 61), "content.header", LARGE),
    (Interactive("b", (REPLY,), header="*x*"), "content.header", BAD_CONTENT),
    (Interactive("b", tuple(Reply(each) for each in "abcd")), "content.actions[3]", NO_CONTENT),
    (Interactive("b", (REPLY, LINK)), "content.actions[1]", NO_CONTENT),
    (Interactive("b", (LINK, LINK)), "content.actions[1]", NO_CONTENT),
    (Interactive("b", (RequestLocation(), RequestLocation())), "content.actions[1]", NO_CONTENT),
    (Interactive("b", (Reply("x" * 21),)), "content.actions[0].text", LARGE),
    (Interactive("b", (Reply("*x*"),)), "content.actions[0].text", BAD_CONTENT),
    (Interactive("b", (Reply("x", "x" * 257),)), "content.actions[0].payload", LARGE),
    (Interactive("b", (REPLY, Reply("No", "y"))), "content.actions[1].payload", BAD_CONTENT),
    (
        Interactive("b", (Reply("Yes", image_url="https://example.test/a.png"),)),
        "content.actions[0].image_url",
        NO_FIELD,
    ),
    (
        Interactive("b", (Reply("Yes", description="d"),)),
        "content.actions[0].description",
        NO_FIELD,
    ),
    (Interactive("b", (attrs.evolve(LINK, text="x" * 21),)), "content.actions[0].text", LARGE),
    (
        Interactive("b", (attrs.evolve(LINK, url="https://example.test/" + "x" * 2000),)),
        "content.actions[0].url",
        LARGE,
    ),
    *(
        (
            Interactive("b", (attrs.evolve(LINK, **{field: value}),)),
            f"content.actions[0].{field}",
            NO_FIELD,
        )
        for field, value in {
            "application": "BROWSER",
            "description": "d",
            "fallback_url": "https://example.test",
            "payload": "p",
            "view": "FULL",
        }.items()
    ),
    *(
        (
            Interactive("b", (RequestLocation(**{field: value}),)),
            f"content.actions[0].{field}",
            NO_FIELD,
        )
        for field, value in {
            "fallback_url": "https://example.test",
            "payload": "p",
            "text": "Share",
        }.items()
    ),
    (Interactive("b", (RequestLocation(),), header="h"), "content.header", NO_FIELD),
    (Interactive("b", (RequestLocation(),), footer="f"), "content.footer", NO_FIELD),
    (
        Interactive("b", (REPLY,), header=attrs.evolve(IMAGE, kind=MediaKind.AUDIO)),
        "content.header.kind",
        NO_CONTENT,
    ),
    (
        Interactive("b", (REPLY,), header=attrs.evolve(IMAGE, content_type="image/gif")),
        "content.header.content_type",
        BAD_MEDIA,
    ),
    (
        Interactive(
            "b", (REPLY,), header=MediaItem(IMAGE.kind, Inline(b"x"), content_type="image/png")
        ),
        "content.header.source",
        Reason.MEDIA_NEEDS_UPLOAD,
    ),
    (
        Interactive("b", (REPLY,), header=attrs.evolve(IMAGE, size=5 * 2**20 + 1)),
        "content.header.source",
        Reason.MEDIA_TOO_LARGE,
    ),
    (
        Interactive("b", (REPLY,), header=attrs.evolve(IMAGE, file_name="n")),
        "content.header.file_name",
        NO_FIELD,
    ),
    (
        Interactive("b", (REPLY,), header=attrs.evolve(IMAGE, alt_text="n")),
        "content.header.alt_text",
        NO_FIELD,
    ),
    (
        Interactive(
            "b",
            (REPLY,),
            header=MediaItem(IMAGE.kind, attrs.evolve(STORED, restricted_to="+27820000002")),
        ),
        "content.header.source.restricted_to",
        Reason.INVALID_MESSAGE,
    ),
    # Templates
    (Template("t", version="2"), "content.version", NO_FIELD),
    (
        Template("t", body=("a", CurrencyParameter("R9", "ZAR", amount_1000=9000))),
        "content.body[1]",
        NO_CONTENT,
    ),
    (Template("t", body=(DateTimeParameter("noon"),)), "content.body[0]", NO_CONTENT),
    (Template("t", body=(MediaParameter(IMAGE),)), "content.body[0]", NO_CONTENT),
    (Template("t", body=(TextParameter("a", name="who"),)), "content.body[0].name", NO_CONTENT),
    (Template("keyed", body=("a",)), "content.body", BAD_TEMPLATE),
    (Template("named", body=("a", "b")), "content.body", BAD_TEMPLATE),
    *(
        (Template("t", body=("a", text)), "content.body[1].text", BAD_TEMPLATE)
        for text in ("a\nb", "a\rb", "a\tb", "a     b")
    ),
    (Template("t", header=TextParameter("a\nb")), "content.header.text", BAD_TEMPLATE),
    (Template("t", header=TextParameter("a", name="who")), "content.header.name", NO_CONTENT),
    (_header(IMAGE, name="who"), "content.header.name", NO_FIELD),
    (_header(MediaItem(MediaKind.AUDIO, STORED)), "content.header.item.kind", NO_CONTENT),
    (
        _header(MediaItem(MediaKind.DOCUMENT, STORED, content_type="text/plain")),
        "content.header.item.content_type",
        BAD_MEDIA,
    ),
    (
        _header(MediaItem(IMAGE.kind, Inline(b"x"), content_type="image/png")),
        "content.header.item.source",
        Reason.MEDIA_NEEDS_UPLOAD,
    ),
    (_header(attrs.evolve(IMAGE, file_name="n.png")), "content.header.item.file_name", NO_FIELD),
    (
        _header(MediaItem(MediaKind.VIDEO, STORED, size=16 * 2**20 + 1)),
        "content.header.item.source",
        Reason.MEDIA_TOO_LARGE,
    ),
    (
        _header(MediaItem(IMAGE.kind, Stored(account="cape", url="https://example.test/f"))),
        "content.header.item.source.id",
        Reason.MEDIA_NOT_FOUND,
    ),
    (
        Template("t", header=LocationParameter(Location(1, 2, address="a"))),
        "content.header.location.name",
        BAD_TEMPLATE,
    ),
    (
        Template("t", header=LocationParameter(Location(1, 2, name="a"))),
        "content.header.location.address",
        BAD_TEMPLATE,
    ),
    (_buttons(*[URL] * 11), "content.buttons[10]", BAD_TEMPLATE),
    (_buttons(URL, ANSWER, URL), "content.buttons[2].position", BAD_TEMPLATE),
    (
        Template("t", buttons=[TemplateButton(each, URL, value="v") for each in (2**31, 1)]),
        "content.buttons[0].position",
        BAD_TEMPLATE,
    ),
    (
        Template("t", buttons=(TemplateButton(1, COUPON, value="x" * 16),)),
        "content.buttons[0].value",
        LARGE,
    ),
]

SMS: list[tuple[Content, str, Reason]] = [
    (Text("x", preview_url=True), "content.preview_url", NO_FIELD),
    (Text("x", autoconvert=Autoconvert.OFF), "content.autoconvert", NO_FIELD),
    (_media(), "content", NO_CONTENT),
    (Template("t"), "content", NO_CONTENT),
    (Email(subject="s", text="t"), "content", NO_CONTENT),
]

CASES = [(Channel.WHATSAPP, *case) for case in WHATSAPP] + [(Channel.SMS, *case) for case in SMS]


@pytest.mark.parametrize(("channel", "content", "path", "reason"), CASES)
def test_unsupported_content_is_refused_with_its_path(
    adapter: ClickatellAdapter, channel: Channel, content: Content, path: str, reason: Reason
) -> None:
    """Content that Clickatell would refuse or drop is refused with the path of its field."""
    failure = adapter.check(Message(TO, content, channel=channel))

    assert failure is not None
    assert (path, reason) == (failure.path, failure.reason)
    assert failure.detail
    assert mask_text(failure.detail) == failure.detail


WIDE = timezone(timedelta(hours=-1))

FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"to": "ola@example.test"}, "to"),
    ({"channel": Channel.VIBER}, "channel"),
    ({"channel": Channel.WHATSAPP, "sender": "+27870000000"}, "sender"),
    ({"tags": ("a",)}, "tags"),
    ({"callback_url": "https://example.test"}, "callback_url"),
    ({"fallback": (Leg(channel=Channel.SMS),)}, "fallback"),
    ({"encryption": Encryption(key=Secret("a2V"))}, "encryption.key"),
    ({"encryption": Encryption(key=Secret(""))}, "encryption.key"),
    ({"ttl": 60 * (2**31 - 1) + 1}, "ttl"),
    ({"send_at": datetime(9999, 12, 31, 23, 59, 59, 1, tzinfo=UTC)}, "send_at"),
    ({"send_at": datetime(9999, 12, 31, 23, 59, tzinfo=WIDE)}, "send_at"),
    ({"extras": {"clickatell": {"to": "1"}}}, "extras.clickatell.to"),
    ({"extras": {"clickatell": {"clientMessageId": "1"}}}, "extras.clickatell.clientMessageId"),
    ({"extras": {"clickatell": {"messages": []}}}, "extras.clickatell.messages"),
]


def test_the_longest_ttl_is_counted_in_minutes(adapter: ClickatellAdapter) -> None:
    """A ttl is refused only where its minutes exceed what Clickatell takes."""
    assert None is adapter.check(Message("+27820001000", "Hi", ttl=60 * (2**31 - 1)))


@pytest.mark.parametrize(("fields", "path"), FIELDS)
def test_unsupported_fields_are_refused_with_their_path(
    adapter: ClickatellAdapter, fields: dict[str, Any], path: str
) -> None:
    """A field that Clickatell does not support is refused with its path."""
    failure = adapter.check(Message(**({"to": TO, "content": "Hi"} | fields)))

    assert failure is not None
    assert path == failure.path


LIMIT: list[Content] = [
    Text("x" * 4096),
    Text("Ünïcode \U0001f600"),
    _list(
        header="x" * 60,
        body="x" * 1024,
        button="x" * 20,
        footer="x" * 60,
        sections=(
            ListSection(
                (ListItem("x" * 24, "x" * 200, description="x" * 72),) + (ITEM,) * 4, "x" * 24
            ),
            ListSection((ITEM,) * 5, "b"),
        ),
    ),
    _items(payload="order_71_a * 2", title="5 * 3 * 2"),
    _items(title="2 ** 10"),
    Interactive(
        "x" * 1024,
        (Reply("x" * 20, "x" * 256), Reply("b"), Reply("c")),
        header="x" * 60,
        footer="x" * 60,
    ),
    Template("t", body=("a    b",)),
    _buttons(*[URL] * 5, *[ANSWER] * 5),
    Template("t", buttons=(TemplateButton(1, COUPON, value="x" * 15),)),
    _media(source=Inline(b"x" * 2**20), content_type="image/jpg"),
    _media(MediaKind.AUDIO, content_type="audio/aac"),
    _media(MediaKind.AUDIO, content_type="audio/acc"),
    _media(MediaKind.AUDIO, content_type="audio/ogg; codecs=opus"),
    _media(MediaKind.AUDIO, content_type='Audio/OGG;rate=48000;codecs="opus"'),
    _media(source=attrs.evolve(STORED, restricted_to=TO)),
    _media(MediaKind.VIDEO, duration=3, size=4, animated=True),
    _header(attrs.evolve(IMAGE, sha256="ab" * 32)),
    _header(attrs.evolve(IMAGE, size=5 * 2**20)),
    Template("t", buttons=(TemplateButton(2**31 - 1, URL, value="v"),)),
    Contacts((ContactCard(name={"formatted_name": "Bo"}, birthday="1991-02-01"),)),
]


@pytest.mark.parametrize("content", LIMIT)
def test_at_the_limit(adapter: ClickatellAdapter, content: Content) -> None:
    """Content exactly at a limit is not refused."""
    assert adapter.check(Message(TO, content, channel=Channel.WHATSAPP)) is None


@pytest.mark.parametrize(
    "message",
    [
        Message(TO, "Hi", ttl=60 * 2**31),
        Message(
            TO,
            Template("t", buttons=(TemplateButton(2**31, URL, value="v"),)),
            channel=Channel.WHATSAPP,
        ),
    ],
)
def test_a_limit_does_not_look_like_a_phone_number(
    adapter: ClickatellAdapter, message: Message
) -> None:
    """A limit of ten digits stays readable in an error, where bare digits would be masked."""
    failure = adapter.check(message)

    assert failure is not None
    assert "2,147,483,647" in mask_text(failure.detail)


def test_buttons_may_be_given_in_any_order(adapter: ClickatellAdapter) -> None:
    """Template buttons are ordered by their position, not by their place in the list."""
    buttons = (
        TemplateButton(1, URL, value="a"),
        TemplateButton(4, ANSWER, value="b"),
        TemplateButton(2, URL, value="c"),
    )

    failure = adapter.check(Message(TO, Template("t", buttons=buttons), channel=Channel.WHATSAPP))

    assert failure is None


def test_encrypted_file_with_its_key(adapter: ClickatellAdapter) -> None:
    """An encrypted file may be sent with its key."""
    message = Message(
        TO,
        _media(source=attrs.evolve(STORED, client_encrypted=True)),
        channel=Channel.WHATSAPP,
        encryption=Encryption(key=Secret("a2V5")),
    )

    assert adapter.check(message) is None


@pytest.mark.parametrize("key", ["clientMessageId", "messages", "to"])
def test_extras_of_the_account(build: Callable[..., ClickatellAdapter], key: str) -> None:
    """An account's extras must not set the members that decide the recipient."""
    with pytest.raises(ConfigError, match=rf"accounts\.cape\.extras\.{key}"):
        build(extras={key: "x"})


def test_a_refused_file_source_is_named_by_its_class(adapter: ClickatellAdapter) -> None:
    """A refusal of a file's source names its class, the supported classes, and `client.upload`."""
    media = _media(source=Link("https://example.test/a.png"))
    failure = adapter.check(Message("+27820000001", media, channel=Channel.WHATSAPP))

    assert failure is not None
    assert failure.detail == (
        "is a link (Link); on whatsapp this provider takes a stored file (Stored), bytes (Inline);"
        " client.upload stores one"
    )
