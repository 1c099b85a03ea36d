"""What Messente refuses and `Capabilities` cannot say: combinations, legs, required fields.

Sources: the Omnichannel API reference and its OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import check_content, check_options, items_of, refused
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import LocationParameter, Media, MediaItem, Template, Text
from omnimsg.domain.media import MediaKind
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Account, Adapter
    from omnimsg.domain.content import Content
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.message import Message

# The name of the way's own part in the extras is the channel's; this key says which channel it is.
PROTECTED_IN_LEG = "channel"

_NOTHING: frozenset[str] = frozenset()

_TEXT_OPTIONS = {
    Channel.SMS: frozenset({"udh", "autoconvert"}),
    Channel.WHATSAPP: frozenset({"preview_url"}),
}

# What may go with one kind of media on one channel: words of the message, options of the item.
_MEDIA_OPTIONS = {
    (Channel.VIBER, MediaKind.VIDEO): frozenset({"caption", "thumbnail_url"}),
    (Channel.WHATSAPP, MediaKind.IMAGE): frozenset({"caption"}),
    (Channel.WHATSAPP, MediaKind.VIDEO): frozenset({"caption"}),
    (Channel.WHATSAPP, MediaKind.DOCUMENT): frozenset({"caption", "file_name"}),
    **{
        (Channel.RCS, kind): frozenset({"thumbnail_url", "refresh"})
        for kind in (
            MediaKind.IMAGE,
            MediaKind.VIDEO,
            MediaKind.AUDIO,
            MediaKind.DOCUMENT,
            MediaKind.GIF,
        )
    },
}

_VIBER_CAPTION = 1000
_VIBER_VIDEO_SECONDS = 600
_TEMPLATE_MEDIA = (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT)


def check(message: Message, channel: Channel, adapter: Adapter[Any]) -> Failure | None:
    """Hold a message, and every leg of it, against Messente's own rules."""
    account = adapter.account
    failure = (
        _check_sender(channel, message.sender, "sender", account)
        or _check_said(message.content, channel, "content", account)
        or _check_extras(message, channel, adapter)
    )
    if failure is not None:
        return failure
    taken = {channel}
    for position, leg in enumerate(message.fallback):
        path = f"fallback[{position}]"
        can = adapter.capabilities.channels.get(leg.channel)
        if can is None:
            return refused(
                Reason.UNSUPPORTED,
                f"{path}.channel",
                f"is {leg.channel.value}, which this provider does not carry",
            )
        if leg.channel in taken:
            return refused(
                Reason.INVALID_MESSAGE,
                f"{path}.channel",
                f"is {leg.channel.value} for the second time; one message tries a channel once",
            )
        taken.add(leg.channel)
        content, said = leg.content or message.content, f"{path}.content"
        failure = (
            _check_sender(leg.channel, leg.sender, f"{path}.sender", account)
            or check_content(content, leg.channel, can, account=account.name, path=said)
            or _check_said(content, leg.channel, said, account)
        )
        if failure is not None:
            return failure
    return None


def _check_sender(
    channel: Channel, sender: str | None, path: str, account: Account[Any]
) -> Failure | None:
    if channel is Channel.RCS and not (sender or account.sender):
        return refused(
            Reason.INVALID_SENDER, path, "is required on rcs: give one, or set the account's sender"
        )
    return None


def _check_extras(message: Message, channel: Channel, adapter: Adapter[Any]) -> Failure | None:
    """Hold the extras of single legs against what the message itself says of them."""
    ways = {channel: message.ttl, **{leg.channel: leg.ttl for leg in message.fallback}}
    for extras in (adapter.account.extras, adapter.extras_of(message)):
        for way, ttl in ways.items():
            own = extras.get(way)
            if ttl is not None and isinstance(own, Mapping) and "validity" in own:
                return refused(
                    Reason.INVALID_MESSAGE,
                    f"extras.{adapter.provider}.{way.value}.validity",
                    "and a ttl exclude each other; leave out one of the two",
                )
    for key, own in adapter.extras_of(message).items():
        if key not in adapter.capabilities.channels:
            continue
        path = f"extras.{adapter.provider}.{key}"
        if key not in ways or not isinstance(own, Mapping):
            return refused(
                Reason.INVALID_MESSAGE,
                path,
                "must be a mapping for a channel that the message is tried on",
            )
        if PROTECTED_IN_LEG in own:
            return refused(
                Reason.INVALID_MESSAGE, f"{path}.{PROTECTED_IN_LEG}", "is not for extras to set"
            )
    return None


def _check_said(
    content: Content, channel: Channel, path: str, account: Account[Any]
) -> Failure | None:
    check = _RULES.get(type(content))
    return None if check is None else check(content, channel, path, account)


def _check_text(content: Text, channel: Channel, path: str, _: Account[Any]) -> Failure | None:
    return check_options(content, path, _TEXT_OPTIONS.get(channel, _NOTHING))


def _check_media(content: Media, channel: Channel, path: str, _: Account[Any]) -> Failure | None:
    if len(content.items) > 1:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.items",
            f"has {len(content.items)} items; {channel.value} carries one a message",
        )
    item, where = content.items[0], f"{path}.items[0]"
    carried = _MEDIA_OPTIONS.get((channel, item.kind), _NOTHING)
    failure = check_options(content, path, carried) or check_options(item, where, carried)
    if failure is None and (channel, item.kind) == (Channel.VIBER, MediaKind.VIDEO):
        return _check_viber_video(content, item, path, where)
    return failure


def _check_viber_video(content: Media, item: MediaItem, path: str, where: str) -> Failure | None:
    for required in ("thumbnail_url", "size", "duration"):
        if getattr(item, required) is None:
            return refused(
                Reason.MEDIA_INVALID, f"{where}.{required}", "is required with a viber video"
            )
    if item.duration is not None and item.duration > _VIBER_VIDEO_SECONDS:
        return refused(
            Reason.MEDIA_TOO_LARGE,
            f"{where}.duration",
            f"is {item.duration} s; a viber video may last {_VIBER_VIDEO_SECONDS} s",
        )
    if content.caption is not None and len(content.caption) > _VIBER_CAPTION:
        return refused(
            Reason.CONTENT_TOO_LARGE,
            f"{path}.caption",
            f"has {len(content.caption)} characters; viber takes {_VIBER_CAPTION}",
        )
    return None


def _check_template(
    content: Template, _: Channel, path: str, account: Account[Any]
) -> Failure | None:
    failure = check_options(content, path, {"header", "buttons"})
    if failure is not None:
        return failure
    mapping = account.templates.get(content.name)
    if content.language is None and (mapping is None or mapping.language is None):
        return refused(
            Reason.TEMPLATE_INVALID,
            f"{path}.language",
            "is required: name it here or in the account's mapping of the template",
        )
    if isinstance(content.header, LocationParameter):
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.header",
            "is a location; this provider fills a header with text or media",
        )
    for where, item in items_of(content, path):
        if item.kind not in _TEMPLATE_MEDIA:
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                f"{where}.kind",
                f"is {item.kind.value}; a template takes an image, a video or a document",
            )
        carried = {"file_name"} if item.kind is MediaKind.DOCUMENT else _NOTHING
        failure = check_options(item, where, carried)
        if failure is not None:
            return failure
    return None


_RULES: dict[type, Callable[[Any, Channel, str, Account[Any]], Failure | None]] = {
    Text: _check_text,
    Media: _check_media,
    Template: _check_template,
}
