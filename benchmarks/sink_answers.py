"""The answers with which the sink accepts messages, with the fields that the clients read.

No rule is checked and nothing is stored, unlike in the sandbox: an answer names every message and
otherwise costs as little as possible.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

# The last part of the URL of the message whose status is known.
KNOWN_ID = "0a6b0a5e-5d8c-4c93-8a53-3d4f6a1f0001"

_numbers = count(1)


def answer(url: bytes, body: bytes) -> tuple[int, bytes]:
    """Return status and body for a request; the last part of the path decides the provider."""
    write = _WRITERS.get(url.partition(b"?")[0].rpartition(b"/")[2])
    return (404, b"{}") if write is None else write(body)


def _id() -> str:
    return f"{next(_numbers):032x}"


def _clickatell(body: bytes) -> tuple[int, bytes]:
    entries = [
        {
            "apiMessageId": _id(),
            "accepted": True,
            "to": each["to"],
            "clientMessageId": each["clientMessageId"],
            "error": None,
        }
        for each in orjson.loads(body)["messages"]
    ]
    return 202, orjson.dumps({"messages": entries, "error": None})


def _bird(body: bytes) -> tuple[int, bytes]:
    document = orjson.loads(body)
    answered = {"id": _id(), "status": "accepted"}
    if "messageRequests" not in document:
        answered["reference"] = document["reference"]
    return 202, orjson.dumps(answered)


def _bird_status(_body: bytes) -> tuple[int, bytes]:
    return 200, _STATUS


def _messente(body: bytes) -> tuple[int, bytes]:
    return 201, orjson.dumps(_omnimessage(orjson.loads(body)))


def _messente_bulk(body: bytes) -> tuple[int, bytes]:
    entries = [_omnimessage(each) for each in orjson.loads(body)["messages"]]
    return 201, orjson.dumps({"messages": entries})


def _omnimessage(document: dict[str, Any]) -> dict[str, Any]:
    parts = [
        {"channel": each["channel"], "message_id": _id(), "sender": each.get("sender", "")}
        for each in document["messages"]
    ]
    return {"omnimessage_id": _id(), "to": document["to"], "messages": parts}


def _twilio(body: bytes) -> tuple[int, bytes]:
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    answered = {
        "sid": f"SM{_id()}",
        "status": "queued",
        "to": form["To"],
        "from": form["From"],
        "body": form["Body"],
        "error_code": None,
    }
    return 201, orjson.dumps(answered)


def _notification(body: bytes) -> tuple[int, bytes]:
    orjson.loads(body)
    return 200, orjson.dumps({"id": _id()})


_STATUS = orjson.dumps(
    {
        "id": KNOWN_ID,
        "channelId": "ch-1",
        "platformId": "sms-messagebird",
        "sender": {"connector": {"id": "con-1", "identifierValue": "+37255509999"}},
        "receiver": {
            "contacts": [
                {
                    "id": "contact-1",
                    "identifierKey": "phonenumber",
                    "identifierValue": "+27820000000",
                }
            ]
        },
        "body": {"type": "text", "text": {"text": "Your table 0000000 is ready"}},
        "reference": "table-0000000",
        "direction": "outgoing",
        "status": "delivered",
        "failure": None,
        "tags": [],
        "batchId": None,
        "chargeableUnits": 1,
        "parts": [{"platformReference": "platform-1"}],
        "lastStatusAt": "2026-11-29T10:00:02.500Z",
        "createdAt": "2026-11-29T10:00:00.000Z",
        "updatedAt": "2026-11-29T10:00:02.500Z",
    }
)

_WRITERS: dict[bytes, Callable[[bytes], tuple[int, bytes]]] = {
    b"Messages.json": _twilio,
    b"message": _clickatell,
    b"messages": _bird,
    KNOWN_ID.encode(): _bird_status,
    b"notify": _notification,
    b"omnimessage": _messente,
    b"omnimessages": _messente_bulk,
}
