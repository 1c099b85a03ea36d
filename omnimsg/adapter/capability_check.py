"""Refuse, before a request exists, what an adapter's capabilities deny.

Nothing is dropped silently: a field that a provider cannot express is an error that names the
field. An adapter adds its own rules in `Adapter.check` and calls this first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.domain.address import ProviderContact
from omnimsg.domain.content import (
    Card,
    Carousel,
    Content,
    Email,
    Interactive,
    Media,
    MediaItem,
    MediaParameter,
    Section,
    Template,
    Text,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.formatting import format_bytes
from omnimsg.domain.frozen_dict import EMPTY
from omnimsg.domain.media import Inline, Stored
from omnimsg.domain.reason import Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from omnimsg.adapter.capabilities import Capabilities, ChannelCapabilities
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.content import Action
    from omnimsg.domain.media import Source
    from omnimsg.domain.message import Message

_OPTIONAL = ("sender", "send_at", "ttl", "tags", "callback_url", "fallback", "encryption")

# What a caller asks for beside the content itself. Facts about a file (its type, size, duration,
# digest) are no wishes: a provider that has no use for them loses nothing.
_OPTIONS: dict[type, tuple[str, ...]] = {
    Text: ("preview_url", "udh", "autoconvert"),
    Media: ("caption",),
    MediaItem: ("file_name", "alt_text", "thumbnail_url", "refresh"),
    Template: ("version", "header", "buttons"),
    Email: ("cc", "bcc", "attachments", "headers", "from_name"),
}


def refused(reason: Reason, path: str, why: str) -> Failure:
    """Build the failure of a message that is refused before a request exists."""
    return Failure(reason=reason, retry=Retry.NEVER, path=path, detail=why)


def check_message(
    message: Message,
    channel: Channel | None,
    capabilities: Capabilities,
    *,
    account: str,
    uploads: bool,
) -> Failure | None:
    """Hold a message against what a provider can do.

    Args:
        message: The message.
        channel: The channel it will travel on, where one is known.
        capabilities: What the provider can do.
        account: The account's name, which stored media must belong to.
        uploads: Whether files can be uploaded, so that it makes sense to advise it.

    Returns:
        The first thing that the provider cannot express; `None` where it can express everything.
    """
    if channel is None:
        return refused(
            Reason.UNSUPPORTED, "channel", f"name a channel: {_list(capabilities.channels)}"
        )
    can = capabilities.channels.get(channel)
    if can is None:
        return refused(
            Reason.UNSUPPORTED,
            "channel",
            f"is {channel.value}; this provider carries {_list(capabilities.channels)}",
        )
    kind = _recipient_kind(message)
    if kind not in can.recipients:
        return refused(
            Reason.INVALID_RECIPIENT,
            "to",
            f"{channel.value} is addressed by {_list(can.recipients)}, not by {kind}",
        )
    for field in _OPTIONAL:
        if getattr(message, field) and field not in can.fields:
            return refused(
                Reason.UNSUPPORTED,
                field,
                f"cannot be expressed on {channel.value} by this provider; leave it out",
            )
    return check_content(message.content, channel, can, account=account, uploads=uploads)


def check_content(
    content: Content,
    channel: Channel,
    can: ChannelCapabilities,
    *,
    account: str,
    uploads: bool,
    path: str = "content",
) -> Failure | None:
    """Hold content against what a provider can say on a channel; legs use this too."""
    if content.kind not in can.content:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            path,
            f"is {content.kind}; on {channel.value} this provider carries {_list(can.content)}",
        )
    if isinstance(content, Text):
        if can.text_limit is not None and len(content.text) > can.text_limit:
            return refused(
                Reason.CONTENT_TOO_LARGE,
                f"{path}.text",
                f"has {len(content.text)} characters; {channel.value} takes {can.text_limit}",
            )
        return None
    for where, source in sources_of(content, path):
        failure = _check_source(source, where, can, channel, account, uploads=uploads)
        if failure is not None:
            return failure
    if isinstance(content, Media):
        for position, item in enumerate(content.items):
            failure = _check_item(item, f"{path}.items[{position}]", can, channel)
            if failure is not None:
                return failure
    for where, action in actions_of(content, path):
        if action.kind not in can.actions:
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                where,
                f"is {action.kind}; on {channel.value} this provider carries"
                f" {_list(can.actions) or 'no actions'}",
            )
    return None


def check_options(
    value: Text | Media | MediaItem | Template | Email, path: str, carried: Container[str]
) -> Failure | None:
    """Refuse the first option that is set although the provider cannot carry it.

    Args:
        value: The piece of content whose options are looked at.
        path: The path to it.
        carried: The options that the provider can express here.
    """
    for option in _OPTIONS[type(value)]:
        if option not in carried and getattr(value, option) not in (None, (), EMPTY):
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                f"{path}.{option}",
                "cannot be expressed here by this provider; leave it out",
            )
    return None


def sources_of(content: Content, path: str = "content") -> Iterator[tuple[str, Source]]:
    """Find every media source in some content, with the path to it."""
    for where, item in items_of(content, path):
        yield f"{where}.source", item.source
    if isinstance(content, Email):
        for position, each in enumerate(content.attachments):
            yield f"{path}.attachments[{position}].source", each.source


def items_of(content: Content, path: str = "content") -> Iterator[tuple[str, MediaItem]]:
    """Find every media item in some content, with the path to it."""
    if isinstance(content, Media):
        for position, item in enumerate(content.items):
            yield f"{path}.items[{position}]", item
    elif isinstance(content, Interactive):
        if isinstance(content.header, MediaItem):
            yield f"{path}.header", content.header
    elif isinstance(content, Template):
        if isinstance(content.header, MediaParameter):
            yield f"{path}.header.item", content.header.item
        for position, parameter in enumerate(content.body):
            if isinstance(parameter, MediaParameter):
                yield f"{path}.body[{position}].item", parameter.item
    elif isinstance(content, Card):
        if content.media is not None:
            yield f"{path}.media", content.media
    elif isinstance(content, Carousel):
        for position, card in enumerate(content.cards):
            yield from items_of(card, f"{path}.cards[{position}]")
    elif isinstance(content, Section):
        for position, part in enumerate(content.items):
            yield from items_of(part, f"{path}.items[{position}]")


def actions_of(content: Content, path: str = "content") -> Iterator[tuple[str, Action]]:
    """Find every action in some content, with the path to it."""
    for field in ("actions", "suggestions"):
        for position, action in enumerate(getattr(content, field, ())):
            yield f"{path}.{field}[{position}]", action
    if isinstance(content, Carousel):
        for position, card in enumerate(content.cards):
            yield from actions_of(card, f"{path}.cards[{position}]")
    elif isinstance(content, Section):
        for position, part in enumerate(content.items):
            yield from actions_of(part, f"{path}.items[{position}]")


def _check_source(
    source: Source,
    path: str,
    can: ChannelCapabilities,
    channel: Channel,
    account: str,
    *,
    uploads: bool,
) -> Failure | None:
    if isinstance(source, Stored) and source.account != account:
        return refused(
            Reason.MEDIA_NEEDS_UPLOAD,
            path,
            f"is stored for account {source.account!r}; "
            + (
                f"upload it through {account!r} with client.upload to use it there"
                if uploads
                else f"nothing can be uploaded through {account!r}, give a link where it takes one"
            ),
        )
    if source.kind in can.sources:
        if isinstance(source, Inline) and can.inline_max_bytes is not None:
            size = len(source.data)
            if size > can.inline_max_bytes:
                return refused(
                    Reason.MEDIA_TOO_LARGE,
                    path,
                    f"has {format_bytes(size)}; {format_bytes(can.inline_max_bytes)} fit into"
                    " a message" + (", upload it with client.upload instead" if uploads else ""),
                )
        return None
    if isinstance(source, Inline) and uploads and "stored" in can.sources:
        return refused(
            Reason.MEDIA_NEEDS_UPLOAD,
            path,
            "holds bytes, which this provider takes only beforehand: call client.upload and send"
            " what it returns",
        )
    return refused(
        Reason.UNSUPPORTED_CONTENT,
        path,
        f"is {source.kind}; on {channel.value} this provider takes media as"
        f" {_list(can.sources) or 'nothing'}",
    )


def _check_item(
    item: MediaItem, path: str, can: ChannelCapabilities, channel: Channel
) -> Failure | None:
    limit = can.media.get(item.kind)
    if limit is None:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.kind",
            f"is {item.kind.value}; on {channel.value} this provider carries"
            f" {_list(each.value for each in can.media)}",
        )
    if item.content_type is not None and limit.types:
        plain = item.content_type.partition(";")[0].strip().lower()
        if plain not in limit.types:
            return refused(
                Reason.MEDIA_INVALID,
                f"{path}.content_type",
                f"is {plain}; as {item.kind.value} this provider takes {_list(limit.types)}",
            )
    size = len(item.source.data) if isinstance(item.source, Inline) else item.size
    if size is not None and limit.max_bytes is not None and size > limit.max_bytes:
        return refused(
            Reason.MEDIA_TOO_LARGE,
            f"{path}.source",
            f"has {format_bytes(size)}; {item.kind.value} on {channel.value} may have"
            f" {format_bytes(limit.max_bytes)}",
        )
    return None


def _recipient_kind(message: Message) -> str:
    if isinstance(message.to, ProviderContact):
        return "contact"
    return "phone" if message.to.startswith("+") else "email"


def _list(words: object) -> str:
    return ", ".join(sorted(map(str, words)))  # type: ignore[call-overload]  # any iterable of text
