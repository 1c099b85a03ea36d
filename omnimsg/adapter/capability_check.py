"""Check a message against the provider's capabilities before a request is built.

Nothing is dropped silently: a field that a provider cannot express is a failure that names the
field. An adapter calls this first in `Adapter.check` and adds its own rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.domain.address import ProviderContact, is_mailbox
from omnimsg.domain.byte_sizes import format_bytes
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
from omnimsg.domain.frozen_dict import EMPTY
from omnimsg.domain.media import Inline, Stored
from omnimsg.domain.reason import Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from omnimsg.adapter.capabilities import Capabilities, ChannelCapabilities
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.content import Action
    from omnimsg.domain.media import Source
    from omnimsg.domain.message import Message

# Options that change what the recipient sees or gets. Facts about a file (its type, size, duration,
# digest) are not options: a provider that ignores them loses nothing.
_CONTENT_OPTIONS: dict[type, tuple[str, ...]] = {
    Text: ("preview_url", "udh", "autoconvert"),
    Media: ("caption",),
    MediaItem: ("file_name", "alt_text", "thumbnail_url", "refresh"),
    Template: ("version", "header", "buttons"),
    Email: ("cc", "bcc", "attachments", "headers", "from_name"),
}

# The name of each media source in an error, with the class that a program writes.
_SOURCES = {
    "inline": "bytes (Inline)",
    "link": "a link (Link)",
    "stored": "a stored file (Stored)",
}

# What to do about a field that the provider cannot express, where leaving it out is not all.
_INSTEAD = {
    "tags": "leave them out; metadata is never sent to a provider, and routes can match it as well",
}


def refused(reason: Reason, path: str, why: str) -> Failure:
    """Build the failure of a message that is refused before a request is built."""
    return Failure(reason=reason, retry=Retry.NEVER, path=path, detail=why)


def check_message(
    message: Message,
    channel: Channel | None,
    capabilities: Capabilities,
    *,
    account: str,
    uploads: bool,
) -> Failure | None:
    """Check a message against a provider's capabilities.

    Args:
        message: The message.
        channel: The channel it is sent on; `None` if neither message nor account names one.
        capabilities: The provider's capabilities.
        account: The account's name, which stored media must belong to.
        uploads: Whether the account can upload files; if so, a failure may advise it.

    Returns:
        The failure for the first field that the provider cannot express; `None` if there is none.
    """
    if channel is None:
        return refused(
            Reason.UNSUPPORTED, "channel", f"name a channel: {_list(capabilities.channels)}"
        )
    supported = capabilities.channels.get(channel)
    if supported is None:
        return refused(
            Reason.UNSUPPORTED,
            "channel",
            f"is {channel.value}; this provider carries {_list(capabilities.channels)}",
        )
    kind = _recipient_kind(message)
    if kind not in supported.recipients:
        return refused(
            Reason.INVALID_RECIPIENT,
            "to",
            f"{channel.value} is addressed by {_list(supported.recipients)}, not by {kind}",
        )
    if any(supported.read_unsupported(message)):
        given = zip(supported.unsupported, supported.read_unsupported(message), strict=False)
        field = next(field for field, value in given if value)
        what_to_do = _INSTEAD.get(field, "leave it out")
        return refused(
            Reason.UNSUPPORTED,
            field,
            f"cannot be expressed on {channel.value} by this provider; {what_to_do}",
        )
    for index, leg in enumerate(message.fallback):
        if leg.account is not None and leg.account != account:
            return refused(
                Reason.UNSUPPORTED,
                f"fallback[{index}].account",
                f"is {leg.account!r}: a provider carries only legs of the message's own account; to"
                " run this leg, use a client that has both accounts",
            )
    return check_content(message.content, channel, supported, account=account, uploads=uploads)


def check_content(
    content: Content,
    channel: Channel,
    supported: ChannelCapabilities,
    *,
    account: str,
    uploads: bool,
    path: str = "content",
) -> Failure | None:
    """Check content against a provider's capabilities on one channel; also used for legs."""
    if content.kind not in supported.content:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            path,
            f"is {content.kind}; on {channel.value} this provider carries"
            f" {_list(supported.content)}",
        )
    if isinstance(content, Text):
        if supported.text_limit is not None and len(content.text) > supported.text_limit:
            return refused(
                Reason.CONTENT_TOO_LARGE,
                f"{path}.text",
                f"has {len(content.text)} characters; {channel.value} takes {supported.text_limit}",
            )
        return None
    for source_path, source in sources_of(content, path):
        failure = _check_source(source, source_path, supported, channel, account, uploads=uploads)
        if failure is not None:
            return failure
    if isinstance(content, Media):
        for index, item in enumerate(content.items):
            failure = _check_item(item, f"{path}.items[{index}]", supported, channel)
            if failure is not None:
                return failure
    for action_path, action in actions_of(content, path):
        if action.kind not in supported.actions:
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                action_path,
                f"is {action.kind}; on {channel.value} this provider carries"
                f" {_list(supported.actions) or 'no actions'}",
            )
    return None


