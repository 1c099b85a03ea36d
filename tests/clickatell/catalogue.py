"""Every kind of message that Clickatell takes, with its JSON in a request.

The JSON is written by hand from the vendor's document, without `to`, `channel` and
`clientMessageId`, which every message has.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

from clickatell.cases import DIGEST, ENCRYPTED, ENCRYPTION, PNG, Case, case
from clickatell.catalogue_interactive import INTERACTIVE

from omnimsg import (
    Binary,
    ContactCard,
    Contacts,
    Inline,
    Location,
    Media,
    MediaItem,
    MediaKind,
    Text,
)

CATALOGUE: dict[str, Case] = {
    "SMS": case("sms", "Your table is ready", {"content": "Your table is ready"}),
    "SMS in other alphabets": case(
        "sms", "Grüße, стол готов 🍽", {"content": "Grüße, стол готов 🍽"}
    ),
    "everything of SMS": case(
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
    "binary SMS": case(
        "sms",
        Binary(b"\x00\x0f\xff", "050003A10201"),
        {"content": "000fff", "binary": True, "userDataHeader": "050003A10201"},
    ),
    "binary SMS without a header": case("sms", Binary(b"\x00"), {"content": "00", "binary": True}),
    "WhatsApp": case("whatsapp", "*Ready*\nCome in", {"content": "*Ready*\nCome in"}),
    "WhatsApp later": case(
        "whatsapp",
        "Soon",
        {"content": "Soon", "scheduledDeliveryTime": "2023-11-14T22:14:20Z", "validityPeriod": 60},
        send_at=datetime(2023, 11, 14, 22, 14, 20, tzinfo=UTC),
        ttl=3600,
    ),
    "with a preview": case(
        "whatsapp",
        Text("https://example.test", preview_url=True),
        {"content": "https://example.test", "previewFirstUrl": True},
    ),
    "without a preview": case(
        "whatsapp",
        Text("https://example.test", preview_url=False),
        {"content": "https://example.test", "previewFirstUrl": False},
    ),
    "inline image": case(
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
    "inline audio": case(
        "whatsapp",
        Media(
            (MediaItem(MediaKind.AUDIO, Inline(b"OggS"), content_type="audio/ogg; codecs=opus"),)
        ),
        {"content": "T2dnUw==", "media": {"contentType": "audio/ogg; codecs=opus"}},
    ),
    "stored image": Case(
        "whatsapp",
        lambda files: Media((files.item("image", size=12),), "Tonight"),
        lambda files: {"media": {"fileId": files.id("image"), "caption": "Tonight"}},
    ),
    "stored document": Case(
        "whatsapp",
        lambda files: Media(
            (files.item("document", file_name="Menu.pdf", content_type="application/pdf"),)
        ),
        lambda files: {
            "media": {
                "fileId": files.id("document"),
                "fileName": "Menu.pdf",
                "contentType": "application/pdf",
            }
        },
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
    "location": case(
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
    "bare location": case(
        "whatsapp",
        Location(-0.0, -180),
        {"location": {"latitude": "0.0", "longitude": "-180.0"}},
    ),
    "contacts": case(
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
                ContactCard(name={"formatted_name": "Bo"}, birthday="1991-02-01"),
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
                {"name": {"formatted_name": "Bo"}, "birthday": "1991-02-01"},
            ]
        },
    ),
    **INTERACTIVE,
}
