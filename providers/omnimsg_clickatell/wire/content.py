"""Write text, binary, media, location and contacts as members of a message's JSON object.

The capabilities and `rules` have already refused content that the API cannot express.
"""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import omit_missing
from omnimsg.domain.media import Inline

if TYPE_CHECKING:
    from omnimsg.domain.content import Binary, ContactCard, Contacts, Location, Media, Text

CONTACT_LISTS = ("addresses", "emails", "phones", "urls")


def text(content: Text) -> dict[str, Any]:
    """Write plain text. A user data header is sent as it is given, in hexadecimal digits."""
    document: dict[str, Any] = {"content": content.text}
    if content.udh is not None:
        document["userDataHeader"] = content.udh
    if content.preview_url is not None:
        document["previewFirstUrl"] = content.preview_url
    return document


def binary(content: Binary) -> dict[str, Any]:
    """Write an 8-bit SMS as hexadecimal digits.

    The One API has a flag for binary content but does not say how bytes become its text. Two
    hexadecimal digits a byte is the form that the vendor's HTTP API requires (parameter `data`).
    """
    document: dict[str, Any] = {"content": content.data.hex(), "binary": True}
    if content.udh is not None:
        document["userDataHeader"] = content.udh
    return document


def media(content: Media) -> dict[str, Any]:
    """Write one file: bytes as base64 in `content`, a stored file by its id."""
    item = content.items[0]
    members: dict[str, Any] = {
        "contentType": item.content_type,
        "caption": content.caption,
        "fileName": item.file_name,
        "sha256Hash": item.sha256,
    }
    document: dict[str, Any] = {}
    if isinstance(item.source, Inline):
        document["content"] = b64encode(item.source.data).decode("ascii")
    else:
        members["fileId"] = getattr(item.source, "id", None)
    document["media"] = omit_missing(**members)
    return document


def location(content: Location) -> dict[str, Any]:
    """Write a location."""
    return {"location": location_members(content)}


def contacts(content: Contacts) -> dict[str, Any]:
    """Write contact cards; the members of their mappings are passed through."""
    return {"contacts": [_card(card) for card in content.contacts]}


def location_members(content: Location) -> dict[str, Any]:
    """Write the members of a location, in a message or in a template's header."""
    return omit_missing(
        latitude=degrees(content.latitude),
        longitude=degrees(content.longitude),
        name=content.name,
        address=content.address,
    )


def degrees(value: float) -> str:
    """Write a coordinate as text with all its digits and without an exponent."""
    # `repr` is the shortest text that reads back as the same number; + 0.0 turns -0.0 into 0.0.
    return format(Decimal(repr(value + 0.0)), "f")


def _card(card: ContactCard) -> dict[str, Any]:
    document: dict[str, Any] = {"name": card.name}
    for name in CONTACT_LISTS:
        entries = getattr(card, name)
        if entries:
            document[name] = entries
    if card.org:
        document["org"] = card.org
    if card.birthday is not None:
        document["birthday"] = card.birthday
    return document
