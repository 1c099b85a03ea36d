"""Map an error of the One API to the path of a field in our message.

Descriptions such as "Invalid or missing parameter: content" name a member of the request; some
codes always concern the same member.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omnimsg.domain.content import (
    Binary,
    Contacts,
    Interactive,
    ListPicker,
    Location,
    Media,
    Template,
    Text,
)

if TYPE_CHECKING:
    from omnimsg.domain.message import Message

_PARAMETER_NAME = re.compile(r"parameter\s*:?\s*\(?\s*([A-Za-z][\w.\[\]]*)", re.IGNORECASE)
_INDEX = re.compile(r"\[[^\]]*\]")

# The member that a code concerns if its description names none (One API errors table).
_MEMBER_OF_CODE = {
    "24": "content",
    "25": "to",
    "26": "to",
    "27": "to",
    "28": "to",
    "30": "contentType",
    "31": "content",
    "33": "fileId",
    "38": "channel",
    "39": "channel",
    "40": "content",
    "44": "from",
    "45": "from",
    "100": "content",
    "101": "from",
}

_FIELDS = {
    "binary": "content",
    "channel": "channel",
    "clientMessageId": "reference",
    "encryptionCipher": "encryption.cipher",
    "encryptionKey": "encryption.key",
    "encryptionKeyArn": "encryption.key_arn",
    "from": "sender",
    "previewFirstUrl": "content.preview_url",
    "scheduledDeliveryTime": "send_at",
    "to": "to",
    "userDataHeader": "content.udh",
    "validityPeriod": "ttl",
}

# By kind of content: the possible names of its JSON object, and the path of each member. The only
# file of a template, and of buttons, is that of the header.
_CONTENT_MEMBERS: dict[type, tuple[frozenset[str], dict[str, str]]] = {
    Binary: (frozenset(), {"content": "content.data"}),
    Contacts: (frozenset({"contacts"}), {}),
    Interactive: (
        frozenset({"actionUrl", "button", "locationRequest"}),
        {
            "body": "content.body",
            "contentType": "content.header",
            "fileId": "content.header",
            "footer": "content.footer",
            "header": "content.header",
            "items": "content.actions",
            "postbackData": "content.actions",
            "title": "content.actions",
            "url": "content.actions[0].url",
        },
    ),
    ListPicker: (
        frozenset({"listPicker"}),
        {
            "button": "content.button",
            "footer": "content.footer",
            "sections": "content.sections",
            "subtitle": "content.body",
            "title": "content.header",
        },
    ),
    Location: (
        frozenset({"location"}),
        {name: f"content.{name}" for name in ("address", "latitude", "longitude", "name")},
    ),
    Media: (
        frozenset({"media"}),
        {
            "caption": "content.caption",
            "content": "content.items[0].source",
            "contentType": "content.items[0].content_type",
            "fileId": "content.items[0].source.id",
            "fileName": "content.items[0].file_name",
            "sha256Hash": "content.items[0].sha256",
        },
    ),
    Template: (
        frozenset({"template"}),
        {
            "body": "content.body",
            "contentType": "content.header",
            "fileId": "content.header",
            "header": "content.header",
            "language": "content.language",
            "parameters": "content.body",
            "templateButtons": "content.buttons",
            "templateName": "content.name",
        },
    ),
    Text: (frozenset(), {"content": "content.text"}),
}


def field_path(message: Message, code: str | None, description: str) -> str | None:
    """Return the path of the field that an error is about; `None` if that is unknown.

    A name that is not a member of the message's kind of content gives `None`, not a guess.
    """
    named = _PARAMETER_NAME.search(description)
    member = named[1] if named else _MEMBER_OF_CODE.get(code or "")
    if member is None:
        return None
    objects, members = _CONTENT_MEMBERS.get(message.content.__class__, (frozenset(), {}))
    segments = [segment for segment in _INDEX.sub("", member).split(".") if segment]
    if segments[0] == "messages":
        del segments[0]
    inside = bool(segments) and segments[0] in objects
    if inside:
        del segments[0]
    if not segments:
        return "content" if inside else None
    known = members if inside else _FIELDS | members
    return known.get(segments[0], "content" if inside else None)
