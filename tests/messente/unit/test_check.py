"""Refusals before a request is made, and their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from messente.cases import TO, URL

from omnimsg.adapter import Account, TemplateMapping
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Autoconvert,
    Binary,
    Content,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaParameter,
    Template,
    Text,
)
from omnimsg.domain.media import Inline, Link, MediaKind, Stored
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.redaction import mask_text
from omnimsg_messente import MessenteAdapter, MessenteSettings

if TYPE_CHECKING:
    from omnimsg.domain.failure import Failure


def item(kind: MediaKind, **members: Any) -> Media:
    """Build media of one item."""
    return Media((MediaItem(kind, Link(URL), **members),))


def video(**members: Any) -> Media:
    """Build a complete Viber video with the given changes."""
    return item(MediaKind.VIDEO, **{"thumbnail_url": URL, "size": 9, "duration": 7} | members)


def with_media(kind: MediaKind, **members: Any) -> Template:
    """Build a template whose first body parameter is media."""
    return Template("t", "en", body=(MediaParameter(item(kind, **members).items[0]),))


SMS, VIBER, WHATSAPP, RCS = Channel.SMS, Channel.VIBER, Channel.WHATSAPP, Channel.RCS
NO, LARGE = Reason.UNSUPPORTED_CONTENT, Reason.CONTENT_TOO_LARGE
BAD_MEDIA = Reason.MEDIA_INVALID

REFUSED: list[tuple[Channel, Content, Reason, str]] = [
    (Channel.EMAIL, Text("Hi"), Reason.UNSUPPORTED, "channel"),
    (SMS, Binary(b"x"), NO, "content"),
    (SMS, item(MediaKind.IMAGE), NO, "content"),
    (SMS, Text("Hi", preview_url=False), NO, "content.preview_url"),
    (VIBER, Text("Hi", udh="00"), NO, "content.udh"),
    (WHATSAPP, Text("Hi", autoconvert=Autoconvert.ON), NO, "content.autoconvert"),
    (VIBER, Text("x" * 1001), LARGE, "content.text"),
    (RCS, Text("x" * 3073), LARGE, "content.text"),
    (VIBER, Media.link("image", URL, caption="Look"), NO, "content.caption"),
    (VIBER, item(MediaKind.DOCUMENT), NO, "content.items[0].kind"),
    (VIBER, video(thumbnail_url=None), BAD_MEDIA, "content.items[0].thumbnail_url"),
    (VIBER, video(size=None), BAD_MEDIA, "content.items[0].size"),
    (VIBER, video(duration=None), BAD_MEDIA, "content.items[0].duration"),
    (VIBER, video(duration=601), Reason.MEDIA_TOO_LARGE, "content.items[0].duration"),
    (VIBER, video(size=200_000_001), Reason.MEDIA_TOO_LARGE, "content.items[0].source"),
    (VIBER, Media(video().items, "x" * 1001), LARGE, "content.caption"),
    (WHATSAPP, Media(item(MediaKind.IMAGE).items * 2), NO, "content.items"),
    (WHATSAPP, Media.link("audio", URL, caption="Listen"), NO, "content.caption"),
    (WHATSAPP, Media.link("sticker", URL, caption="Look"), NO, "content.caption"),
    (WHATSAPP, item(MediaKind.IMAGE, file_name="a.png"), NO, "content.items[0].file_name"),
    (WHATSAPP, item(MediaKind.IMAGE, alt_text="A cat"), NO, "content.items[0].alt_text"),
    (WHATSAPP, item(MediaKind.GIF), NO, "content.items[0].kind"),
    (
        WHATSAPP,
        Media((MediaItem(MediaKind.IMAGE, Inline(b"x"), content_type="image/png"),)),
        NO,
        "content.items[0].source",
    ),
    (
        WHATSAPP,
        Media((MediaItem(MediaKind.IMAGE, Stored(account="other", id="1")),)),
        Reason.MEDIA_NEEDS_UPLOAD,
        "content.items[0].source",
    ),
    (WHATSAPP, Template("t"), Reason.TEMPLATE_INVALID, "content.language"),
    (WHATSAPP, Template("t", "en", version="3"), NO, "content.version"),
    (WHATSAPP, Template("t", "en", header=LocationParameter(Location(1, 2))), NO, "content.header"),
    (WHATSAPP, with_media(MediaKind.AUDIO), NO, "content.body[0].item.kind"),
    (RCS, Text("Hi"), Reason.INVALID_SENDER, "sender"),
    (RCS, Media.link("image", URL, caption="Look"), Reason.INVALID_SENDER, "sender"),
]


@pytest.mark.parametrize(("channel", "content", "reason", "path"), REFUSED)
def test_unsupported_content_is_refused_with_its_path(
    adapter: MessenteAdapter, channel: Channel, content: Content, reason: Reason, path: str
) -> None:
    """Unsupported content is refused with the path of the unsupported part."""
    failure = adapter.check(Message(TO, content, channel=channel))

    assert failure is not None
    assert (reason, path, Retry.NEVER) == (failure.reason, failure.path, failure.retry)


@pytest.mark.parametrize(
    "source", [Inline(b"x"), Stored(account="other", id="1")], ids=["bytes", "stored elsewhere"]
)
def test_a_refusal_does_not_suggest_an_upload(
    adapter: MessenteAdapter, source: Inline | Stored
) -> None:
    """The failure suggests a link, not `client.upload`, which Messente does not have."""
    media = Media((MediaItem(MediaKind.IMAGE, source, content_type="image/png"),))

    failure = adapter.check(Message(TO, media, channel=Channel.WHATSAPP))

    assert failure is not None
    assert "client.upload" not in failure.detail
    assert "link" in failure.detail


def test_rcs_media_has_no_caption(adapter: MessenteAdapter) -> None:
    """RCS media with a caption are refused, because RCS has either text or media."""
    message = Message(
        TO, Media.link("image", URL, caption="Look"), channel=Channel.RCS, sender="Acme"
    )

    assert path_of(adapter.check(message)) == "content.caption"


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"tags": ("a",)}, "tags"),
        ({"extras": {"messente": {"to": "+37255500002"}}}, "extras.messente.to"),
        ({"extras": {"messente": {"messages": []}}}, "extras.messente.messages"),
        ({"extras": {"messente": {"sms": 1}}}, "extras.messente.sms"),
        ({"extras": {"messente": {"viber": {}}}}, "extras.messente.viber"),
        ({"extras": {"messente": {"sms": {"channel": "x"}}}}, "extras.messente.sms.channel"),
        (
            {"ttl": 60, "extras": {"messente": {"sms": {"validity": 1}}}},
            "extras.messente.sms.validity",
        ),
        (
            {"extras": {"messente": {"sms": {"ttl": 60, "validity": 1}}}},
            "extras.messente.sms.validity",
        ),
        (
            {
                "fallback": (Leg(channel=Channel.VIBER, ttl=60),),
                "extras": {"messente": {"viber": {"validity": 1}}},
            },
            "extras.messente.viber.validity",
        ),
        ({"fallback": (Leg(channel=Channel.SMS),)}, "fallback[0].channel"),
        ({"fallback": (Leg(channel=Channel.EMAIL),)}, "fallback[0].channel"),
        (
            {"fallback": (Leg(channel=Channel.VIBER), Leg(channel=Channel.VIBER))},
            "fallback[1].channel",
        ),
        ({"fallback": (Leg(channel=Channel.RCS),)}, "fallback[0].sender"),
        (
            {"fallback": (Leg(channel=Channel.VIBER, content=Binary(b"x")),)},
            "fallback[0].content",
        ),
        (
            {"fallback": (Leg(channel=Channel.VIBER, content=Text("x" * 1001)),)},
            "fallback[0].content.text",
        ),
        (
            {
                "fallback": (
                    Leg(channel=Channel.WHATSAPP),
                    Leg(channel=Channel.VIBER, content=Media.link("image", URL, caption="x")),
                )
            },
            "fallback[1].content.caption",
        ),
    ],
)
def test_unsupported_fields_are_refused_with_their_path(
    adapter: MessenteAdapter, members: dict[str, Any], path: str
) -> None:
    """Unsupported fields, extras and legs are refused with their path."""
    assert path == path_of(adapter.check(Message(TO, "Hi", **members)))


def test_a_limit_does_not_look_like_a_phone_number(adapter: MessenteAdapter) -> None:
    """The longest ttl stays readable in an error, where bare digits would be masked."""
    longest = 14 * 24 * 3600

    failure = adapter.check(Message(TO, "Hi", ttl=longest + 1))

    assert adapter.check(Message(TO, "Hi", ttl=longest)) is None
    assert failure is not None
    assert "1,209,600 seconds" in mask_text(failure.detail)


def test_a_leg_is_checked_with_the_messages_content(adapter: MessenteAdapter) -> None:
    """A leg without content of its own is checked with the message's content."""
    message = Message(
        TO,
        Text("Hi", preview_url=True),
        channel=Channel.WHATSAPP,
        fallback=(Leg(channel=Channel.SMS),),
    )

    assert path_of(adapter.check(message)) == "fallback[0].content.preview_url"


def test_an_account_gives_sender_and_language(settings: MessenteSettings) -> None:
    """The account supplies the sender for RCS, and its mapping the language of a template."""
    adapter = MessenteAdapter(
        Account(
            name="baltic",
            settings=settings,
            base_url=MessenteAdapter.base_url,
            sender="Acme",
            templates={"t": TemplateMapping(language="et")},
        )
    )

    assert adapter.check(Message(TO, "Hi", channel=Channel.RCS)) is None
    assert adapter.check(Message(TO, Template("t"), channel=Channel.WHATSAPP)) is None


def test_facts_about_a_file_need_not_be_sent(adapter: MessenteAdapter) -> None:
    """Details of a file that are not sent, such as its size, are no reason to refuse it."""
    content = item(MediaKind.IMAGE, size=9, duration=1, sha256="0" * 64, content_type="image/png")

    assert adapter.check(Message(TO, content, channel=Channel.VIBER)) is None


def path_of(failure: Failure | None) -> str | None:
    """Return the path of a refusal."""
    return None if failure is None else failure.path
