"""Tiny with callbacks, signed with the account's key, with several events in each."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from support.adapters import KEY, Listing, TinyAdapter

from omnimsg.adapter import Authenticity, Callback, Context
from omnimsg.adapter.inbound import message_id_of, text_or_none, unparsed
from omnimsg.adapter.signatures import is_hex_hmac, key_bytes
from omnimsg.delivery.request import CallbackRequest
from omnimsg.domain.channel import Channel
from omnimsg.domain.events import InboundMessage, StatusEvent, event_key
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Evidence, LegStatus, Status, Timeline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from omnimsg.delivery.receiver import Receiver
    from omnimsg.domain.events import Event

HEADER = b"tiny-signature"
PUBLIC_URL = "https://hooks.example.test/callbacks"


class Reporting(Listing):
    """Tiny with callbacks for reports and replies."""

    def callback_problem(self) -> str | None:
        """Return the setting that is missing."""
        return None if self.account.settings.key else "needs `key`"

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        """Compare the signature of the body."""
        given = callback.header(HEADER.decode())
        if not given:
            return Authenticity.UNSIGNED
        keys = key_bytes([self.account.settings.key])
        genuine = is_hex_hmac(given, keys, callback.body)
        return Authenticity.GENUINE if genuine else Authenticity.WRONG_SIGNATURE

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        """Read reports and replies."""
        document = callback.json()
        entries = document.get("events", ()) if isinstance(document, dict) else ()
        return [self.event(each, callback, context) for each in entries] or [
            unparsed("tiny", context, callback, "no events", raw=document)
        ]

    def event(self, entry: dict[str, Any], callback: Callback, context: Context) -> Event:
        """Read one entry."""
        common: dict[str, Any] = {
            "provider": "tiny",
            "account": context.account,
            "at": context.now,
            "raw": entry,
            "key": event_key(context.account, "tiny", entry),
        }
        if "text" in entry:
            sender = text_or_none(entry.get("from"))
            return InboundMessage(text=entry["text"], sender=sender, channel=Channel.SMS, **common)
        if "state" not in entry:
            return unparsed("tiny", context, callback, "unknown", raw=entry)
        reason = Reason(entry["reason"]) if "reason" in entry else None
        evidence = Evidence(Status(entry["state"]), entry["state"], reason=reason)
        leg = LegStatus(
            timeline=Timeline.of(evidence, context.now), provider_id=text_or_none(entry.get("id"))
        )
        return StatusEvent(
            reference=entry.get("ref"),
            token=entry.get("token"),
            message_id=message_id_of(context.account, entry.get("id")),
            leg=leg,
            **common,
        )


class Silent(Reporting):
    """An adapter without look-ups by reference: only a report can settle a doubt."""

    find = TinyAdapter.find


def signed(body: bytes, key: str = KEY) -> tuple[bytes, bytes]:
    """Return the header line with Tiny's signature of a body."""
    return HEADER, hmac.new(key.encode(), body, sha256).hexdigest().encode()


def written(*entries: dict[str, Any]) -> bytes:
    """Write the body of a callback."""
    return orjson.dumps({"events": entries})


def request(
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = "/callbacks/main",
    query: str = "",
    headers: Sequence[tuple[bytes, bytes]] = (),
    peer: str | None = "203.0.113.7",
    is_signed: bool = True,
) -> CallbackRequest:
    """Build a request as a server does."""

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    lines = (signed(body), *headers) if is_signed else tuple(headers)
    return CallbackRequest(
        method=method, path=path, query=query, headers=lines, peer=peer, body=pieces
    )


async def deliver(
    receiver: Receiver, *entries: dict[str, Any], path: str = "/callbacks/main"
) -> int:
    """Call back with these entries, and return the HTTP status."""
    answer = await receiver.respond(request(written(*entries), path=path))
    return answer.status
