"""Everything that can be said to Clickatell: our message, and what it must be on the wire.

The right-hand sides are written by hand from the vendor's document, without `to`, `channel` and
`clientMessageId`, which every message has.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs

from omnimsg import (
    Binary,
    ButtonKind,
    Client,
    ContactCard,
    Contacts,
    Encryption,
    Inline,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaKind,
    MediaParameter,
    Message,
    OpenUrl,
    Reply,
    RequestLocation,
    Secret,
    Stored,
    Template,
    TemplateButton,
    Text,
    TextParameter,
    Upload,
)
from omnimsg.domain.content import Content

from .conftest import TO

Wire = dict[str, Any]

PNG = b"\x89PNG\r\n\x1a\nnot really"
DIGEST = hashlib.sha256(PNG).hexdigest()
KEY = base64.b64encode(b"a wrapped data key").decode()
ENCRYPTION = Encryption(key=Secret(KEY), key_arn="arn:aws:kms:eu-west-1:1:key/2", cipher="AES/GCM")
ENCRYPTED = {
    "encryptionKey": KEY,
    "encryptionKeyArn": "arn:aws:kms:eu-west-1:1:key/2",
    "encryptionCipher": "AES/GCM",
}
UPLOADS = {
    "image": Upload(PNG, "image/png", file_name="table.png"),
    "document": Upload(b"%PDF-1.7", "application/pdf", file_name="menu.pdf"),
    "video": Upload(b"\0\0\0\x18ftypmp42", "video/mp4", file_name="tour.mp4"),
    "for one": Upload(PNG, "image/png", file_name="you.png", restricted_to=TO),
    "encrypted": Upload(PNG, "image/png", file_name="secret.png", encryption=ENCRYPTION),
}


@attrs.frozen
class Files:
    """The files that messages refer to, uploaded."""

    by_name: dict[str, Stored]

    def item(self, name: str, **told: Any) -> MediaItem:
        """Return a stored file as an item of a message."""
        kind = MediaKind(name) if name in ("document", "video") else MediaKind.IMAGE
        return MediaItem(kind, self.by_name[name], **told)

    def id(self, name: str) -> str:
        """Return the provider's id of a file."""
        return self.by_name[name].id or ""


async def uploaded(client: Client) -> Files:
    """Upload every file."""
    return Files({name: await client.upload(upload) for name, upload in UPLOADS.items()})


@attrs.frozen
class Case:
    """A message, and its wire form.

    Attributes:
        channel: The channel it travels on.
        build: Builds the content.
        wire: Builds what is on the wire.
        fields: Further fields of the message.
    """

    channel: str
    build: Callable[[Files], Content | str]
    wire: Callable[[Files], Wire]
    fields: dict[str, Any] = attrs.field(factory=dict)

    def message(self, files: Files, to: str = TO) -> Message:
        """Build the message."""
        return Message(to, self.build(files), channel=self.channel, **self.fields)


def _case(channel: str, content: Content | str, wire: Wire, **fields: Any) -> Case:
    return Case(channel, lambda _: content, lambda _: wire, fields)


def _extras(**buttons: Any) -> dict[str, Any]:
    return {"clickatell": {"template": {"buttons": buttons}}}


def _with_header(name: str) -> tuple[Case, Case]:
    """Return buttons, and a link, below a stored file."""

    def header(files: Files) -> Wire:
        return {"type": "media", "media": {"type": name, "fileId": files.id(name)}}

    return (
        Case(
            "whatsapp",
            lambda files: Interactive("Fits?", (Reply("Yes", "y"),), header=files.item(name)),
            lambda files: {
                "button": {
                    "header": header(files),
                    "body": "Fits?",
                    "items": [{"type": "reply", "title": "Yes", "postbackData": "y"}],
                }
            },
        ),
        Case(
            "whatsapp",
            lambda files: Interactive(
                "Look", (OpenUrl("Open", "https://example.test/a"),), header=files.item(name)
            ),
            lambda files: {
                "actionUrl": {
                    "header": header(files),
                    "body": "Look",
                    "title": "Open",
                    "url": "https://example.test/a",
                }
            },
        ),
    )


def _template_below(name: str) -> Case:
    return Case(
        "whatsapp",
        lambda files: Template("seen", "en", header=MediaParameter(files.item(name))),
        lambda files: {
            "template": {
                "templateName": "seen",
                "language": "en",
                "header": {"type": "media", "media": {"fileId": files.id(name)}},
                "body": {},
            }
        },
    )


HEADED = {name: _with_header(name) for name in ("image", "video", "document")}

