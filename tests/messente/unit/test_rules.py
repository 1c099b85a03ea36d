"""Refusals of buttons, cards, carousels and templates by channel, and their paths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest
from messente.cases import FILM, PICTURE, TO, URL

from omnimsg.adapter import Account, TemplateMapping
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Buy,
    Card,
    CardHeight,
    CardWidth,
    Carousel,
    Content,
    CreateEvent,
    CurrencyParameter,
    Dial,
    Interactive,
    Media,
    MediaItem,
    MediaParameter,
    OpenMedia,
    OpenUrl,
    Reply,
    RequestLocation,
    ShowLocation,
    Template,
    TemplateButton,
    TextParameter,
)
from omnimsg.domain.content.template import ButtonKind
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import Inline, Link, MediaKind, Stored
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.reason import Reason
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.secret import Secret
from omnimsg_messente import MessenteAdapter, MessenteSettings

LONG = "https://files.example.test/" + "x" * 2022
AT = datetime(2030, 1, 2, tzinfo=UTC)
LOCAL = datetime(2030, 1, 2, tzinfo=timezone(timedelta(seconds=1172)))

SONG = MediaItem(MediaKind.AUDIO, Link(URL))
STICKER = MediaItem(MediaKind.STICKER, Link(URL))
BUTTON = OpenUrl("Open", URL)
YES = Reply("Yes", "y")
CARD = Card(title="Fish", media=PICTURE, actions=(BUTTON,))
RICH = Card(title="Fish")
VIBER, WHATSAPP, RCS = Channel.VIBER, Channel.WHATSAPP, Channel.RCS
NO, LARGE, BAD = Reason.UNSUPPORTED_CONTENT, Reason.CONTENT_TOO_LARGE, Reason.INVALID_CONTENT

Row = tuple[Channel, Content, Reason, str]


def with_buttons(*actions: Any, **more: Any) -> Interactive:
    """Build text with buttons."""
    return Interactive("Hi", actions, **more)


def row(**more: Any) -> Carousel:
    """Build a Viber carousel whose second card has the given changes."""
    return Carousel((CARD, attrs.evolve(CARD, **more)), "Tonight")


def event(**more: Any) -> Interactive:
    """Build a calendar button with the given changes."""
    fields: dict[str, Any] = {"start": AT, "end": AT, "description": "All day"} | more
    return with_buttons(CreateEvent("Note it", fields.pop("title", "Opening"), **fields))


VIBERS: dict[str, Row] = {
    "two buttons": (VIBER, with_buttons(BUTTON, BUTTON), NO, "content.actions"),
    "a reply": (VIBER, with_buttons(YES), NO, "content.actions[0]"),
    "a button to the video that is not there": (
        VIBER,
        with_buttons(OpenMedia("Watch")),
        NO,
        "content.actions[0]",
    ),
    "a button to the video that is a picture": (
        VIBER,
        with_buttons(OpenMedia("Watch"), header=PICTURE),
        NO,
        "content.actions[0]",
    ),
    "a text header": (VIBER, with_buttons(BUTTON, header="Hello"), NO, "content.header"),
    "a footer": (VIBER, with_buttons(BUTTON, footer="Terms"), NO, "content.footer"),
    "a button without text": (
        VIBER,
        Interactive(None, (BUTTON,), header=PICTURE),
        BAD,
        "content.body",
    ),
    "text too long": (VIBER, Interactive("x" * 1001, (BUTTON,)), LARGE, "content.body"),
    "a song above": (VIBER, with_buttons(BUTTON, header=SONG), NO, "content.header.kind"),
    "bytes above": (
        VIBER,
        with_buttons(
            BUTTON, header=MediaItem(MediaKind.IMAGE, Inline(b"x"), content_type="image/png")
        ),
        NO,
        "content.header.source",
    ),
    "an image's still": (
        VIBER,
        with_buttons(BUTTON, header=attrs.evolve(PICTURE, thumbnail_url=URL)),
        NO,
        "content.header.thumbnail_url",
    ),
    "a video without a still": (
        VIBER,
        with_buttons(BUTTON, header=attrs.evolve(FILM, thumbnail_url=None)),
        Reason.MEDIA_INVALID,
        "content.header.thumbnail_url",
    ),
    "a video of no bytes": (
        VIBER,
        with_buttons(BUTTON, header=attrs.evolve(FILM, size=0)),
        Reason.MEDIA_INVALID,
        "content.header.size",
    ),
    "a video too large": (
        VIBER,
        with_buttons(BUTTON, header=attrs.evolve(FILM, size=200_000_001)),
        Reason.MEDIA_TOO_LARGE,
        "content.header.size",
    ),
    "a video too long": (
        VIBER,
        with_buttons(BUTTON, header=attrs.evolve(FILM, duration=601)),
        Reason.MEDIA_TOO_LARGE,
        "content.header.duration",
    ),
    "no text above the cards": (VIBER, Carousel((CARD, CARD)), BAD, "content.text"),
    "six cards": (VIBER, Carousel((CARD,) * 6, "Tonight"), NO, "content.cards"),
    "a width": (
        VIBER,
        Carousel((CARD, CARD), "Tonight", width=CardWidth.SMALL),
        NO,
        "content.width",
    ),
    "buttons below the cards": (
        VIBER,
        Carousel((CARD, CARD), "Tonight", suggestions=(BUTTON,)),
        NO,
        "content.suggestions",
    ),
    "a card without title": (VIBER, row(title=None), BAD, "content.cards[1].title"),
    "a title too short": (VIBER, row(title="F"), BAD, "content.cards[1].title"),
    "a title too long": (VIBER, row(title="x" * 39), LARGE, "content.cards[1].title"),
    "text on a card": (VIBER, row(text="Fried"), NO, "content.cards[1].text"),
    "a height": (VIBER, row(height=CardHeight.TALL), NO, "content.cards[1].height"),
    "a card without picture": (VIBER, row(media=None), BAD, "content.cards[1].media"),
    "a video on a card": (VIBER, row(media=FILM), NO, "content.cards[1].media.kind"),
    "a card without button": (VIBER, row(actions=()), BAD, "content.cards[1].actions"),
    "three buttons": (VIBER, row(actions=(BUTTON,) * 3), NO, "content.cards[1].actions"),
    "a button to a card's video": (
        VIBER,
        row(actions=(BUTTON, OpenMedia("Watch"))),
        NO,
        "content.cards[1].actions[1]",
    ),
    "a payload on a card": (
        VIBER,
        row(actions=(OpenUrl("Open", URL, payload="p"),)),
        NO,
        "content.cards[1].actions[0].payload",
    ),
    "a template's header": (
        VIBER,
        Template("t", "en", header=TextParameter("x")),
        NO,
        "content.header",
    ),
    "a template's button": (
        VIBER,
        Template("t", "en", buttons=(TemplateButton(1, ButtonKind.URL, value="x"),)),
        NO,
        "content.buttons",
    ),
    "a template's version": (VIBER, Template("t", "en", version="2"), NO, "content.version"),
    "a template without language": (
        VIBER,
        Template("t"),
        Reason.TEMPLATE_INVALID,
        "content.language",
    ),
    "a parameter without name": (
        VIBER,
        Template("t", "en", body=["Ola"]),
        Reason.TEMPLATE_INVALID,
        "content.body[0].name",
    ),
    "two parameters of one name": (
        VIBER,
        Template("t", "en", body=[TextParameter("a", name="n"), TextParameter("b", name="n")]),
        Reason.TEMPLATE_INVALID,
        "content.body[1].name",
    ),
    "an amount": (
        VIBER,
        Template("t", "en", body=[CurrencyParameter("1 EUR", "EUR", amount_1000=1, name="n")]),
        NO,
        "content.body[0]",
    ),
    **{
        f"a button's {name}": (
            VIBER,
            with_buttons(OpenUrl("Open", URL, **{name: value})),
            NO,
            f"content.actions[0].{name}",
        )
        for name, value in {
            "payload": "p",
            "fallback_url": URL,
            "application": "WEBVIEW",
            "view": "FULL",
            "description": "d",
        }.items()
    },
}
WHATSAPPS: dict[str, Row] = {
    "a file without id": (
        WHATSAPP,
        Media((MediaItem(MediaKind.IMAGE, Stored(account="baltic", url=URL)),)),
        NO,
        "content.items[0].source.id",
    ),
    "a header's file without id": (
        WHATSAPP,
        Template(
            "t",
            "en",
            header=MediaParameter(MediaItem(MediaKind.IMAGE, Stored(account="baltic", url=URL))),
        ),
        NO,
        "content.header.item.source.id",
    ),
    "buttons": (WHATSAPP, with_buttons(YES), NO, "content"),
    "a song in a header": (
        WHATSAPP,
        Template("t", "en", header=MediaParameter(SONG)),
        NO,
        "content.header.item.kind",
    ),
    "the name of a picture in a header": (
        WHATSAPP,
        Template(
            "t",
            "en",
            header=MediaParameter(MediaItem(MediaKind.IMAGE, Link(URL), file_name="a.png")),
        ),
        NO,
        "content.header.item.file_name",
    ),
    "a currency that is none": (
        WHATSAPP,
        Template("t", "en", body=[CurrencyParameter("1", "eur", amount_1000=1)]),
        Reason.TEMPLATE_INVALID,
        "content.body[0].code",
    ),
}
RCSS: dict[str, Row] = {
    "text and a file": (RCS, with_buttons(YES, header=PICTURE), NO, "content.header"),
    "a text header": (RCS, with_buttons(YES, header="Hello"), NO, "content.header"),
    "a footer": (RCS, with_buttons(YES, footer="Terms"), NO, "content.footer"),
    "text too long": (RCS, Interactive("x" * 3073, (YES,)), LARGE, "content.body"),
    "a sticker": (RCS, Interactive(None, (YES,), header=STICKER), NO, "content.header.kind"),
    "twelve suggestions": (RCS, with_buttons(*[YES] * 12), NO, "content.actions"),
    "a payment": (
        RCS,
        with_buttons(Buy("Pay", Decimal(1), currency="EUR")),
        NO,
        "content.actions[0]",
    ),
    "a label too long": (RCS, with_buttons(YES, Reply("x" * 26)), LARGE, "content.actions[1].text"),
    "a reply's picture": (
        RCS,
        with_buttons(Reply("Yes", image_url=URL)),
        NO,
        "content.actions[0].image_url",
    ),
    "a reply's second line": (
        RCS,
        with_buttons(Reply("Yes", description="d")),
        NO,
        "content.actions[0].description",
    ),
    "an address too long": (
        RCS,
        with_buttons(OpenUrl("Open", LONG)),
        LARGE,
        "content.actions[0].url",
    ),
    "an emergency address too long": (
        RCS,
        with_buttons(Dial("Call", TO, fallback_url=LONG)),
        LARGE,
        "content.actions[0].fallback_url",
    ),
    "a view in the browser": (
        RCS,
        with_buttons(OpenUrl("Open", URL, view="FULL")),
        NO,
        "content.actions[0].view",
    ),
    "a short number": (RCS, with_buttons(Dial("Call", "112")), BAD, "content.actions[0].number"),
    "a pin's label without a pin": (
        RCS,
        with_buttons(ShowLocation("Where", query="Café", label="Café")),
        NO,
        "content.actions[0].label",
    ),
    "a search and a pin": (
        RCS,
        with_buttons(ShowLocation("Where", query="Café", latitude=1, longitude=1)),
        NO,
        "content.actions[0].query",
    ),
    "a question without label": (
        RCS,
        with_buttons(RequestLocation()),
        BAD,
        "content.actions[0].text",
    ),
    "an event's title": (RCS, event(title="x" * 101), LARGE, "content.actions[0].title"),
    "an event undescribed": (RCS, event(description=None), BAD, "content.actions[0].description"),
    "an event described at length": (
        RCS,
        event(description="x" * 501),
        LARGE,
        "content.actions[0].description",
    ),
    "a start in the nineteenth century": (
        RCS,
        event(start=LOCAL),
        Reason.INVALID_MESSAGE,
        "content.actions[0].start",
    ),
    "a title": (RCS, Card(title="x" * 201), LARGE, "content.title"),
    "a card's text": (RCS, Card(text="x" * 2001), LARGE, "content.text"),
    "a height of nothing": (RCS, Card(title="x", height=CardHeight.TALL), NO, "content.height"),
    "a sticker on a card": (RCS, Card(media=STICKER), NO, "content.media.kind"),
    "a picture's second name": (
        RCS,
        Card(media=attrs.evolve(PICTURE, alt_text="Fish")),
        NO,
        "content.media.alt_text",
    ),
    "five buttons on a card": (RCS, Card(title="x", actions=(YES,) * 5), NO, "content.actions"),
    "twelve below a card": (
        RCS,
        Card(title="x", suggestions=(YES,) * 12),
        NO,
        "content.suggestions",
    ),
    "eleven cards": (RCS, Carousel((RICH,) * 11), NO, "content.cards"),
    "text above the cards": (RCS, Carousel((RICH, RICH), "Tonight"), NO, "content.text"),
    "a title in a row": (
        RCS,
        Carousel((RICH, Card(title="x" * 201))),
        LARGE,
        "content.cards[1].title",
    ),
    "twelve below a row": (
        RCS,
        Carousel((RICH, RICH), suggestions=(YES,) * 12),
        NO,
        "content.suggestions",
    ),
}
REFUSED = {
    f"{channel.value}: {name}": each
    for channel, rows in ((VIBER, VIBERS), (WHATSAPP, WHATSAPPS), (RCS, RCSS))
    for name, each in rows.items()
}


@pytest.mark.parametrize(("channel", "content", "reason", "path"), REFUSED.values(), ids=REFUSED)
def test_unsupported_content_is_refused_with_its_path(
    adapter: MessenteAdapter, channel: Channel, content: Content, reason: Reason, path: str
) -> None:
    """Unsupported or too long content is refused with its path, and no limit is masked."""
    failure = adapter.check(Message(TO, content, channel=channel, sender="Acme"))

    assert failure is not None
    assert (reason, path) == (failure.reason, failure.path)
    assert mask_text(failure.detail) == failure.detail


@pytest.mark.parametrize("sender", ["x" * 12, "1" * 16, "+" + "1" * 16])
def test_an_sms_sender_has_eleven_characters_or_fifteen_digits(
    adapter: MessenteAdapter, sender: str
) -> None:
    """An SMS sender of more than 11 characters or 15 digits is refused; Viber has no limit."""
    on_sms = adapter.check(Message(TO, "Hi", sender=sender))

    assert on_sms is not None
    assert (Reason.INVALID_SENDER, "sender") == (on_sms.reason, on_sms.path)
    assert None is adapter.check(Message(TO, "Hi", sender=sender, channel=VIBER))


@pytest.mark.parametrize("sender", ["x" * 11, "1" * 15, "+" + "1" * 15])
def test_an_sms_sender_within_the_limits(adapter: MessenteAdapter, sender: str) -> None:
    """An SMS sender of 11 characters or 15 digits is accepted."""
    assert None is adapter.check(Message(TO, "Hi", sender=sender))


@pytest.mark.parametrize("channel", [Channel.SMS, VIBER, WHATSAPP, RCS])
@pytest.mark.parametrize("sender", ["Ac\tme", "Ac\x7fme", "\x01"])
def test_a_sender_has_no_control_characters(
    adapter: MessenteAdapter, channel: Channel, sender: str
) -> None:
    """A sender with a control character is refused on every channel."""
    content = Template("t", "en") if channel is WHATSAPP else "Hi"
    failure = adapter.check(Message(TO, content, channel=channel, sender=sender))

    assert failure is not None
    assert (Reason.INVALID_SENDER, "sender") == (failure.reason, failure.path)


@pytest.mark.parametrize(("ttl", "is_taken"), [(1_209_600, True), (1_209_601, False)])
def test_a_ttl_has_at_most_fourteen_days(
    adapter: MessenteAdapter, ttl: int, is_taken: bool
) -> None:
    """A ttl of 14 days is accepted and a longer one refused, of a message and of a leg."""
    of_message = adapter.check(Message(TO, "Hi", ttl=ttl))
    of_leg = adapter.check(Message(TO, "Hi", fallback=(Leg(channel=VIBER, ttl=ttl),)))

    assert ((None, None) if is_taken else ("ttl", "fallback[0].ttl")) == (
        of_message and of_message.path,
        of_leg and of_leg.path,
    )


def test_a_time_that_cannot_be_written(adapter: MessenteAdapter) -> None:
    """A time whose offset has seconds is refused."""
    failure = adapter.check(Message(TO, "Hi", send_at=LOCAL))

    assert failure is not None
    assert "send_at" == failure.path


def test_the_account_names_a_viber_templates_placeholders() -> None:
    """With `keys` in the account's mapping, template parameters need no name."""
    adapter = MessenteAdapter(
        Account(
            name="baltic",
            settings=MessenteSettings(username="u", password=Secret("p")),
            base_url=MessenteAdapter.base_url,
            templates={"t": TemplateMapping(keys=("guest",), language="en")},
        )
    )

    assert None is adapter.check(Message(TO, Template("t", body=["Ola"]), channel=VIBER))


def test_a_text_store_that_does_not_exist() -> None:
    """A `text_store` other than the three documented values is refused."""
    with pytest.raises(InvalidValue, match="nostore, plaintext, sha256"):
        MessenteSettings(username="u", password=Secret("p"), text_store="md5")
