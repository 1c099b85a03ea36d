"""How Bird shows a message and its interactions.

Source: the Message and Interaction schemas of Bird's OpenAPI document, and the fields that the
newer messaging page adds.
"""

from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from omnimsg.sandbox import StatusChange, MessageRecord, Scenario, utc_timestamp, scenario
from omnimsg.sandbox.schema import Json
from omnimsg_bird.emulator.create import KEYS
from omnimsg_bird.emulator.lifecycle import INTERACTIONS

__all__ = ["interactions", "line", "message", "named_contacts"]

_ECHOED: Final = ("body", "template", "meta", "reference", "replyTo", "shortLinks", "scheduledFor")
_ON_PLATFORM: Final = {"sent", "delivered", "delivery_failed"}


def named_contacts(contacts: list[dict[str, Json]], platform: str) -> list[dict[str, Json]]:
    """Return contacts with the id and the identifier key that Bird adds.

    Bird makes a contact of every new identifier; here an identifier's id never changes.
    """
    named = []
    for contact in contacts:
        full = {"identifierKey": KEYS[platform][0], **contact}
        value = full.get("identifierValue", "")
        full.setdefault("id", str(uuid5(NAMESPACE_URL, f"{full['identifierKey']}:{value}")))
        named.append(full)
    return named


def line(payload: dict[str, Json]) -> str:
    """Return what a person would recognise a message by."""
    if "template" in payload:
        template = payload["template"]
        return str(template.get("name") or template.get("projectId") or "template")
    kind = payload["body"]["type"]
    content = payload["body"][kind]
    subject = content.get("metadata", {}).get("subject")
    return str(
        subject or content.get("text") or content.get("html") or content.get("title") or kind
    )


def message(record: MessageRecord, change: StatusChange) -> dict[str, Any]:
    """Return the Message resource of a record as it was at a change."""
    payload = record.extra["payload"]
    moment = utc_timestamp(change.at)
    shown: dict[str, Any] = {
        "id": record.id,
        "channelId": record.extra["channel_id"],
        "platformId": record.channel,
        "sender": {
            "connector": {
                "id": str(uuid5(NAMESPACE_URL, record.extra["channel_id"])),
                "identifierValue": record.sender,
            }
        },
        "receiver": {"contacts": record.extra["contacts"]},
        "direction": "outgoing",
        "status": change.status,
        "failure": None,
        "tags": record.extra["tags"],
        "lastStatusAt": moment,
        "createdAt": utc_timestamp(record.created),
        "updatedAt": moment,
        **{name: payload[name] for name in _ECHOED if name in payload},
        **change.detail,
    }
    if change.status in _ON_PLATFORM:
        shown["parts"] = [{"platformReference": f"platform-{record.id}"}]
    return shown


def interactions(record: MessageRecord, now: float, pace: float) -> list[dict[str, Any]]:
    """Return what the recipient did with a message: reading it, one `pace` after it arrived."""
    arrived = record.delivered_at()
    kind = INTERACTIONS.get(record.channel)
    if kind is None or arrived is None or scenario(record.to) is not Scenario.READ:
        return []
    at = arrived + pace
    if at > now:
        return []
    return [
        {
            "id": str(uuid5(NAMESPACE_URL, f"interaction:{record.id}")),
            "messageId": record.id,
            "channelId": record.extra["channel_id"],
            "platformId": record.channel,
            "createdAt": utc_timestamp(at),
            **({"messageReference": record.reference} if record.reference is not None else {}),
            **kind,
        }
    ]