CATALOGUE: dict[str, Case] = {
    "SMS": _case("sms", "Your table is ready", {"content": "Your table is ready"}),
    "SMS in other alphabets": _case(
        "sms", "Grüße, стол готов 🍽", {"content": "Grüße, стол готов 🍽"}
    ),
    "everything of SMS": _case(
        "sms",
        Text("Part of a whole", udh="050003A10201"),
        {
            "content": "Part of a whole",
            "userDataHeader": "050003A10201",
            "from": "27870000000",
            "validityPeriod": 2,
            "scheduledDeliveryTime": "2023-11-14T23:13:21Z",
            **ENCRYPTED,
        },
        sender="+27870000000",
        ttl=61,
        send_at=datetime(2023, 11, 15, 1, 13, 20, 1, timezone(timedelta(hours=2))),
        encryption=ENCRYPTION,
    ),
    "binary SMS": _case(
        "sms",
        Binary(b"\x00\x0f\xff", "050003A10201"),
        {"content": "000fff", "binary": True, "userDataHeader": "050003A10201"},
    ),
    "WhatsApp": _case("whatsapp", "*Ready*\nCome in", {"content": "*Ready*\nCome in"}),
    "WhatsApp later": _case(
        "whatsapp",
        "Soon",
        {"content": "Soon", "scheduledDeliveryTime": "2023-11-14T22:14:20Z", "validityPeriod": 60},
        send_at=datetime(2023, 11, 14, 22, 14, 20, tzinfo=UTC),
        ttl=3600,
    ),
    "with a preview": _case(
        "whatsapp",
        Text("https://example.test", preview_url=True),
        {"content": "https://example.test", "previewFirstUrl": True},
    ),
    "without a preview": _case(
        "whatsapp",
        Text("https://example.test", preview_url=False),
        {"content": "https://example.test", "previewFirstUrl": False},
    ),
    "inline image": _case(
        "whatsapp",
        Media(
            (
                MediaItem(
                    MediaKind.IMAGE,
                    Inline(PNG),
                    content_type="image/png",
                    file_name="table.png",
                    sha256=DIGEST,
                ),
            ),
            "Tonight",
        ),
        {
            "content": base64.b64encode(PNG).decode(),
            "media": {
                "contentType": "image/png",
                "caption": "Tonight",
                "fileName": "table.png",
                "sha256Hash": DIGEST,
            },
        },
    ),
    "inline audio": _case(
        "whatsapp",
        Media(
            (MediaItem(MediaKind.AUDIO, Inline(b"OggS"), content_type="audio/ogg; codecs=opus"),)
        ),
        {"content": "T2dnUw==", "media": {"contentType": "audio/ogg; codecs=opus"}},
    ),
    "stored image": Case(
        "whatsapp",
        lambda files: Media((files.item("image"),), "Tonight"),
        lambda files: {"media": {"fileId": files.id("image"), "caption": "Tonight"}},
    ),
    "stored document": Case(
        "whatsapp",
        lambda files: Media((files.item("document", file_name="Menu.pdf"),)),
        lambda files: {"media": {"fileId": files.id("document"), "fileName": "Menu.pdf"}},
    ),
    "stored for one": Case(
        "whatsapp",
        lambda files: Media((files.item("for one"),)),
        lambda files: {"media": {"fileId": files.id("for one")}},
    ),
    "stored and encrypted": Case(
        "whatsapp",
        lambda files: Media((files.item("encrypted"),)),
        lambda files: {"media": {"fileId": files.id("encrypted")}, **ENCRYPTED},
        {"encryption": ENCRYPTION},
    ),
    "place": _case(
        "whatsapp",
        Location(-33.925, 1e-7, name="Café", address="1 Long St"),
        {
            "location": {
                "latitude": "-33.925",
                "longitude": "0.0000001",
                "name": "Café",
                "address": "1 Long St",
            }
        },
    ),
    "bare place": _case(
        "whatsapp",
        Location(90, -180),
        {"location": {"latitude": "90.0", "longitude": "-180.0"}},
    ),
    "contacts": _case(
        "whatsapp",
        Contacts(
            (
                ContactCard(
                    name={"formatted_name": "Thandi M"},
                    phones=[{"phone": "+27820000009", "type": "CELL"}],
                    emails=[{"email": "t@example.test"}],
                    addresses=[{"city": "Cape Town"}],
                    urls=[{"url": "https://example.test"}],
                    org={"company": "Café"},
                    birthday="1999-12-31",
                ),
                ContactCard(name={"formatted_name": "Sipho"}, phones=[{"phone": "1"}]),
            )
        ),
        {
            "contacts": [
                {
                    "name": {"formatted_name": "Thandi M"},
                    "phones": [{"phone": "+27820000009", "type": "CELL"}],
                    "emails": [{"email": "t@example.test"}],
                    "addresses": [{"city": "Cape Town"}],
                    "urls": [{"url": "https://example.test"}],
                    "org": {"company": "Café"},
                    "birthday": "1999-12-31",
                },
                {"name": {"formatted_name": "Sipho"}, "phones": [{"phone": "1"}]},
            ]
        },
    ),
    "bare template": _case(
        "whatsapp", Template("hello"), {"template": {"templateName": "hello", "body": {}}}
    ),
    "full template": _case(
        "whatsapp",
        Template(
            "table_ready",
            "en",
            header=TextParameter("Thandi"),
            body=("19:30", "4"),
            buttons=(
                TemplateButton(5, ButtonKind.OTP, value="123456"),
                TemplateButton(1, ButtonKind.URL, value="booking/71"),
                TemplateButton(3, ButtonKind.REPLY, value="cancel-71"),
                TemplateButton(4, ButtonKind.COUPON, value="TENOFF"),
            ),
        ),
        {
            "template": {
                "templateName": "table_ready",
                "language": "en",
                "header": {"type": "text", "text": {"parameters": {"1": "Thandi"}}},
                "body": {"parameters": {"1": "19:30", "2": "4"}},
                "templateButtons": [
                    {"index": 1, "type": "url", "url": {"url": "booking/71"}},
                    {
                        "index": 3,
                        "type": "suggestedResponse",
                        "suggestedResponse": {"postbackData": "cancel-71"},
                    },
                    {"index": 4, "type": "couponCode", "couponCode": {"code": "TENOFF"}},
                    {"index": 5, "type": "otp", "otp": {"code": "123456"}},
                ],
            }
        },
    ),
    "template below a place": _case(
        "whatsapp",
        Template(
            "here",
            "pt_BR",
            header=LocationParameter(Location(1.5, -2.25, name="Café", address="1 Long St")),
        ),
        {
            "template": {
                "templateName": "here",
                "language": "pt_BR",
                "header": {
                    "type": "location",
                    "location": {
                        "latitude": "1.5",
                        "longitude": "-2.25",
                        "name": "Café",
                        "address": "1 Long St",
                    },
                },
                "body": {},
            }
        },
    ),
    **{f"template below {name}": _template_below(name) for name in HEADED},
    "deprecated replies": _case(
        "whatsapp",
        Template("old"),
        {
            "template": {
                "templateName": "old",
                "body": {},
                "buttons": {"suggestedResponse": {"postbackData": {"1": "yes", "2": "no"}}},
            }
        },
        extras=_extras(suggestedResponse={"postbackData": {"1": "yes", "2": "no"}}),
    ),
    "deprecated links": _case(
        "whatsapp",
        Template("old"),
        {
            "template": {
                "templateName": "old",
                "body": {},
                "buttons": {
                    "websiteUrl": [
                        {"listPosition": 1, "parameters": {"1": "tail"}},
                        {"listPosition": 2},
                    ]
                },
            }
        },
        extras=_extras(
            websiteUrl=[{"listPosition": 1, "parameters": {"1": "tail"}}, {"listPosition": 2}]
        ),
    ),
    "list": _case(
        "whatsapp",
        ListPicker(
            "Choose a time",
            "Times",
            header="Tonight",
            footer="Kitchen closes at 22:00",
            sections=(
                ListSection((ListItem("19:30", "t-1930", description="Window"),), "Early"),
                ListSection((ListItem("21:00", "t-2100"), ListItem("21:30", "t-2130")), "Late"),
            ),
        ),
        {
            "listPicker": {
                "title": "Tonight",
                "subtitle": "Choose a time",
                "footer": "Kitchen closes at 22:00",
                "button": "Times",
                "sections": [
                    {
                        "title": "Early",
                        "items": [
                            {"title": "19:30", "postbackData": "t-1930", "subtitle": "Window"}
                        ],
                    },
                    {
                        "title": "Late",
                        "items": [
                            {"title": "21:00", "postbackData": "t-2100"},
                            {"title": "21:30", "postbackData": "t-2130"},
                        ],
                    },
                ],
            }
        },
    ),
    "replies": _case(
        "whatsapp",
        Interactive(
            "Still coming?",
            (Reply("Yes", "y"), Reply("No", "n"), Reply("Maybe")),
            header="Table 7",
            footer="Reply by 18:00",
        ),
        {
            "button": {
                "header": {"type": "text", "text": "Table 7"},
                "body": "Still coming?",
                "footer": "Reply by 18:00",
                "items": [
                    {"type": "reply", "title": "Yes", "postbackData": "y"},
                    {"type": "reply", "title": "No", "postbackData": "n"},
                    {"type": "reply", "title": "Maybe", "postbackData": "Maybe"},
                ],
            }
        },
    ),
    "link": _case(
        "whatsapp",
        Interactive(
            "See the menu",
            (OpenUrl("Menu", "https://example.test/menu?t=7"),),
            header="Café",
            footer="Prices in ZAR",
        ),
        {
            "actionUrl": {
                "header": {"type": "text", "text": "Café"},
                "body": "See the menu",
                "footer": "Prices in ZAR",
                "title": "Menu",
                "url": "https://example.test/menu?t=7",
            }
        },
    ),
    **{f"replies below {name}": replies for name, (replies, _) in HEADED.items()},
    **{f"link below {name}": link for name, (_, link) in HEADED.items()},
    "location request": _case(
        "whatsapp",
        Interactive("Where are you?", (RequestLocation(),)),
        {"locationRequest": {"body": "Where are you?"}},
    ),
}
