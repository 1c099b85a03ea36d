"""Clickatell's callbacks, written from its documents: made-up values in the documented shape."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from omnimsg.adapter import Callback

SECRET = "q7Jt0_kMZx3wVfB9yRc1Aw"
LOGIN = "clickatell:a-long-password-1"
DIGEST = "ab" * 32
FILE = (
    "https://platform.clickatell.com/v1/media"
    f"?fileId=5f2c1d60-1.jpeg&sha256Hash={DIGEST}&source=client"
)
AT = 1893456000123

STATUS: dict[str, Any] = {
    # The vendor's own samples have the space.
    "channel": "whatsapp ",
    "messageId": "0f00000000000000000000000000005b",
    "clientMessageId": "ord-71-b",
    "timestamp": AT,
    "statusCode": 5,
    "status": "DEVICE_ACK",
}
PERSON: dict[str, Any] = {
    "channel": "whatsapp",
    "relatedMessageId": None,
    "relatedClientMessageId": None,
    "from": "27820000002",
    "to": "27870000000",
    "timestamp": AT,
}
TEXT = {
    **PERSON,
    "channel": "sms",
    "messageId": "1100000000000000000000000000000a",
    "relatedMessageId": STATUS["messageId"],
    "relatedClientMessageId": "ord-71-b",
    "content": "Yes, please come",
    "charset": "UTF-8",
    "sms": {"network": "65501"},
}
MEDIA_FILES = {
    **PERSON,
    "messageId": "2200000000000000000000000000000b",
    "caption": "My receipt",
    "whatsapp": {"profileName": "Thandi M"},
    "files": [
        {
            "contentType": "image/jpeg",
            "downloadUrl": FILE,
            "sha256Hash": DIGEST,
            "byteSize": 48211,
            "fileName": "r.jpeg",
        }
    ],
}
MEDIA_INLINE = {
    **PERSON,
    "messageId": "2200000000000000000000000000000c",
    "contentType": "audio/ogg; codecs=opus",
    "content": base64.b64encode(b"sound").decode(),
}
LOCATION = {
    **PERSON,
    "messageId": "3300000000000000000000000000000d",
    "latitude": "-33.92",
    "longitude": "18.42",
    "locationName": "Cafe",
    "locationAddress": "1 Long St",
}


def envelope(**kinds: list[Any] | dict[str, Any] | None) -> bytes:
    """Build the body of a callback."""
    return orjson.dumps({"integrationId": "7a00e1", "integrationName": "shop", "event": kinds})


def callback(body: bytes, *, secret: str | None = SECRET, login: str | None = LOGIN) -> Callback:
    """Build a callback with the secret in its path and Basic credentials."""
    headers = []
    if login is not None:
        headers.append((b"Authorization", b"Basic " + base64.b64encode(login.encode())))
    return Callback(
        body=body,
        headers=headers,
        url=f"https://hooks.example.test/omnimsg/click/{secret}",
        path_secret=None if secret is None else secret.encode(),
    )
