"""Read a message that a person sent through Bird. Nothing in here raises.

Sources: Programmable WhatsApp, Receiving messages (texts, media, locations; a sticker is a file);
Messaging, the bodies of a Message. A tapped button is a text with the action `postback`, whose
`replyTo` names our message: two captured payloads of one public integration are the witnesses, and
another reads the payload from `meta.extraInformation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter.inbound import (
    address_of,
    location_of,
    media_item,
    message_id_of,
    reply_of,
    stored_file,
    text_or_none,
)
from omnimsg.adapter.times import read_iso_time
from omnimsg.domain.events import InboundMessage, event_key
from omnimsg.domain.media import MediaKind
from omnimsg_bird.wire import resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Context
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.content import MediaItem

# Of a tapped button, as WhatsApp names it; the one of a list by analogy.
_TAPPED = ("whatsapp.interactive.button_reply.id", "whatsapp.interactive.list_reply.id")


def read_inbound(
    payload: dict[str, Any], channel: Channel | None, provider: str, context: Context
) -> InboundMessage | None:
    """Read a message; `None` if it has no id or no content that is known."""
    channel_id, id_ = payload.get("channelId"), payload.get("id")
    message_id = message_id_of(context.account, channel_id, id_)
    body = _object(payload, "body")
    read = _BODIES.get(str(body.get("type")))
    content = None if read is None else read(_object(body, str(body.get("type"))), context)
    if message_id is None or not content:
        return None
    label, data = content.pop("tapped", (None, None))
    extra = _object(_object(payload, "meta"), "extraInformation")
    tapped = reply_of(label, data or next((extra[each] for each in _TAPPED if each in extra), None))
    person = _object(_object(payload, "sender"), "contact")
    senders = resource.addresses(payload.get("sender"))
    receivers = resource.addresses(payload.get("receiver"))
    at = read_iso_time(payload.get("createdAt")) or read_iso_time(payload.get("lastStatusAt"))
    return InboundMessage(
        provider=provider,
        account=context.account,
        at=at or context.now,
        key=event_key(context.account, InboundMessage.kind, message_id.provider_id),
        raw=payload,
        id=message_id,
        channel=channel,
        sender=address_of(senders[0]) if senders else None,
        to=address_of(receivers[0]) if receivers else None,
        sender_name=text_or_none(_object(person, "annotations").get("name")),
        reply_to=resource.read_reply_to(payload.get("replyTo"), str(channel_id), context),
        tapped=tapped,
        **content,
    )


def _text(body: dict[str, Any], context: Context) -> dict[str, Any]:
    """Read a text with its attachments, or the label of a tapped button."""
    found: dict[str, Any] = {}
    if isinstance(body.get("text"), str):
        found["text"] = body["text"]
    for action in _objects(body.get("actions")):
        postback = _object(action, "postback")
        if postback:
            found["tapped"] = postback.get("text"), postback.get("payload")
    return found | _media(body.get("attachments"), context)


def _html(body: dict[str, Any], context: Context) -> dict[str, Any]:
    """Read an e-mail by its plain text; one that is HTML only is not read."""
    text = text_or_none(body.get("text"))
    attachments = _media(body.get("attachments"), context)
    return attachments if text is None else {"text": text} | attachments


def _images(body: dict[str, Any], context: Context) -> dict[str, Any]:
    return _media(body.get("images"), context, MediaKind.IMAGE) | _caption(body)


def _files(body: dict[str, Any], context: Context) -> dict[str, Any]:
    return _media(body.get("files"), context) | _caption(body)


def _gif(body: dict[str, Any], context: Context) -> dict[str, Any]:
    return _media([body], context, MediaKind.GIF) | _caption(body)


def _location(body: dict[str, Any], _: Context) -> dict[str, Any]:
    point, label = _object(body, "coordinates"), _object(body, "location")
    location = location_of(
        point.get("latitude"),
        point.get("longitude"),
        name=label.get("label"),
        address=label.get("address"),
    )
    return {} if location is None else {"location": location}


def _caption(body: dict[str, Any]) -> dict[str, Any]:
    text = text_or_none(body.get("text"))
    return {} if text is None else {"text": text}


def _media(files: object, context: Context, kind: MediaKind | None = None) -> dict[str, Any]:
    """Read files to fetch with the account's key."""
    items: list[MediaItem] = []
    for file in _objects(files):
        item = media_item(
            stored_file(context.account, file.get("mediaUrl")),
            file.get("contentType"),
            file_name=file.get("filename"),
            alt_text=file.get("altText"),
            animated=_object(file, "metadata").get("isAnimated"),
            kind=kind,
        )
        if item is not None:
            items.append(item)
    return {"media": items} if items else {}


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


_BODIES: dict[str, Callable[[dict[str, Any], Context], dict[str, Any]]] = {
    "text": _text,
    "html": _html,
    "image": _images,
    "file": _files,
    "gif": _gif,
    "location": _location,
}
