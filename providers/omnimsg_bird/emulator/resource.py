"""The Message and Interaction resources.

Source: the Message and Interaction schemas of Bird's OpenAPI document, and the fields that the
newer messaging page adds; `batchId` is null outside of batches.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
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
from omnimsg_bird.emulator.lifecycle import INTERACTIONS
from omnimsg_bird.emulator.message_rules import IDENTIFIER_KEYS

_ECHOED: Final = ("meta", "reference", "replyTo", "shortLinks", "scheduledFor")
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


def content_of(payload: dict[str, Json]) -> Json:
    """Return the body or the template of a message; a rejected message may have neither."""
    return payload.get("body") or payload.get("template") or {}


def echoed(payload: dict[str, Json]) -> dict[str, Json]:
    """Return the members of a request that the message's resource repeats, besides the content."""
    return {name: payload[name] for name in _ECHOED if name in payload}


def summary(payload: dict[str, Json]) -> str:
    """Return the whole text of a message; for other content its kind and any readable part."""
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
    return resource_of(record, change, record.content, record.extra)


def resource_of(
    record: MessageRecord, change: StatusChange, content: Json, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the Message resource; `content` and `extra` save decoding them from the record."""
    changed_at = utc_timestamp(change.at)
    resource: dict[str, Any] = {
        "id": record.id,
        "channelId": extra["channel_id"],
        "platformId": record.channel,
        "sender": {
            "connector": {
                "id": connector_id(extra["channel_id"]),
                "identifierValue": record.sender,
            }
        },
        "receiver": {"contacts": extra["contacts"]},
        "direction": "outgoing",
        "status": change.status,
        "failure": None,
        "tags": extra["tags"],
        "batchId": extra["batch_id"],
        "lastStatusAt": changed_at,
        "createdAt": changed_at if change.at == record.created else utc_timestamp(record.created),
        "updatedAt": changed_at,
        **({"template" if record.kind == "template" else "body": content} if content else {}),
        **extra["echoed"],
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


class Interactions:
    """The interactions that tests have ordered, by the id of the message.

    An e-mail is one message to several recipients, each of which has a record of it.

    Args:
        max_messages: The number of messages whose interactions are kept; the oldest are dropped.
    """

    def __init__(self, max_messages: int) -> None:
        self._max_messages = max_messages
        self._ordered: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()

    def add(self, record: MessageRecord, resource: dict[str, Any]) -> None:
        """Store an interaction with a message."""
        self._ordered.setdefault(record.id, []).append(resource)
        if len(self._ordered) > self._max_messages:
            self._ordered.popitem(last=False)

    def of(self, record: MessageRecord) -> Sequence[dict[str, Any]]:
        """Return the interactions with a message, in their order."""
        return self._ordered.get(record.id, ())

    def clear(self) -> None:
        """Forget all interactions."""
        self._ordered.clear()
