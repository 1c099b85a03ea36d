"""The Message and Interaction resources.

Source: the Message and Interaction schemas of Bird's OpenAPI document, and the fields that the
newer messaging page adds; `batchId` is null outside of batches.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from omnimsg.sandbox import (
    MessageRecord,
    Scenario,
    StatusChange,
    describe,
    scenario,
    utc_timestamp,
)
from omnimsg.sandbox.ids import named_uuid
from omnimsg.sandbox.schema import Json
from omnimsg_bird.emulator.create import IDENTIFIER_KEYS
from omnimsg_bird.emulator.lifecycle import INTERACTIONS

__all__ = [
    "complete_contacts",
    "connector_id",
    "interaction_resources",
    "message_resource",
    "planned_interaction",
    "summary",
]

_ECHOED: Final = ("body", "template", "meta", "reference", "replyTo", "shortLinks", "scheduledFor")
_ON_PLATFORM: Final = {"sent", "delivered", "delivery_failed"}


def complete_contacts(contacts: list[dict[str, Json]], platform: str) -> list[dict[str, Json]]:
    """Return contacts with the id and the identifier key that Bird adds.

    Bird creates a contact for every new identifier; here the id of an identifier never changes.
    """
    completed = []
    for contact in contacts:
        full = {"identifierKey": IDENTIFIER_KEYS[platform][0], **contact}
        if "id" not in full:
            full["id"] = named_uuid(f"{full['identifierKey']}:{full.get('identifierValue', '')}")
        completed.append(full)
    return completed


def summary(payload: dict[str, Json]) -> str:
    """Return the whole text of a message; of other content its kind and what can be read of it."""
    if "template" in payload:
        template = payload["template"]
        name = template.get("name") or template.get("projectId")
        given = [each.get("value") for each in template.get("parameters") or ()]
        variables = list((template.get("variables") or {}).values())
        return describe(
            "template", name, *(str(value) for value in [*given, *variables] if value is not None)
        )
    return _body_text(payload["body"])


def _body_text(body: dict[str, Json]) -> str:
    kind = body["type"]
    content = body[kind]
    if kind in {"text", "html"}:
        return str(content.get("text") or content.get("html") or "")
    if kind == "section":
        return "\n".join(_body_text(inner) for inner in content.get("items", ()))
    if kind == "location":
        place, at = content.get("location", {}), content["coordinates"]
        return describe(kind, place.get("label"), f"{at['latitude']},{at['longitude']}")
    return str(content.get("text") or describe(kind, next(_media_urls(content), None)))


def _media_urls(content: dict[str, Json]) -> Iterator[str]:
    for each in (content, *content.get("images", ()), *content.get("files", ())):
        if each.get("mediaUrl"):
            yield each["mediaUrl"]


@lru_cache(maxsize=64)
def connector_id(channel_id: str) -> str:
    """Return the id of a channel's connector."""
    return named_uuid(channel_id)


def message_resource(record: MessageRecord, change: StatusChange) -> dict[str, Any]:
    """Return the Message resource of a record as it was at a change."""
    payload = record.extra["payload"]
    changed_at = utc_timestamp(change.at)
    resource: dict[str, Any] = {
        "id": record.id,
        "channelId": record.extra["channel_id"],
        "platformId": record.channel,
        "sender": {
            "connector": {
                "id": connector_id(record.extra["channel_id"]),
                "identifierValue": record.sender,
            }
        },
        "receiver": {"contacts": record.extra["contacts"]},
        "direction": "outgoing",
        "status": change.status,
        "failure": None,
        "tags": record.extra["tags"],
        "batchId": record.extra["batch_id"],
        "lastStatusAt": changed_at,
        "createdAt": utc_timestamp(record.created),
        "updatedAt": changed_at,
        **{name: payload[name] for name in _ECHOED if name in payload},
        **change.detail,
    }
    if change.status in _ON_PLATFORM:
        resource["parts"] = [{"platformReference": f"platform-{record.id}"}]
    return resource


def planned_interaction(record: MessageRecord, pace: float) -> tuple[float, dict[str, Any]] | None:
    """Return when a recipient reads a message, `pace` seconds after delivery, and the interaction.

    None for a recipient who does not, or on a platform that reports no reading.
    """
    delivered_at = record.delivered_at()
    kind = INTERACTIONS.get(record.channel)
    if kind is None or delivered_at is None or scenario(record.to) is not Scenario.READ:
        return None
    at = delivered_at + pace
    return at, {
        "id": named_uuid(f"interaction:{record.id}"),
        "messageId": record.id,
        "channelId": record.extra["channel_id"],
        "platformId": record.channel,
        "createdAt": utc_timestamp(at),
        **({"messageReference": record.reference} if record.reference is not None else {}),
        **kind,
    }


def interaction_resources(record: MessageRecord, now: float, pace: float) -> list[dict[str, Any]]:
    """Return the interactions of the recipient: one reading, and those that a test has ordered."""
    planned = planned_interaction(record, pace)
    read = [planned[1]] if planned is not None and planned[0] <= now else []
    return [*read, *record.extra.get("interactions", ())]
