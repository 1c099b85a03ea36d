"""Bird's callbacks, written from its documents: made-up values in the documented shape."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from omnimsg.adapter import Callback

if TYPE_CHECKING:
    from datetime import datetime

URL = "https://hooks.example.test/omnimsg/bird"
SMS = "0d3f9a52-0000-4000-8000-00000000000a"
WHATSAPP = "0d3f9a52-0000-4000-8000-00000000000b"
OURS = "3d0a4b6e-6f0e-4f0c-9d0e-2b7f1c9a5e11"
CREATED = "2030-05-01T09:00:05Z"

OUTBOUND: dict[str, Any] = {
    "id": OURS,
    "channelId": SMS,
    "sender": {"connector": {"id": "k", "identifierValue": "+48732000111"}},
    "receiver": {"contacts": [{"identifierKey": "phonenumber", "identifierValue": "+48500100200"}]},
    "reference": "order-771",
    "status": "delivered",
    "direction": "outgoing",
    "chargeableUnits": 2,
    "lastStatusAt": CREATED,
}
PERSON: dict[str, Any] = {
    "channelId": WHATSAPP,
    "sender": {
        "contact": {
            "identifierKey": "phonenumber",
            "identifierValue": "+48500100200",
            "annotations": {"name": "Ola Nowak"},
        }
    },
    "receiver": {"connector": {"id": "k", "identifierValue": "+48732000111"}},
    "direction": "incoming",
    "status": "delivered",
    "createdAt": CREATED,
}
TAPPED = {
    **PERSON,
    "id": "8a000000-0000-4000-8000-000000000002",
    "body": {
        "type": "text",
        "text": {
            "text": "Confirm it",
            "actions": [
                {"type": "postback", "postback": {"text": "Confirm it", "payload": "ok-1"}}
            ],
        },
    },
    "replyTo": {"id": OURS, "order": 0, "type": "click"},
    "meta": {"extraInformation": {"timestamp": "1893456000", "user_locale": "pl"}},
}


def inbound(number: int, kind: str, **body: Any) -> dict[str, Any]:
    """Build an inbound message whose body is of one type."""
    id_ = f"8a000000-0000-4000-8000-{number:012d}"
    return {**PERSON, "id": id_, "body": {"type": kind, kind: body}}


TEXT = inbound(1, "text", text="Is it ready yet?")
IMAGE = inbound(3, "image", images=[{"mediaUrl": "https://media.api.bird.com/i", "altText": "A"}])
FILE = inbound(
    4,
    "file",
    text="My invoice",
    files=[
        {
            "mediaUrl": "https://media.nest.messagebird.com/f",
            "contentType": "application/pdf",
            "filename": "i.pdf",
        }
    ],
)
STICKER = inbound(
    10,
    "file",
    files=[
        {
            "mediaUrl": "https://media.nest.messagebird.com/s",
            "contentType": "image/webp",
            "metadata": {"isAnimated": False},
        }
    ],
)
GIF = inbound(5, "gif", mediaUrl="https://media.api.bird.com/g")
LOCATION = inbound(
    6,
    "location",
    coordinates={"latitude": 52.2, "longitude": 21},
    location={"label": "Office", "address": "1 Long St"},
)
MAIL = inbound(7, "html", html="<p>Thank you</p>", text="Thank you")
CLICKED: dict[str, Any] = {
    "id": "b6f4d9f2-0b2e-4d6e-9a53-1f0a7c2e4d01",
    "messageId": OURS,
    "channelId": WHATSAPP,
    "platformId": "whatsapp",
    "type": "clicked",
    "details": "item_1_clicked",
    "createdAt": CREATED,
    "messageReference": "order-771",
    "metadata": {"link": {"url": "https://shop.example.test"}},
}
READ = {
    "messageId": OURS,
    "channelId": WHATSAPP,
    "type": "read",
    "createdAt": CREATED,
    "messageReference": "order-771",
}


def signed(
    event: str | bytes,
    payload: object,
    key: str,
    at: datetime | bytes,
    *,
    url: str = URL,
) -> Callback:
    """Sign a callback by the formula of Bird's page on verifying a subscription."""
    body = (
        event
        if isinstance(event, bytes)
        else orjson.dumps({"service": "channels", "event": event, "payload": payload})
    )
    timestamp = at if isinstance(at, bytes) else str(int(at.timestamp())).encode()
    message = timestamp + b"\n" + url.encode() + b"\n" + sha256(body).digest()
    signature = base64.b64encode(hmac.new(key.encode(), message, sha256).digest())
    return Callback(
        body=body,
        headers=[
            (b"MessageBird-Signature", signature),
            (b"MessageBird-Request-Timestamp", timestamp),
        ],
        url=url,
    )
