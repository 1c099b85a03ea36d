"""What Bird's Channels API can do, as far as this adapter carries it.

Sources: the Messaging page of the Channels API reference (bodies, 200 KB a request), the rate
limit page (500 POST requests per second and workspace).
"""

from __future__ import annotations

from omnimsg.adapter import Capabilities, ChannelCapabilities, MediaLimit
from omnimsg.domain.channel import Channel
from omnimsg.domain.media import MediaKind

_FIELDS = frozenset({"send_at", "ttl", "tags", "callback_url"})
_ANY = MediaLimit()
_MEDIA = {
    MediaKind.IMAGE: _ANY,
    MediaKind.VIDEO: _ANY,
    MediaKind.AUDIO: _ANY,
    MediaKind.DOCUMENT: _ANY,
    MediaKind.GIF: _ANY,
}

CAPABILITIES = Capabilities(
    channels={
        Channel.SMS: ChannelCapabilities(
            content=frozenset({"text", "media", "template"}),
            recipients=frozenset({"phone", "contact"}),
            fields=_FIELDS,
            media=_MEDIA,
            sources=frozenset({"link", "stored"}),
        ),
        Channel.WHATSAPP: ChannelCapabilities(
            content=frozenset({"text", "media", "template"}),
            recipients=frozenset({"phone", "contact"}),
            fields=_FIELDS,
            media=_MEDIA | {MediaKind.STICKER: _ANY},
            sources=frozenset({"link", "stored"}),
        ),
        Channel.EMAIL: ChannelCapabilities(
            content=frozenset({"email", "template"}),
            recipients=frozenset({"email", "contact"}),
            # Only e-mail documents a sender of the message's own.
            fields=_FIELDS | {"sender"},
        ),
    },
    # "200 KB" may mean 204,800 bytes; the smaller reading is safe under both.
    max_bytes=200_000,
    requests_per_second=500,
    carries_reference=True,
)
