"""One message of each kind of content: the same Python object for every provider that can carry it.

The page on messages shows these lines and what each provider makes of them, and a test sends each
of them through each provider that can carry it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from omnimsg import (
    Attachment,
    Binary,
    ButtonKind,
    Card,
    Carousel,
    Channel,
    ContactCard,
    Contacts,
    CurrencyParameter,
    DateTimeParameter,
    Email,
    Inline,
    Interactive,
    Link,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaParameter,
    Message,
    OpenUrl,
    Otp,
    Reply,
    Section,
    Stored,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)

if TYPE_CHECKING:
    from omnimsg.domain.content import Content
    from omnimsg.domain.media import Source

PHONE = "+27820001000"
MAILBOX = "guest@example.test"

# A picture of one pixel, for the providers that take bytes inside a message.
picture = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000"
    "01f15c4890000000d49444154789c6360f8cf500f0003860180d95a5b"
    "7d0000000049454e44ae426082"
)

CONTENTS: dict[str, Content] = {
    "text": Text("Your table is ready"),
    "media by link": Media.link("image", "https://shop.example.test/menu.png"),
    "media inline": Media(
        (MediaItem("image", Inline(picture), content_type="image/png", file_name="menu.png"),),
        caption="Tonight's menu",
    ),
    "template": Template("table_ready", "en", body=("Thandi", "19:30")),
    "location": Location(-33.92, 18.42, name="Cafe", address="1 Long Street"),
    "contacts": Contacts(
        (ContactCard(name={"formatted_name": "Cafe"}, phones=({"phone": "+27210000000"},)),),
    ),
    "interactive: replies": Interactive(
        "Will you come?",
        (Reply("Yes", "yes-71"), Reply("No", "no-71")),
    ),
    "interactive: link": Interactive(
        "Tonight's menu",
        (OpenUrl("Open", "https://shop.example.test/menu"),),
    ),
    "list": ListPicker(
        "What would you like?",
        "Choose",
        sections=(ListSection((ListItem("Soup", "soup"), ListItem("Fish", "fish"))),),
    ),
    "card": Card(
        title="Tonight",
        text="Soup and fish",
        media=MediaItem("image", Link("https://shop.example.test/menu.png")),
        actions=(Reply("Book", "book-71"),),
    ),
    "carousel": Carousel(
        tuple(
            Card(
                title=name,
                text=f"{name} of the day",
                media=MediaItem("image", Link(f"https://shop.example.test/{name}.png")),
                actions=(OpenUrl("Open", "https://shop.example.test/menu"),),
            )
            for name in ("Soup", "Fish")
        ),
        "Tonight",
    ),
    "section": Section((Text("Tonight"), Location(-33.92, 18.42))),
    "email": Email(
        subject="Your table",
        html="<p>It is ready.</p>",
        text="It is ready.",
        attachments=(Attachment(Link("https://shop.example.test/menu.png"), "menu.png"),),
    ),
    "otp": Otp(disclaimer=True, expires_in=5),
    "binary": Binary(b"\x00\x01\x02", udh="050003010101"),
}


BODY = ("Thandi", "19:30")


def template_parts(account: str) -> dict[str, tuple[Template, ...]]:
    """Return the parts that a template may have, each written with and without names."""
    stored = Stored(account=account, id="menu-1", url="https://media.api.bird.com/menu-1")
    linked = Link("https://shop.example.test/menu.png")
    place = Location(-33.92, 18.42, name="Cafe", address="1 Long Street")
    return {
        "texts in the body, by position": (_template(body=BODY),),
        "texts in the body, by name": (
            _template(
                body=(TextParameter("Thandi", name="name"), TextParameter("19:30", name="time"))
            ),
        ),
        "an amount in the body": (
            _template(body=(CurrencyParameter("R 90", "ZAR", amount_1000=90_000), "19:30")),
        ),
        "a date in the body": (_template(body=(DateTimeParameter("today"), "19:30")),),
        "a text in the header": (
            _template(body=BODY, header=TextParameter("Tonight")),
            _template(body=BODY, header=TextParameter("Tonight", name="title")),
        ),
        "a picture by link in the header": _with_picture(linked),
        "an uploaded picture in the header": _with_picture(stored),
        "a location in the header": (_template(body=BODY, header=LocationParameter(place)),),
        **{
            f"a button, `ButtonKind.{each.name}`": (
                _template(body=BODY, buttons=(TemplateButton(1, each, value="71"),)),
            )
            for each in ButtonKind
        },
        "no language": (Template("table_ready", body=BODY),),
        "a version": (_template(body=BODY, version="2"),),
    }


def _template(**parts: Any) -> Template:
    return Template("table_ready", "en", **parts)


def _with_picture(source: Source) -> tuple[Template, ...]:
    item = MediaItem("image", source)
    headers = (MediaParameter(item), MediaParameter(item, name="picture"))
    return tuple(_template(body=BODY, header=each) for each in headers)


def message(name: str, channel: Channel) -> Message:
    """Build the message of one kind for a channel; nothing in it knows a provider."""
    return Message(
        MAILBOX if channel is Channel.EMAIL else PHONE,
        CONTENTS[name],
        channel=channel,
        sender="Cafe" if channel is Channel.RCS else None,
        reference=f"table-71-{name.replace(': ', '-').replace(' ', '-')}-{channel.value}",
    )


NOW = datetime(2030, 5, 1, 9, 0, tzinfo=UTC)
