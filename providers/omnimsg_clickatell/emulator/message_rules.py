"""The shape of a message and of a read notification, as rules.

Source: the One API reference, "Send one or more messages" and "Send Business Read status
notification" (OpenAPI 1.0.0). Its ``maximum`` on strings is read as a length in characters, on
coordinates as a range; its date masks as the dates they mean. It forbids nothing that it does not
name, but a misspelt field would be lost, so every object is closed here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from omnimsg.sandbox.schema import (
    Kind,
    Path,
    Rule,
    Violation,
    fields,
    flag,
    items,
    number,
    tagged,
    text,
)
from omnimsg_clickatell.emulator.templates import TEMPLATE
from omnimsg_clickatell.emulator.value_rules import (
    BASE64,
    HEX,
    LINE,
    PLACE,
    STRINGS,
    distinct,
    header,
    is_date,
    parsed_time,
    passing,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SMS: Final = "sms"
WHATSAPP: Final = "whatsapp"

SMS_ONLY: Final = ("from", "userDataHeader", "binary")
CONTENTS: Final = (
    "media",
    "location",
    "contacts",
    "template",
    "listPicker",
    "button",
    "actionUrl",
    "locationRequest",
)
"""The content kinds of WhatsApp beside the plain text in ``content``."""
WHATSAPP_ONLY: Final = ("previewFirstUrl", *CONTENTS)


_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u20e3]")

# Interactive messages.
_interactive_header = tagged(
    "type",
    {
        "text": header("text", plain(60)),
        "media": header(
            "media",
            fields(required={"fileId": LINE, "type": text(one_of=("image", "video", "document"))}),
        ),
    },
)
_list_item = fields(
    required={
        "title": plain(24),
        "postbackData": passing(plain(200), ("no emoji", lambda value: not _EMOJI.search(value))),
    },
    optional={"subtitle": plain(72)},
)


def _titled(value: Any, path: Path) -> Iterator[Violation]:  # noqa: ANN401
    sections = value["sections"]
    for n, section in enumerate(sections if len(sections) > 1 else ()):
        if "title" not in section:
            yield Violation((*path, "sections", n, "title"), Kind.MISSING, "two sections need it")
    if sum(len(section["items"]) for section in sections) > 10:
        yield Violation((*path, "sections"), Kind.VALUE, "10 items in the whole message")


_list_picker = fields(
    _titled,
    required={
        "button": plain(20),
        "subtitle": text(1, 1024),
        # The schema leaves `items` optional; a section of nothing has nothing to choose.
        "sections": items(
            fields(required={"items": items(_list_item, 1, 10)}, optional={"title": plain(24)}),
            1,
            10,
        ),
    },
    optional={"title": plain(60), "footer": text(1, 60)},
)
_reply = fields(
    required={"title": plain(20), "postbackData": text(1, 256)},
    optional={"type": text(one_of=("reply",))},
)
_framed: Mapping[str, Rule] = {"header": _interactive_header, "footer": text(1, 60)}

# Contacts.
_cards = items(STRINGS, 1)


def _more_than_name(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    if set(value) == {"name"}:
        yield Violation(path, Kind.MISSING, "a contact needs more than its name")


_contact = fields(
    _more_than_name,
    required={"name": STRINGS},
    optional={
        "addresses": _cards,
        "emails": _cards,
        "phones": _cards,
        "urls": _cards,
        "org": STRINGS,
        "birthday": passing(LINE, ("a date", is_date)),
    },
)


def _whole(value: Mapping[str, Any], path: Path) -> Iterator[Violation]:
    """Check what depends on the channel and on which content there is.

    The schema does not exclude two contents; that exactly one is meant follows from its prose.
    """
    sms = value.get("channel", SMS) == SMS
    for name in WHATSAPP_ONLY if sms else SMS_ONLY:
        if name in value:
            yield Violation((*path, name), Kind.UNKNOWN, "of the other channel")
    contents = [name for name in CONTENTS if name in value]
    if len(contents) > 1:
        yield Violation((*path, contents[1]), Kind.VALUE, "a second content")
    inline = "media" in value and "fileId" not in value["media"]
    if ("content" in value) != (not contents or inline):
        yield Violation((*path, "content"), Kind.MISSING, "text, or inline media, and only then")
    if inline and "contentType" not in value["media"]:
        yield Violation((*path, "media", "contentType"), Kind.MISSING, "inline media needs it")
    if "previewFirstUrl" in value and contents:
        yield Violation((*path, "previewFirstUrl"), Kind.VALUE, "plain text only")
    # That the ARN and the cipher mean nothing without a key is inferred.
    if "encryptionKey" not in value and value.keys() & {"encryptionKeyArn", "encryptionCipher"}:
        yield Violation((*path, "encryptionKey"), Kind.MISSING, "encryption needs a key")
    if value.get("binary") and list(HEX(value.get("content"), path)):
        yield Violation((*path, "content"), Kind.VALUE, "binary content is hexadecimal")


MESSAGE: Final[Rule] = fields(
    _whole,
    required={"to": text()},
    optional={
        # SMS when absent, as the 2019 pages say; the current reference leaves it open.
        "channel": text(one_of=(SMS, WHATSAPP)),
        "content": text(1),
        "clientMessageId": text(1),
        "scheduledDeliveryTime": passing(
            LINE, ("yyyy-MM-ddTHH:mm:ssXXX", lambda value: parsed_time(value) is not None)
        ),
        "validityPeriod": number(1, 2**31 - 1, whole=True),
        "encryptionKey": BASE64,
        "encryptionKeyArn": LINE,
        "encryptionCipher": LINE,
        # A number as digits; short codes have three digits or more.
        "from": text(pattern="[0-9]{3,15}"),
        "userDataHeader": HEX,
        "binary": flag,
        "previewFirstUrl": flag,
        "media": fields(
            optional={
                "contentType": LINE,
                "caption": LINE,
                "fileName": LINE,
                "sha256Hash": text(pattern="[0-9a-fA-F]{64}"),
                "fileId": LINE,
            }
        ),
        "location": fields(required=PLACE, optional={"name": LINE, "address": LINE}),
        "contacts": items(_contact, 1),
        "template": TEMPLATE,
        "listPicker": _list_picker,
        "button": fields(
            required={
                "body": text(1, 1024),
                "items": passing(
                    items(_reply, 1, 3), ("each postbackData once", distinct("postbackData"))
                ),
            },
            optional=_framed,
        ),
        "actionUrl": fields(
            required={
                "body": text(1, 1024),
                "title": text(1, 20),
                "url": text(1, 2000, format="HTTP URL"),
            },
            optional=_framed,
        ),
        "locationRequest": fields(required={"body": text(1, 1024)}),
    },
)

NOTIFICATION: Final[Rule] = fields(
    required={"messageId": LINE, "statusCode": number(1001, 1001, whole=True)},
    optional={"channel": text(one_of=(WHATSAPP,)), "clientEventId": LINE},
)
