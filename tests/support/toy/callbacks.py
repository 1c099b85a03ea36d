"""Toy's callbacks: one event in each, signed with a key that is only for callbacks."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from support.toy.base import as_object
from support.toy.lists import ToyLists

from omnimsg.adapter import Authenticity, Callback
from omnimsg.adapter.inbound import message_id_of, text_or_none, unparsed
from omnimsg.adapter.signatures import is_hex_hmac, key_bytes
from omnimsg.adapter.times import SECOND, read_epoch_time
from omnimsg.domain.events import InboundMessage, StatusEvent, event_key
from omnimsg.domain.status import LegStatus, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omnimsg.adapter import Context
    from omnimsg.domain.events import Event
    from omnimsg.domain.secret import Secret

HEADER = "toy-signature"


class ToyCallbacks(ToyLists):
    """Callbacks for reports of states and for texts from people."""

    def callback_problem(self) -> str | None:
        """Return the setting that is missing: the key that callbacks are signed with."""
        keys = self.account.settings.callback_keys
        return None if keys and all(keys) else "needs `callback_keys`, none of them empty"

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        """Compare the signature of the body."""
        keys = key_bytes(self.account.settings.callback_keys)
        given = callback.header(HEADER)
        if not keys:
            return Authenticity.NO_SECRET
        if not given:
            return Authenticity.UNSIGNED
        genuine = is_hex_hmac(given, keys, callback.body)
        return Authenticity.GENUINE if genuine else Authenticity.WRONG_SIGNATURE

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        """Read a report or a text."""
        document = callback.json()
        found = as_object(document)
        common = self.common(found, context)
        if isinstance(found.get("state"), str):
            return [self.report_of(found, common)]
        if isinstance(found.get("words"), str) and isinstance(found.get("id"), str):
            key = event_key(context.account, InboundMessage.kind, found["id"])
            return [InboundMessage(key=key, text=found["words"], **common)]
        return [
            unparsed(self.provider, context, callback, "neither a state nor words", raw=document)
        ]

    def common(self, found: dict[str, Any], context: Context) -> dict[str, Any]:
        """Decode the fields that reports and texts share."""
        return {
            "provider": self.provider,
            "account": context.account,
            "at": read_epoch_time(found.get("at"), SECOND) or context.now,
            "raw": found,
        }

    def report_of(self, found: dict[str, Any], common: dict[str, Any]) -> StatusEvent:
        """Read a report."""
        state, account = found["state"], common["account"]
        leg = LegStatus(timeline=Timeline.of(self.statuses.evidence(state), common["at"]))
        return StatusEvent(
            key=event_key(account, StatusEvent.kind, found.get("id"), state, found.get("at")),
            leg=leg,
            message_id=message_id_of(account, text_or_none(found.get("id"))),
            **common,
        )


def signed(document: object, key: Secret, at: datetime) -> Callback:
    """Sign a callback as Toy does."""
    body = orjson.dumps(as_object(document) | {"at": int(at.timestamp())})
    digest = hmac.new(key.reveal().encode(), body, sha256).hexdigest()
    return Callback(body=body, headers=[(HEADER.encode(), digest.encode())])
