"""The Message resource of an inbound message, and the resource of an interaction.

Sources: Programmable WhatsApp, Receiving messages (`sender.contact`, `receiver.connector`, texts,
images, files, locations; a sticker is a file with `metadata.isAnimated`); its interactions page and
that of Programmable Email (the types of interactions and their details); two captured payloads of a
public integration for a tapped button, which is a text with the action `postback` and names our
message in `replyTo`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from omnimsg.sandbox import Button, MessageRecord, PhoneReply, ReplyMedia, utc_timestamp
from omnimsg.sandbox.ids import named_uuid
from omnimsg.sandbox.schema import Json
from omnimsg_bird.emulator.resource import complete_contacts, connector_id

INTERACTION_TYPES: Final = (
    "clicked",
    "delete-request",
    "invalid",
    "opened",
    "read",
    "reported-as-spam",
    "unsubscribe-request",
    "reaction",
    "conversion",
    "subscribe-request",
    "subscribe-consent",
)
"""Every type of the schema."""

DETAILS: Final[Mapping[str, Mapping[str, str | None]]] = {
    "email": {
        "opened": "open",
        "clicked": "click",
        "reported-as-spam": "spam_complaint",
        "unsubscribe-request": "list_unsubscribe",
    },
    "whatsapp": {"read": None, "clicked": "item_1_clicked"},
    "sms": {},
}
"""The interactions that are documented for a platform, and the `details` of each."""


def incoming_resource(
    reply: PhoneReply,
    *,
    message_id: str,
    channel_id: str,
    to: str,
    body: dict[str, Any],
    now: float,
) -> dict[str, Any]:
    """Return the Message resource of a message from a phone."""
    (contact,) = complete_contacts([{"identifierValue": reply.number}], reply.channel or "")
    at = utc_timestamp(now)
    resource: dict[str, Any] = {
        "id": message_id,
        "channelId": channel_id,
        "platformId": reply.channel,
        "sender": {"contact": {**contact, "annotations": {"name": "Sandbox phone"}}},
        "receiver": {"connector": {"id": connector_id(channel_id), "identifierValue": to}},
        "body": body,
        "meta": {"extraInformation": {"timestamp": str(int(now))}},
        "reference": "",
        "direction": "incoming",
        "status": "delivered",
        "failure": None,
        "tags": [],
        "batchId": None,
        "chargeableUnits": 1,
        "lastStatusAt": at,
        "createdAt": at,
        "updatedAt": at,
    }
    if reply.answers is not None:
        kind = "message" if reply.button is None else "click"
        resource["replyTo"] = {"id": reply.answers.id, "order": 0, "type": kind}
    return resource


def media_body(media: ReplyMedia, url: str, text: str | None) -> dict[str, Any]:
    """Return the body of a file at a URL: an image, or a file of any other type."""
    caption = {} if text is None else {"text": text}
    media_type = media.content_type.partition(";")[0].strip().lower()
    is_sticker = media_type == "image/webp"
    if media_type.startswith("image/") and not is_sticker:
        return {"type": "image", "image": {"images": [{"mediaUrl": url}], **caption}}
    file: dict[str, Any] = {"mediaUrl": url, "contentType": media.content_type}
    if media.file_name is not None:
        file["filename"] = media.file_name
    if is_sticker:
        file["metadata"] = {"isAnimated": _is_animated(media.data or b"")}
    return {"type": "file", "file": {"files": [file], **caption}}


def _is_animated(webp: bytes) -> bool:
    """Return whether a WebP file is animated: a flag in its extended header (RFC 9649, 2.7)."""
    return webp[12:16] == b"VP8X" and bool(webp[20:21]) and bool(webp[20] & 2)


def interaction_resource(
    record: MessageRecord, kind: str, *, details: str | None, now: float, **metadata: object
) -> dict[str, Any]:
    """Return the MessageInteraction resource of an interaction with a message.

    Args:
        record: The message.
        kind: The type.
        details: The details, None for none.
        now: Epoch seconds of the interaction.
        metadata: Members of the metadata; those that are None are left out.
    """
    known = {name: value for name, value in metadata.items() if value is not None}
    return {
        "id": named_uuid(f"interaction:{record.id}:{kind}:{now}"),
        "messageId": record.id,
        "channelId": record.extra["channel_id"],
        "platformId": record.channel,
        "type": kind,
        "createdAt": utc_timestamp(now),
        **({} if record.reference is None else {"messageReference": record.reference}),
        **({} if details is None else {"details": details}),
        **({"metadata": known} if known else {}),
    }


def buttons_of(content: Json) -> Iterator[Button]:
    """Yield the buttons in a body: the actions `reply` and `postback`, at any depth."""
    if isinstance(content, list):
        for each in content:
            yield from buttons_of(each)
    elif isinstance(content, dict):
        kind = content.get("type")
        if kind in {"reply", "postback"} and isinstance(content.get(kind), dict):
            action = content[kind]
            yield Button(label=action["text"], payload=action.get("payload", action["text"]))
        else:
            for each in content.values():
                yield from buttons_of(each)
