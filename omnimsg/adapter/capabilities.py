"""A provider's capabilities as data: the engine reads them, `omnimsg providers` shows them.

Where the user sets a limit too, the stricter of the two applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.media import MediaKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.message import Message

OPTIONAL_FIELDS = (
    "sender",
    "send_at",
    "ttl",
    "tags",
    "callback_url",
    "reply_to",
    "fallback",
    "encryption",
)
"""The fields of a message that not every provider can express, as `fields` names them."""


@attrs.frozen(kw_only=True)
class MediaLimit:
    """The limits of one kind of media on one channel.

    Attributes:
        types: Allowed media types, without parameters; empty where the provider names none.
        max_bytes: The largest size in bytes; `None` where the provider names none.
    """

    types: frozenset[str] = frozenset()
    max_bytes: int | None = None


@attrs.frozen(kw_only=True)
class ChannelCapabilities:
    """What a provider can send on one channel.

    Attributes:
        content: The kinds of content, by their JSON tag.
        recipients: How a recipient may be written: `phone`, `email`, `contact`.
        fields: The optional fields of a message that the provider can express: of `sender`,
            `send_at`, `ttl`, `tags`, `callback_url`, `reply_to`, `fallback` and `encryption`.
        text_limit: The most characters of a text; `None` where the provider names no limit.
        media: The kinds of media, with their limits.
        sources: Where media may come from: `inline`, `link`, `stored`.
        inline_max_bytes: The most bytes of media inside a message.
        actions: The kinds of buttons, by JSON tag.
    """

    content: frozenset[str]
    recipients: frozenset[str] = frozenset({"phone"})
    fields: frozenset[str] = frozenset()
    text_limit: int | None = None
    media: Mapping[MediaKind, MediaLimit] = attrs.field(factory=dict)
    sources: frozenset[str] = frozenset()
    inline_max_bytes: int | None = None
    actions: frozenset[str] = frozenset()

    @cached_property
    def unsupported(self) -> tuple[str, ...]:
        """The optional fields of a message that the provider cannot express."""
        return tuple(each for each in OPTIONAL_FIELDS if each not in self.fields)

    @cached_property
    def read_unsupported(self) -> Callable[[Message], tuple[Any, ...]]:
        """A function that reads the `unsupported` fields of a message.

        It is built once, because a loop over the names costs more than all other checks together.
        """
        names = self.unsupported
        # `attrgetter` needs a name, and returns no tuple for only one, so the first is repeated.
        return attrgetter(*names, *names[:1]) if names else _read_nothing


@attrs.frozen(kw_only=True)
class Capabilities:
    """What one provider can do.

    Attributes:
        channels: What can be sent on each channel.
        default_channel: The channel of a message that names none, on an account that names none.
        max_messages: The most messages in one request.
        max_bytes: The most bytes of one request; `None` where the provider does not say.
        max_upload_bytes: The largest file that can be uploaded.
        requests_per_second: The provider's documented rate; `None` where there is none.
        operations_per_second: The provider's documented rate of everything but sends, where it is
            a lower one, such as that of its GET requests; `None` where there is no other rate.
        carries_reference: Whether reports quote the message's reference.
        ttl_step: The provider's unit for a ttl, in seconds, of which it takes a whole number: 60
            if it counts in minutes.
    """

    channels: Mapping[Channel, ChannelCapabilities]
    default_channel: Channel | None = None
    max_messages: int = 1
    max_bytes: int | None = None
    max_upload_bytes: int | None = None
    requests_per_second: float | None = None
    operations_per_second: float | None = None
    carries_reference: bool = False
    ttl_step: int = 1


def _read_nothing(_: Message) -> tuple[Any, ...]:
    return ()
