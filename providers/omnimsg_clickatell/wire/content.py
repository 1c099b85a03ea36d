"""Content that is words, files, places and people, as members of a message's object.

What the API cannot say never gets here: the capabilities and `rules` refuse it first.
"""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from omnimsg.domain.media import Inline

if TYPE_CHECKING:
    from omnimsg.domain.content import Binary, ContactCard, Contacts, Location, Media, Text

CONTACT_LISTS = ("addresses", "emails", "phones", "urls")


def text(content: Text) -> dict[str, Any]:
    """Write plain text; a user data header is sent as the hexadecimal digits it is given in."""
    document: dict[str, Any] = {"content": content.text}
    if content.udh is not None:
        document["userDataHeader"] = content.udh
    if content.preview_url is not None:
        document["previewFirstUrl"] = content.preview_url
    return document


def binary(content: Binary) -> dict[str, Any]:
    """Write an 8-bit SMS as hexadecimal digits.

    The One API has a flag for binary content but does not say how bytes become its text. Two
    hexadecimal digits a byte is what the vendor's HTTP API asks for (its parameter `data`).
    """
    document: dict[str, Any] = {"content": content.data.hex(), "binary": True}
    if content.udh is not None:
        document["userDataHeader"] = content.udh
    return document


def media(content: Media) -> dict[str, Any]:
    """Write one file: bytes as base64 in `content`, a stored file by its id."""
    item = content.items[0]
    told: dict[str, Any] = {
        "contentType": item.content_type,
        "caption": content.caption,
        "fileName": item.file_name,
        "sha256Hash": item.sha256,
    }
    document: dict[str, Any] = {}
    if isinstance(item.source, Inline):
        document["content"] = b64encode(item.source.data).decode("ascii")
    else:
        told["fileId"] = getattr(item.source, "id", None)
    document["media"] = present(told)
    return document


def location(content: Location) -> dict[str, Any]:
    """Write a place."""
    return {"location": place(content)}


def contacts(content: Contacts) -> dict[str, Any]:
    """Write cards for the address book; the members of their mappings are passed through."""
    return {"contacts": [_card(each) for each in content.contacts]}


def place(content: Location) -> dict[str, Any]:
    """Write the members of a place, which a template's header shares."""
    return present(
        {
            "latitude": degrees(content.latitude),
            "longitude": degrees(content.longitude),
            "name": content.name,
            "address": content.address,
        }
    )


def degrees(value: float) -> str:
    """Write a coordinate as text: every digit that it has, and never an exponent."""
    # The shortest text that reads back as the same number, and no minus before a zero.
    return format(Decimal(repr(value + 0.0)), "f")


def present(members: dict[str, Any]) -> dict[str, Any]:
    """Leave out the members that were not given."""
    return {name: value for name, value in members.items() if value is not None}


def _card(card: ContactCard) -> dict[str, Any]:
    document: dict[str, Any] = {"name": dict(card.name)}
    for name in CONTACT_LISTS:
        listed = getattr(card, name)
        if listed:
            document[name] = [dict(each) for each in listed]
    if card.org:
        document["org"] = dict(card.org)
    if card.birthday is not None:
        document["birthday"] = card.birthday
    return document
