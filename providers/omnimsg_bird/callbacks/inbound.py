"""Read an inbound message from a callback of Bird. No function raises.

A message is read as a whole or not at all: if a file, an action or a text of it has an unknown
form, the message stays unparsed, because an event without that part would look complete.

Sources: Programmable WhatsApp, Receiving messages (texts, media, locations; a sticker is a file);
Messaging, the bodies of a Message. A tapped button is a text with the action `postback`, whose
`replyTo` names our message: so it is in two captured payloads of one public integration; another
integration reads the payload from `meta.extraInformation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import is_blank
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
from omnimsg_bird.callbacks.verify import sent_at
from omnimsg_bird.wire import resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Callback, Context
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.content import MediaItem

# Members with the payload of a tapped button, named as by WhatsApp; that of a list by analogy.
_BUTTON_ID_MEMBERS = ("whatsapp.interactive.button_reply.id", "whatsapp.interactive.list_reply.id")


def read_inbound(
    payload: dict[str, Any],
    channel: Channel | None,
    callback: Callback,
    provider: str,
    context: Context,
) -> InboundMessage | None:
    """Read a message; `None` if it has no id, or any part of its content is unknown."""
    channel_id, id_ = payload.get("channelId"), payload.get("id")
    message_id = message_id_of(context.account, channel_id, id_)
    body = _object(payload, "body")
    read = _BODIES.get(str(body.get("type")))
    content = None if read is None else read(_object(body, str(body.get("type"))), context)
    if message_id is None or not content:
        return None
    button = _button(content.pop("postback", None), _object(payload, "meta"))
    if button is not None:
        content["tapped"] = reply_of(*button) if all(map(_is_text_or_none, button)) else None
        if content["tapped"] is None:
            return None
    person = _object(_object(payload, "sender"), "contact")
    senders = resource.addresses(payload.get("sender"))
    receivers = resource.addresses(payload.get("receiver"))
    at = read_iso_time(payload.get("createdAt")) or read_iso_time(payload.get("lastStatusAt"))
    return InboundMessage(
        provider=provider,
        account=context.account,
        at=at or sent_at(callback, context),
        key=event_key(context.account, InboundMessage.kind, message_id.provider_id),
        raw=payload,
        id=message_id,
        channel=channel,
        sender=address_of(senders[0]) if senders else None,
        to=address_of(receivers[0]) if receivers else None,
        sender_name=text_or_none(_object(person, "annotations").get("name")),
        reply_to=resource.read_reply_to(payload.get("replyTo"), channel_id, context),
        **content,
    )


def _button(postback: dict[str, Any] | None, meta: dict[str, Any]) -> tuple[object, object] | None:
    """Return the label and the payload of the tapped button; `None` if none was tapped."""
    label, payload = (postback or {}).get("text"), (postback or {}).get("payload")
    extra = _object(meta, "extraInformation")
    data = payload or next((extra[each] for each in _BUTTON_ID_MEMBERS if extra.get(each)), None)
    return None if postback is None and data is None else (label, data)


def _text(body: dict[str, Any], context: Context) -> dict[str, Any] | None:
    """Read a text with its attachments, or the label of a tapped button."""
    text, actions = body.get("text"), body.get("actions")
    found = _media(body.get("attachments"), context)
    if found is None or not _is_text_or_none(text):
        return None
    if text is not None:
        found["text"] = text
    if not is_blank(actions):
        match actions:
            case [{"postback": dict(postback)}]:
                found["postback"] = postback
            case _:
                return None
    return found


def _html(body: dict[str, Any], context: Context) -> dict[str, Any] | None:
    """Read an e-mail's plain text; an e-mail with HTML only stays unparsed."""
    text, found = text_or_none(body.get("text")), _media(body.get("attachments"), context)
    return None if text is None or found is None else {"text": text} | found


def _images(body: dict[str, Any], context: Context) -> dict[str, Any] | None:
    return _with_caption(_media(body.get("images"), context, MediaKind.IMAGE), body)


def _files(body: dict[str, Any], context: Context) -> dict[str, Any] | None:
    return _with_caption(_media(body.get("files"), context), body)


def _gif(body: dict[str, Any], context: Context) -> dict[str, Any] | None:
    return _with_caption(_media([body], context, MediaKind.GIF), body)


def _location(body: dict[str, Any], _: Context) -> dict[str, Any] | None:
    point, label = _object(body, "coordinates"), _object(body, "location")
    location = location_of(
        point.get("latitude"),
        point.get("longitude"),
        name=label.get("label"),
        address=label.get("address"),
    )
    return None if location is None else {"location": location}


def _with_caption(media: dict[str, Any] | None, body: dict[str, Any]) -> dict[str, Any] | None:
    """Add the caption to media; `None` if there are no media."""
    text = body.get("text")
    if not media or not _is_text_or_none(text):
        return None
    return media | {"text": text or None}


def _media(files: object, context: Context, kind: MediaKind | None = None) -> dict[str, Any] | None:
    """Read files to download with the account's key; `None` if any of them cannot be read."""
    if is_blank(files):
        return {}
    items = [_item(each, context, kind) for each in files] if isinstance(files, list) else [None]
    return None if None in items else {"media": items}


def _item(file: object, context: Context, kind: MediaKind | None) -> MediaItem | None:
    if not isinstance(file, dict):
        return None
    # Only a sticker says whether it is animated.
    animated = _object(file, "metadata").get("isAnimated")
    return media_item(
        stored_file(context.account, file.get("mediaUrl")),
        file.get("contentType"),
        file_name=file.get("filename"),
        alt_text=file.get("altText"),
        animated=animated,
        kind=MediaKind.STICKER if isinstance(animated, bool) else kind,
    )


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}


_BODIES: dict[str, Callable[[dict[str, Any], Context], dict[str, Any] | None]] = {
    "text": _text,
    "html": _html,
    "image": _images,
    "file": _files,
    "gif": _gif,
    "location": _location,
}