def check_options(
    value: Text | Media | MediaItem | Template | Email, path: str, carried: Container[str]
) -> Failure | None:
    """Return the failure for the first option that is set but not supported.

    Args:
        value: The content or media item whose options are checked.
        path: The path to it.
        carried: The options that the provider can express here.
    """
    for option in _CONTENT_OPTIONS[type(value)]:
        if option not in carried and getattr(value, option) not in (None, (), EMPTY):
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                f"{path}.{option}",
                "cannot be expressed here by this provider; leave it out",
            )
    return None


def sources_of(content: Content, path: str = "content") -> Iterator[tuple[str, Source]]:
    """Yield every media source in some content, with its path."""
    for item_path, item in items_of(content, path):
        yield f"{item_path}.source", item.source
    if isinstance(content, Email):
        for index, each in enumerate(content.attachments):
            yield f"{path}.attachments[{index}].source", each.source


def items_of(content: Content, path: str = "content") -> Iterator[tuple[str, MediaItem]]:
    """Yield every media item in some content, with its path."""
    if isinstance(content, Media):
        for index, item in enumerate(content.items):
            yield f"{path}.items[{index}]", item
    elif isinstance(content, Interactive):
        if isinstance(content.header, MediaItem):
            yield f"{path}.header", content.header
    elif isinstance(content, Template):
        if isinstance(content.header, MediaParameter):
            yield f"{path}.header.item", content.header.item
        for index, parameter in enumerate(content.body):
            if isinstance(parameter, MediaParameter):
                yield f"{path}.body[{index}].item", parameter.item
    elif isinstance(content, Card):
        if content.media is not None:
            yield f"{path}.media", content.media
    elif isinstance(content, Carousel):
        for index, card in enumerate(content.cards):
            yield from items_of(card, f"{path}.cards[{index}]")
    elif isinstance(content, Section):
        for index, part in enumerate(content.items):
            yield from items_of(part, f"{path}.items[{index}]")


def actions_of(content: Content, path: str = "content") -> Iterator[tuple[str, Action]]:
    """Yield every action in some content, with its path."""
    for field in ("actions", "suggestions"):
        for index, action in enumerate(getattr(content, field, ())):
            yield f"{path}.{field}[{index}]", action
    if isinstance(content, Carousel):
        for index, card in enumerate(content.cards):
            yield from actions_of(card, f"{path}.cards[{index}]")
    elif isinstance(content, Section):
        for index, part in enumerate(content.items):
            yield from actions_of(part, f"{path}.items[{index}]")


def _check_source(
    source: Source,
    path: str,
    supported: ChannelCapabilities,
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
    if isinstance(source, Inline) and not source.data:
        return refused(Reason.MEDIA_INVALID, path, "holds no bytes")
    if source.kind in supported.sources:
        if isinstance(source, Inline) and supported.inline_max_bytes is not None:
            size = len(source.data)
            if size > supported.inline_max_bytes:
                return refused(
                    Reason.MEDIA_TOO_LARGE,
                    path,
                    f"has {format_bytes(size)}; {format_bytes(supported.inline_max_bytes)} fit into"
                    " a message" + (", upload it with client.upload instead" if uploads else ""),
                )
        return None
    if isinstance(source, Inline) and uploads and "stored" in supported.sources:
        return refused(
            Reason.MEDIA_NEEDS_UPLOAD,
            path,
            "holds bytes, which this provider does not take in a message: call client.upload and"
            " send what it returns",
        )
    return refused(
        Reason.UNSUPPORTED_CONTENT,
        path,
        f"is {_SOURCES[source.kind]}; on {channel.value} this provider takes"
        f" {_list(_SOURCES.get(each, each) for each in supported.sources) or 'no media'}"
        + ("; client.upload stores one" if uploads and "stored" in supported.sources else ""),
    )


def _check_item(
    item: MediaItem, path: str, supported: ChannelCapabilities, channel: Channel
) -> Failure | None:
    limit = supported.media.get(item.kind)
    if limit is None:
        return refused(
            Reason.UNSUPPORTED_CONTENT,
            f"{path}.kind",
            f"is {item.kind.value}; on {channel.value} this provider carries"
            f" {_list(each.value for each in supported.media)}",
        )
    if item.content_type is not None and limit.types:
        media_type = item.content_type.partition(";")[0].strip().lower()
        if media_type not in limit.types:
            return refused(
                Reason.MEDIA_INVALID,
                f"{path}.content_type",
                f"is {media_type}; as {item.kind.value} this provider takes {_list(limit.types)}",
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
    to = message.to
    if isinstance(to, ProviderContact):
        return "contact"
    return "email" if is_mailbox(to) else "phone"


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
