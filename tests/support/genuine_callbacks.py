"""Genuine callbacks of the three providers as HTTP, and accounts that verify them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs
from bird import callbacks as bird
from clickatell import callbacks as clickatell
from messente import callbacks as messente
from support.raw_http import post

if TYPE_CHECKING:
    from omnimsg.adapter import Callback

HOST = "hooks.example.test"
PUBLIC_URL = f"https://{HOST}/callbacks"
SIGNING_KEY = "omnimsg-test-signing-key"
PASSWORD, SHARED_SECRET = "api-s3cret-password", "inbound-s3cret-key"
SECRETS = (
    SIGNING_KEY,
    PASSWORD,
    SHARED_SECRET,
    clickatell.SECRET,
    clickatell.LOGIN.partition(":")[2],
    base64.b64encode(clickatell.LOGIN.encode()).decode(),
)
TEXTS = ("Is it ready yet?", "Yes, please come", "Is the table free?")
NUMBERS = ("500100200", "820000002", "55500001")

CONFIG: dict[str, Any] = {
    "default": "bird",
    "accounts": {
        "bird": {
            "provider": "bird",
            "access_key": "bird-s3cret-key",
            "workspace_id": "ws-1",
            "channels": {"sms": bird.SMS, "whatsapp": bird.WHATSAPP},
            "signing_keys": [SIGNING_KEY],
        },
        "clickatell": {
            "provider": "clickatell",
            "api_key": "clickatell-s3cret-key",
            "callback_secrets": [clickatell.SECRET],
            "callback_logins": [clickatell.LOGIN],
        },
        "messente": {
            "provider": "messente",
            "username": "messente-user",
            "password": PASSWORD,
            "inbound_secrets": [SHARED_SECRET],
        },
    },
}


@attrs.frozen
class Sample:
    """A genuine callback.

    Attributes:
        name: Provider and kind.
        target: Path and query, below the public address.
        headers: The header lines.
        body: The body.
        kind: The kind of its event.
    """

    name: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    kind: str

    def request(self, **how: Any) -> bytes:
        """Write the callback as an HTTP request."""
        return post(f"/callbacks{self.target}", self.body, self.headers, **how)


def _sample(name: str, target: str, kind: str, callback: Callback) -> Sample:
    return Sample(name, target, callback.headers, callback.body, kind)


def _bird(name: str, event: str, payload: object, kind: str, target: str = "/bird") -> Sample:
    now = datetime.now(UTC)
    signed = bird.signed(event, payload, SIGNING_KEY, now, url=PUBLIC_URL + target)
    return _sample(name, target, kind, signed)


def _clickatell(name: str, kind: str, **entries: list[Any]) -> Sample:
    called = clickatell.callback(clickatell.envelope(**entries))
    return _sample(name, f"/clickatell/{clickatell.SECRET}", kind, called)


def _messente(name: str, document: object, key: str, kind: str) -> Sample:
    query = urlsplit(messente.URL).query
    return _sample(name, f"/messente?{query}", kind, messente.signed(document, key))


def samples() -> list[Sample]:
    """Return one callback of each kind and provider."""
    return [
        _bird("bird: status", "sms.outbound", bird.OUTBOUND, "status"),
        _bird("bird: reply", "whatsapp.inbound", bird.TEXT, "inbound"),
        _bird("bird: click", "whatsapp.interaction", bird.CLICKED, "interaction"),
        _bird("bird: unknown", "sms.surprise", {"id": "x"}, "unparsed"),
        _bird("bird: query", "sms.inbound", bird.LOCATION, "inbound", "/bird?x=%20y&z"),
        _clickatell("clickatell: status", "status", messageStatusUpdate=[clickatell.STATUS]),
        _clickatell("clickatell: reply", "inbound", moText=[clickatell.TEXT]),
        _messente("messente: status", messente.REPORT, PASSWORD, "status"),
        _messente("messente: reply", messente.INBOUND, SHARED_SECRET, "inbound"),
    ]
