"""Read the events in a callback of the One API. No function raises.

Sources: One API, Client callbacks (the envelope, texts, media in both forms, `moLocation`); the
page Models of the API reference (statuses). The members of a location are those of a public model,
because the vendor's sample is not public. The forms of replies to buttons and lists are not
published, and `messageFallback` and `statusIsTyping` are named in Models but not explained: they
stay unparsed.

A callback of Clickatell's plain SMS API is flat, without `event`. Its statuses have other numbers,
so it stays unparsed.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import is_blank
from omnimsg.adapter.inbound import (
    address_of,
    location_of,
    media_item,
    message_id_of,
    stored_file,
    text_or_none,
    unparsed,
)
from omnimsg.adapter.times import MILLISECOND, read_epoch_time
from omnimsg.domain.channel import channel_from
from omnimsg.domain.events import InboundMessage, StatusEvent, event_key
from omnimsg.domain.media import Inline
from omnimsg.domain.status import LegStatus, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omnimsg.adapter import Adapter, Callback, Context
    from omnimsg.domain.content import MediaItem
    from omnimsg.domain.events import Event


def parse(callback: Callback, adapter: Adapter[Any], context: Context) -> list[Event]:
    """Read all events: a callback has a list of events for each kind."""
    document = callback.json()
    kinds = document.get("event") if isinstance(document, dict) else None
    if not isinstance(kinds, dict):
        why = callback.why_unread() if document is None else "no `event` of the One API"
        return [unparsed(adapter.provider, context, callback, why, raw=document)]
    events: list[Event] = []
    for name, entries in kinds.items():
        if entries is None:  # null stands for a list that the callback does not have
            continue
        read = _READERS.get(name)
        for entry in entries if isinstance(entries, list) else [entries]:
            event: Event | None = (
                read(entry, adapter, context) if read and isinstance(entry, dict) else None
            )
            if event is None:
                why = "an unknown kind of event" if read is None else "an unknown form"
                event = unparsed(adapter.provider, context, callback, why, raw=entry, name=name)
            events.append(event)
    return events or [unparsed(adapter.provider, context, callback, "no event", raw=document)]


def _read_status(
    entry: dict[str, Any], adapter: Adapter[Any], context: Context
) -> StatusEvent | None:
    """Read a status by its name; its number counts only if there is no name.

    All channels of a message share its id, so the leg is identified by its channel.
    """
    name, number = text_or_none(entry.get("status")), entry.get("statusCode")
    number = number if type(number) is int else None
    provider_id = text_or_none(entry.get("messageId"))
    reference = text_or_none(entry.get("clientMessageId"))
    if (provider_id or reference) is None or (name is None and number is None):
        return None
    at, channel = _time_of(entry, context), channel_from(entry.get("channel"))
    evidence = adapter.statuses.evidence(None if name is None else name.strip(), number=number)
    return StatusEvent.make(
        provider=adapter.provider,
        account=context.account,
        at=at,
        key=event_key(
            context.account,
            StatusEvent.kind,
            *(provider_id, reference, name, number, entry.get("timestamp"), channel),
        ),
        reference=reference,
        raw=entry,
        leg=LegStatus.make(channel=channel, timeline=Timeline.of(evidence, at)),
        message_id=message_id_of(context.account, provider_id),
    )


def _read_text(
    entry: dict[str, Any], adapter: Adapter[Any], context: Context
) -> InboundMessage | None:
    """Read a text; one that is encrypted for the account's key stays unparsed."""
    text = entry.get("content")
    if not isinstance(text, str) or not is_blank(entry.get("encryptionKey")):
        return None
    return InboundMessage(text=text, **_common_fields("moText", entry, adapter, context))


def _read_media(
    entry: dict[str, Any], adapter: Adapter[Any], context: Context
) -> InboundMessage | None:
    """Read media: base64 inside the callback, or files to download with the account's key."""
    files = entry.get("files")
    if is_blank(files):
        media = [_inline(entry)]
    else:
        media = [_file(each, entry, context) for each in files] if isinstance(files, list) else []
    items = [each for each in media if each is not None]
    # If one file cannot be read, the message stays unparsed: without it, it would look complete.
    if not items or len(items) < len(media):
        return None
    caption = text_or_none(entry.get("caption"))
    return InboundMessage(
        media=items, text=caption, **_common_fields("moMedia", entry, adapter, context)
    )


def _file(file: object, entry: dict[str, Any], context: Context) -> MediaItem | None:
    if not isinstance(file, dict):
        return None
    digest = file.get("sha256Hash")
    is_encrypted = not is_blank([each.get("encryptionKey") for each in (file, entry)])
    source = stored_file(
        context.account, file.get("downloadUrl"), sha256=digest, client_encrypted=is_encrypted
    )
    return media_item(
        source,
        file.get("contentType"),
        file_name=file.get("fileName"),
        sha256=digest,
        size=file.get("byteSize"),
    )


def _inline(entry: dict[str, Any]) -> MediaItem | None:
    content = entry.get("content")
    if not isinstance(content, str) or not is_blank(entry.get("encryptionKey")):
        return None
    try:
        # MIME breaks base64 into lines. Other invalid characters are refused, not skipped.
        data = base64.b64decode("".join(content.split()), validate=True)
    except ValueError:
        return None
    return media_item(Inline(data), entry.get("contentType"), sha256=entry.get("sha256Hash"))


def _read_location(
    entry: dict[str, Any], adapter: Adapter[Any], context: Context
) -> InboundMessage | None:
    """Read a location; its coordinates are text, and `latitude` was once misspelt `latitute`."""
    latitude = entry.get("latitude")
    location = location_of(
        entry.get("latitute") if latitude is None else latitude,
        entry.get("longitude"),
        name=entry.get("locationName"),
        address=entry.get("locationAddress"),
    )
    if location is None:
        return None
    return InboundMessage(
        location=location, **_common_fields("moLocation", entry, adapter, context)
    )


def _common_fields(
    name: str, entry: dict[str, Any], adapter: Adapter[Any], context: Context
) -> dict[str, Any]:
    """Read the fields that all inbound messages have."""
    provider_id = text_or_none(entry.get("messageId"))
    profile = entry.get("whatsapp")
    return {
        "provider": adapter.provider,
        "account": context.account,
        "at": _time_of(entry, context),
        # Without an id, only the whole entry distinguishes the message from others.
        "key": event_key(
            context.account,
            InboundMessage.kind,
            name,
            entry if provider_id is None else provider_id,
        ),
        "reference": text_or_none(entry.get("relatedClientMessageId")),
        "raw": entry,
        "id": message_id_of(context.account, provider_id),
        "channel": channel_from(entry.get("channel")),
        "sender": address_of(entry.get("from")),
        "to": address_of(entry.get("to")),
        "sender_name": text_or_none(profile.get("profileName"))
        if isinstance(profile, dict)
        else None,
        "reply_to": message_id_of(context.account, entry.get("relatedMessageId")),
    }


def _time_of(entry: dict[str, Any], context: Context) -> datetime:
    """Read the time, in milliseconds."""
    return read_epoch_time(entry.get("timestamp"), MILLISECOND) or context.now


_READERS: dict[
    str, Callable[[dict[str, Any], Adapter[Any], Context], StatusEvent | InboundMessage | None]
] = {
    "messageStatusUpdate": _read_status,
    "moText": _read_text,
    "moMedia": _read_media,
    "moLocation": _read_location,
}
