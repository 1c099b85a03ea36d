"""Checks of media: which files may share a body, and which options a body supports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import check_options, refused
from omnimsg.domain.channel import Channel
from omnimsg.domain.media import Inline, MediaKind, Stored
from omnimsg.domain.reason import Reason
from omnimsg_bird.wire.bodies import BODIES

if TYPE_CHECKING:
    from omnimsg.domain.content import Media, MediaItem
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.media import Source

_OPTIONS = {
    "image": frozenset({"alt_text"}),
    "gif": frozenset({"alt_text"}),
    "file": frozenset({"file_name", "alt_text"}),
}


def check_media(content: Media, channel: Channel, path: str) -> Failure | None:
    """Check media: all of it must fit into one body."""
    kind = content.items[0].kind
    body = BODIES[kind]
    if body == "gif" and len(content.items) > 1:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.items",
            f"has {len(content.items)} items; a gif travels alone",
        )
    for index, item in enumerate(content.items):
        item_path = f"{path}.items[{index}]"
        if BODIES[item.kind] != body:
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                f"{item_path}.kind",
                f"is {item.kind.value}; it cannot share a message with {kind.value}",
            )
        failure = check_item(item, channel, item_path)
        if failure is not None:
            return failure
    return None


def check_item(item: MediaItem, channel: Channel, path: str) -> Failure | None:
    """Check one file against its body."""
    body = BODIES[item.kind]
    if item.kind is MediaKind.STICKER and channel is not Channel.WHATSAPP:
        return refused(
            Reason.UNSUPPORTED_CONTENT, f"{path}.kind", f"is sticker; {channel.value} has none"
        )
    if item.kind is MediaKind.STICKER or channel is Channel.WHATSAPP:
        failure = _check_webp(item, path)
        if failure is not None:
            return failure
    if body == "file" and item.content_type is None:
        return refused(
            Reason.MEDIA_INVALID,
            f"{path}.content_type",
            "is required: this provider never guesses the type of a file",
        )
    return check_source(item.source, f"{path}.source") or check_options(item, path, _OPTIONS[body])


def _check_webp(item: MediaItem, path: str) -> Failure | None:
    """Require image/webp for stickers, and refuse it for pictures: both are sent as `image`."""
    is_webp = (item.content_type or "").partition(";")[0].strip().lower() == "image/webp"
    if is_webp == (item.kind is MediaKind.STICKER) or BODIES[item.kind] != "image":
        return None
    why = (
        "must be image/webp for a sticker" if not is_webp else "is that of a sticker, not a picture"
    )
    return refused(Reason.MEDIA_INVALID, f"{path}.content_type", why)


def check_source(source: Source, path: str) -> Failure | None:
    """Require a URL: bodies and templates have no other member for a file."""
    if isinstance(source, Inline):
        return refused(
            Reason.MEDIA_NEEDS_UPLOAD,
            path,
            "holds bytes, which cannot be sent here: call client.upload and send what it returns",
        )
    if isinstance(source, Stored) and source.url is None:
        return refused(
            Reason.MEDIA_NOT_FOUND, path, "has no URL, by which this provider finds its files"
        )
    return None
