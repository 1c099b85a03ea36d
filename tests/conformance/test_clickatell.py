"""Clickatell's adapter passes the conformance suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from clickatell import callbacks

from omnimsg.adapter import Account, Callback, Operation, Request, Response, StatusRow
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Interactive, MediaItem, Reply, RequestLocation
from omnimsg.domain.media import MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg.testing import Accept, AdapterConformance, Missing, Refuse, Said
from omnimsg_clickatell import ClickatellAdapter, ClickatellSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# The HTTP status of each code, where it is not 400 (One API errors table).
HTTP_STATUSES = {"1": 401, "7": 401, "18": 500, "19": 503, "20": 402}


class TestClickatell(AdapterConformance):
    """Every entry has the reference, accepted or refused."""

    adapter_class = ClickatellAdapter
    signs_body = False

    def account(self) -> Account[ClickatellSettings]:
        """Return an account with a key in Clickatell's format."""
        return Account(
            name="click",
            settings=ClickatellSettings(
                api_key=Secret("dGhpcy1pcy1hLXNlY3JldA=="),
                callback_secrets=[Secret("former_kMZx3wVfB9yRc1A"), Secret(callbacks.SECRET)],
                callback_logins=[Secret(callbacks.LOGIN)],
            ),
            base_url=ClickatellAdapter.base_url,
        )

    def messages(self, count: int) -> list[Message]:
        """Return SMS to different recipients."""
        return [
            Message(
                f"+2782000{number:04d}", f"Table {number} is ready", reference=f"ord-{number}-x"
            )
            for number in range(count)
        ]

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer 202, 207, or the status of the code if one error refuses all messages."""
        refusals = [each for each in said if isinstance(each, Refuse)]
        first = refusals[0] if refusals else None
        if first is not None and first.level == "global":
            return Response(
                HTTP_STATUSES.get(first.code, 400), orjson.dumps({"error": error_of(first)})
            )
        entries = [self.entry(each) for each in said if not isinstance(each, Missing)]
        status = 202 if not refusals else 207
        if first is not None and len(said) == 1:
            status = HTTP_STATUSES.get(first.code, 400)
        return Response(status, orjson.dumps({"messages": entries, "error": None}))

    def entry(self, said: Accept | Refuse) -> dict[str, Any]:
        """Build the entry of one message."""
        to = str(said.message.to).removeprefix("+")
        entry: dict[str, Any] = {"to": to, "clientMessageId": said.message.reference}
        if isinstance(said, Accept):
            return {"apiMessageId": said.id, "accepted": True, **entry, "error": None}
        return {"accepted": False, **entry, "error": error_of(said)}

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Answer with the status under its channel, or without a channel for an unknown id."""
        if row is None:
            return Response(200, b'{"status":"UNKNOWN","timestamp":1893456000123}')
        body = {"sms": {"status": row.name, "timestamp": 1893456000123}}
        return Response(200, orjson.dumps(body))

    def answer_operation(self, operation: Operation, request: Request) -> Response:
        """Answer the other operations as in the OpenAPI document."""
        if operation is Operation.DOWNLOAD:
            return Response(200, b"the file")
        if operation is Operation.UPLOAD:
            return Response(201, b'{"fileId":"5f2c1d60-1.jpg","accepted":true}')
        return Response(200 if operation is not Operation.MARK_READ else 202, ANSWERS[operation])

    def callbacks(self, at: datetime) -> dict[str, Callback]:
        """Return a status, texts, media in both forms, and a location, some in one callback."""
        later = callbacks.TEXT | {"messageId": "1100000000000000000000000000000c"}
        return {
            "a status": callbacks.callback(
                callbacks.envelope(messageStatusUpdate=[callbacks.STATUS])
            ),
            "two texts": callbacks.callback(callbacks.envelope(moText=[callbacks.TEXT, later])),
            "media": callbacks.callback(
                callbacks.envelope(moMedia=[callbacks.MEDIA_FILES, callbacks.MEDIA_INLINE])
            ),
            "a place": callbacks.callback(callbacks.envelope(moLocation=[callbacks.LOCATION])),
        }

    def report(self, row: StatusRow, at: datetime) -> Callback:
        """Return a status with its name and, where the table has one, its number."""
        entry = callbacks.STATUS | {
            "status": row.name,
            "statusCode": row.number,
            "timestamp": int(at.timestamp() * 1000),
        }
        return callbacks.callback(callbacks.envelope(messageStatusUpdate=[entry]))

    def samples(self) -> list[Message]:
        """Return a stored file as a header, and a location request with WhatsApp's own button."""
        picture = MediaItem(
            MediaKind.IMAGE, Stored(account="click", id="f-1"), content_type="image/png"
        )
        return [
            Message(
                "+27820000001",
                Interactive("Your table is ready", [Reply("Thanks", "thanks")], header=picture),
                channel=Channel.WHATSAPP,
            ),
            Message(
                "+27820000001",
                Interactive("Where shall we bring it?", [RequestLocation()]),
                channel=Channel.WHATSAPP,
            ),
        ]


class TestClickatellWithoutReferences(TestClickatell):
    """Refused entries have no reference, as in some of Clickatell's answers."""

    def entry(self, said: Accept | Refuse) -> dict[str, Any]:
        """Leave the reference out of the entry of a refused message."""
        entry = super().entry(said)
        if isinstance(said, Refuse):
            del entry["clientMessageId"]
        return entry

    def callbacks(self, at: datetime) -> dict[str, Callback]:
        """Return one callback: these are the same, and `TestClickatell` has them all."""
        name, callback = next(iter(super().callbacks(at).items()))
        return {name: callback}


def error_of(said: Refuse) -> dict[str, Any]:
    """Build an error; Clickatell's codes are numbers."""
    code = int(said.code) if said.code.isdecimal() else said.code
    return {"code": code, "description": said.detail}


ANSWERS = {
    Operation.MEDIA_INFO: b'{"expirationTime":1893456000,"broadcastAllowed":true}',
    Operation.BALANCE: b'{"balance":12.50,"currency":"EUR"}',
    Operation.MARK_READ: orjson.dumps(
        {
            "event": {
                "messageStatusUpdate": [
                    {
                        "apiEventId": "cd02",
                        "accepted": True,
                        "messageId": f"{0xC0FFEE:032x}",
                        "clientEventId": "0",
                        "error": None,
                    }
                ]
            },
            "error": None,
        }
    ),
}
