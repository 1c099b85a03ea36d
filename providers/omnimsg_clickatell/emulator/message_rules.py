"""The rules for a message and for a read notification.

Source: the One API reference, "Send one or more messages" and "Send Business Read status
notification" (OpenAPI 1.0.0). Its ``maximum`` on strings is read as a length in characters, on
coordinates as a range; its date masks as the dates they describe. It does not forbid unnamed
properties, but a misspelt one would be lost, so every object is closed here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from omnimsg.sandbox.schema import (
    Rule,
    Violation,
    ViolationKind,
    fields,
    flag,
    items,
    number,
    tagged,
    text,
)
from omnimsg_clickatell.emulator.template_rules import TEMPLATE
from omnimsg_clickatell.emulator.value_rules import (
    BASE64,
    COORDINATES,
    HEX,
    NONEMPTY,
    TEXT_MAP,
    constrained,
    header,
    is_date,
    parse_time,
    unique_by,
    without_markdown,
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
"""The content kinds of WhatsApp other than the plain text in ``content``."""
WHATSAPP_ONLY: Final = ("previewFirstUrl", *CONTENTS)


# What a phone shows as an emoji, by itself or with the selector U+FE0F.
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u20e3"
    "\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2b1b\u2b1c\u2b50\u2b55]"
)

# Interactive messages.
_interactive_header = tagged(
    "type",
    {
        "text": header("text", without_markdown(60)),
        "media": header(
            "media",
            fields(
                required={"fileId": NONEMPTY, "type": text(one_of=("image", "video", "document"))}
            ),
        ),
    },
)
_list_item = fields(
    required={
        "title": without_markdown(24),
        "postbackData": constrained(
            without_markdown(200), ("must hold no emoji", lambda value: not _EMOJI.search(value))
        ),
    },
    optional={"subtitle": without_markdown(72)},
)


def _check_sections(value: Any) -> Iterator[Violation]:  # noqa: ANN401
    sections = value["sections"]
    for index, section in enumerate(sections if len(sections) > 1 else ()):
        if "title" not in section:
            yield Violation(
                ("sections", index, "title"),
                ViolationKind.MISSING,
                "required in each of several sections",
            )
    if sum(len(section["items"]) for section in sections) > 10:
        yield Violation(
            ("sections",),
            ViolationKind.VALUE,
            "must hold at most 10 items in the whole message",
        )


_list_picker = fields(
    _check_sections,
    required={
        "button": without_markdown(20),
        "subtitle": text(1, 1024),
        # The schema leaves `items` optional, but a section without items offers no choice.
        "sections": items(
            fields(
                required={"items": items(_list_item, 1, 10)},
                optional={"title": without_markdown(24)},
            ),
            1,
            10,
        ),
    },
    optional={"title": without_markdown(60), "footer": text(1, 60)},
)
_reply = fields(
    required={"title": without_markdown(20), "postbackData": text(1, 256)},
    optional={"type": text(one_of=("reply",))},
)
_header_and_footer: Mapping[str, Rule] = {"header": _interactive_header, "footer": text(1, 60)}

# Contacts.
_text_maps = items(TEXT_MAP, 1)


def _needs_more_than_name(value: Mapping[str, Any]) -> Iterator[Violation]:
    if set(value) == {"name"}:
        yield Violation((), ViolationKind.MISSING, "a contact needs more than its name")


_contact = fields(
    _needs_more_than_name,
    required={"name": TEXT_MAP},
    optional={
        "addresses": _text_maps,
        "emails": _text_maps,
        "phones": _text_maps,
        "urls": _text_maps,
        "org": TEXT_MAP,
        "birthday": constrained(NONEMPTY, ("must be a date", is_date)),
    },
)


def _check_channel_and_content(value: Mapping[str, Any]) -> Iterator[Violation]:
    """Check the properties that depend on the channel and on the kind of content.

    The schema does not exclude two contents; its prose says that exactly one is meant.
    """
    sms = value.get("channel", SMS) == SMS
    for name in WHATSAPP_ONLY if sms else SMS_ONLY:
        if name in value:
            yield Violation((name,), ViolationKind.UNKNOWN, "not a property of this channel")
    contents = [name for name in CONTENTS if name in value]
    if len(contents) > 1:
        yield Violation((contents[1],), ViolationKind.VALUE, "only one content is allowed")
    inline = "media" in value and "fileId" not in value["media"]
    if ("content" in value) != (not contents or inline):
        yield Violation(
            ("content",), ViolationKind.MISSING, "required for text or inline media only"
        )
    if inline and "contentType" not in value["media"]:
        yield Violation(
            ("media", "contentType"), ViolationKind.MISSING, "required for inline media"
        )
    if "previewFirstUrl" in value and contents:
        yield Violation(("previewFirstUrl",), ViolationKind.VALUE, "allowed with plain text only")
    # Inferred: the ARN and the cipher have no meaning without a key.
    if "encryptionKey" not in value and value.keys() & {"encryptionKeyArn", "encryptionCipher"}:
        yield Violation(("encryptionKey",), ViolationKind.MISSING, "encryption needs a key")
    if value.get("binary") and HEX(value.get("content")):
        yield Violation(("content",), ViolationKind.VALUE, "binary content must be hexadecimal")


MESSAGE: Final[Rule] = fields(
    _check_channel_and_content,
    required={"to": text()},
    optional={
        # SMS when absent, as the 2019 pages say; the current reference does not say.
        "channel": text(one_of=(SMS, WHATSAPP)),
        "content": text(1),
        "clientMessageId": text(1),
        "scheduledDeliveryTime": constrained(
            NONEMPTY,
            (
                "must have the form yyyy-MM-ddTHH:mm:ssXXX",
                lambda value: parse_time(value) is not None,
            ),
        ),
        "validityPeriod": number(1, 2**31 - 1, integer=True),
        "encryptionKey": BASE64,
        "encryptionKeyArn": NONEMPTY,
        "encryptionCipher": NONEMPTY,
        # A number as digits; a short code has at least three digits.
        "from": text(pattern="[0-9]{3,15}"),
        "userDataHeader": HEX,
        "binary": flag,
        "previewFirstUrl": flag,
        "media": fields(
            optional={
                # The file is later sent with this header, which is one line.
                "contentType": text(pattern=r"[^\x00-\x1f\x7f]+"),
                "caption": NONEMPTY,
                "fileName": NONEMPTY,
                "sha256Hash": text(pattern="[0-9a-fA-F]{64}"),
                "fileId": NONEMPTY,
            }
        ),
        "location": fields(required=COORDINATES, optional={"name": NONEMPTY, "address": NONEMPTY}),
        "contacts": items(_contact, 1),
        "template": TEMPLATE,
        "listPicker": _list_picker,
        "button": fields(
            required={
                "body": text(1, 1024),
                "items": constrained(
                    items(_reply, 1, 3),
                    ("must hold each postbackData once", unique_by("postbackData")),
                ),
            },
            optional=_header_and_footer,
        ),
        "actionUrl": fields(
            required={
                "body": text(1, 1024),
                "title": text(1, 20),
                "url": text(1, 2000, format="HTTP URL"),
            },
            optional=_header_and_footer,
        ),
        "locationRequest": fields(required={"body": text(1, 1024)}),
    },
)

NOTIFICATION: Final[Rule] = fields(
    required={"messageId": NONEMPTY, "statusCode": number(1001, 1001, integer=True)},
    optional={"channel": text(one_of=(WHATSAPP,)), "clientEventId": NONEMPTY},
)
