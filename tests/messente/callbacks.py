"""Messente's callbacks, written from its documents: made-up values in the documented shape."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

import orjson

from omnimsg.adapter import Callback

URL = "https://hooks.example.test/omnimsg/mess?omnimsg_token=token-17"

REPORT: dict[str, Any] = {
    "status": "DELIVRD",
    "sender": "Acme",
    "err": 0,
    "message_id": "c2a6d3b8-11a5-4a3f-9a61-0d5f4b3a2c02",
    "to": "+37255500001",
    "channel": "sms",
    "error": None,
    "omnimessage_id": "5d6f0c1a-0f7e-4c1d-8a54-1b0f6f0c9d11",
    "timestamp": "2030-01-02T03:05:09.000311",
    "price_info": {"part_price": "0.05", "parts_count": 2, "total_price": "0.10"},
}
INBOUND: dict[str, Any] = {
    "msg_id": "0b0f2c1e-6b3a-4d0e-9a51-6f5a1d2c3b4a",
    "sub_msg_id": "0b0f2c1e-6b3a-4d0e-9a51-6f5a1d2c3b4b",
    "channel": "sms",
    "recipient": "1234",
    "time": "2030-01-02T03:04:05.000000Z",
    "text": "Is the table free?",
    "sender": "+37255500001",
}


def signed(document: object, key: str, *, url: str = URL) -> Callback:
    """Sign a callback as Messente's page on security says."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    digest = hmac.new(key.encode(), body, sha256).hexdigest()
    return Callback(body=body, headers=[(b"X-Messente-Signature", digest.encode())], url=url)
