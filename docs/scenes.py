"""What is sent for each picture of the inbox page in the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs
from contents import CONTENTS, MAILBOX

from omnimsg import (
    Card,
    Carousel,
    Channel,
    Email,
    Inline,
    Interactive,
    Leg,
    Media,
    MediaItem,
    Reply,
    Stored,
    Text,
)
from omnimsg.domain.content import Content

if TYPE_CHECKING:
    T = TypeVar("T")

PHONE = "+27820001000"

_SMS, _WHATSAPP, _VIBER = Channel.SMS, Channel.WHATSAPP, Channel.VIBER
_RCS, _EMAIL = Channel.RCS, Channel.EMAIL


@attrs.frozen
class Sent:
    """A message of a picture, and the account that it goes through.

    Attributes:
        account: The account, which has the name of its provider.
        channel: The channel.
        content: The content.
        to: The recipient; a phone of the picture's own where it is empty.
        fallback: The fallback legs.
    """

    account: str
    channel: Channel
    content: Content
    to: str = attrs.field(default="", kw_only=True)
    fallback: tuple[Leg, ...] = attrs.field(default=(), kw_only=True)


@attrs.frozen(kw_only=True)
class Drawn:
    """The drawings as files.

    Attributes:
        data: The PNG of each, by its name.
        stored: Where an account has stored each, by account and name.
    """

    data: dict[str, bytes]
    stored: dict[tuple[str, str], Stored]

    def inline(self, name: str) -> MediaItem:
        """Return one as bytes inside a message."""
        source = Inline(self.data[name])
        return MediaItem("image", source, content_type="image/png", file_name=f"{name}.png")

    def item(self, account: str, name: str) -> MediaItem:
        """Return one as an account has stored it."""
        return MediaItem("image", self.stored[account, name])


def kinds(drawn: Drawn) -> dict[str, tuple[Sent, ...]]:
    """Return the messages of each picture of the page on messages, by the picture's name.

    They are those of the page; only what the page has as a link to a file is a stored file where
    the provider stores any, because the inbox page fetches nothing.
    """
    document = Media.link(
        "document",
        "https://shop.example.test/menu.pdf",
        content_type="application/pdf",
        file_name="menu.pdf",
    )
    buttons = attrs.evolve(
        _content("interactive: replies", Interactive), header=drawn.item("clickatell", "menu")
    )
    return {
        "text": (
            _sent("clickatell", "text", _SMS),
            Sent("clickatell", _SMS, Text("Your table is ready 🎉")),
        ),
        "media-link": (_sent("bird", "media by link"), Sent("bird", _WHATSAPP, document)),
        "media": (Sent("clickatell", _WHATSAPP, Media((drawn.inline("menu"),), "Tonight's menu")),),
        "template": (_sent("clickatell", "template"),),
        "location": (_sent("clickatell", "location"),),
        "contacts": (_sent("clickatell", "contacts"),),
        "replies": (_sent("clickatell", "interactive: replies"),),
        "picture-and-buttons": (Sent("clickatell", _WHATSAPP, buttons),),
        "link": (_sent("clickatell", "interactive: link"),),
        "list": (_sent("clickatell", "list"),),
        "card": (_sent("messente", "card", _RCS),),
        "carousel": (Sent("bird", _WHATSAPP, _carousel(drawn)),),
        "section": (_sent("bird", "section"),),
        "email": (Sent("bird", _EMAIL, CONTENTS["email"], to=MAILBOX),),
        "otp": (_sent("bird", "otp"),),
        "binary": (_sent("clickatell", "binary", _SMS),),
    }


def evening(drawn: Drawn) -> tuple[Sent, ...]:
    """Return the messages of the pictures of the whole page, the oldest first."""
    email = Email(subject="Your table on Friday", html="<p>See you on Friday.</p>")
    keep = Interactive(
        "Shall we keep your table?", (Reply("Yes, please", "keep"), Reply("No, free it", "free"))
    )
    menu = Media((drawn.inline("menu"),), "*Tonight*, from six o'clock")
    card = _content("card", Card)
    return (
        Sent("messente", _SMS, Text("Teie kood on 7741. Ärge jagage seda."), to="+37255500001"),
        Sent("bird", _SMS, Text("Your parcel is waiting at 12 Long Street"), to="+27820990006"),
        Sent("clickatell", _SMS, Text("Your invoice for March is ready."), to="+27820990003"),
        Sent(
            "messente",
            _VIBER,
            Text("Plum pie is back"),
            to="+27820990005",
            fallback=(Leg(channel=_SMS),),
        ),
        Sent("bird", _EMAIL, email, to=MAILBOX),
        Sent("bird", _WHATSAPP, _carousel(drawn), to="+27823334455"),
        Sent("messente", _RCS, card, to="+27825550100"),
        Sent("clickatell", _SMS, Text("Your order has shipped"), to="+27820990007"),
        Sent("clickatell", _WHATSAPP, menu, to=PHONE),
        Sent("bird", _WHATSAPP, keep, to=PHONE),
        Sent(
            "clickatell",
            _SMS,
            Text("Your code is 482 913. It is valid for five minutes."),
            to=PHONE,
        ),
    )


def _content(name: str, kind: type[T]) -> T:
    content = CONTENTS[name]
    assert isinstance(content, kind)  # noqa: S101 - contents.py has it so
    return content


def _sent(account: str, name: str, channel: Channel = _WHATSAPP) -> Sent:
    return Sent(account, channel, CONTENTS[name])


def _carousel(drawn: Drawn) -> Carousel:
    carousel = _content("carousel", Carousel)
    cards = tuple(
        attrs.evolve(card, media=drawn.item("bird", card.title or "")) for card in carousel.cards
    )
    return attrs.evolve(carousel, cards=cards)
