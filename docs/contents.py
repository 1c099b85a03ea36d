"""One message of each kind of content: the same Python object for every provider that can carry it.

The table of "swap a provider" is generated from these, and a test sends each of them through each
provider that can carry it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from omnimsg import (
    Attachment,
    Binary,
    Card,
    Carousel,
    Channel,
    ContactCard,
    Contacts,
    Email,
    Inline,
    Interactive,
    Link,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    Media,
    MediaItem,
    MediaKind,
    Message,
    OpenUrl,
    Otp,
    Reply,
    Section,
    Template,
    Text,
)

if TYPE_CHECKING:
    from omnimsg.domain.content import Content

PHONE = "+27820001000"
MAILBOX = "guest@example.test"

_MENU = Link("https://shop.example.test/menu.png")
_IMAGE = MediaItem(MediaKind.IMAGE, _MENU)

# A picture of one pixel, for the providers that take bytes inside a message.
_PIXEL = Inline(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d494844520000000100000001080600000"
        "01f15c4890000000d49444154789c6360f8cf500f0003860180d95a5b"
        "7d0000000049454e44ae426082"
    )
)

CONTENTS: dict[str, Content] = {
    "text": Text("Your table is ready"),
    "media by link": Media((_IMAGE,)),
    "media inline": Media(
        (MediaItem(MediaKind.IMAGE, _PIXEL, content_type="image/png", file_name="menu.png"),)
    ),
    "template": Template("table_ready", "en", body=("Thandi", "19:30")),
    "location": Location(-33.92, 18.42, name="Cafe", address="1 Long Street"),
    "contacts": Contacts(
        (ContactCard(name={"formatted_name": "Cafe"}, phones=({"phone": "+27210000000"},)),)
    ),
    "interactive: replies": Interactive(
        "Will you come?", (Reply("Yes", "yes-71"), Reply("No", "no-71"))
    ),
    "interactive: link": Interactive(
        "Tonight's menu", (OpenUrl("Open", "https://shop.example.test/menu"),)
    ),
    "list": ListPicker(
        "What would you like?",
        "Choose",
        sections=(ListSection((ListItem("Soup", "soup"), ListItem("Fish", "fish"))),),
    ),
    "card": Card(title="Tonight", text="Soup and fish", media=_IMAGE),
    "carousel": Carousel(
        tuple(
            Card(
                title=name,
                text=f"{name} of the day",
                media=_IMAGE,
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
        attachments=(Attachment(_MENU, "menu.png"),),
    ),
    "otp": Otp(disclaimer=True, expires_in=5),
    "binary": Binary(b"\x00\x01\x02", udh="050003010101"),
}


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
