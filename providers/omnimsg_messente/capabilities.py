"""What Messente's Omnichannel API can do, as far as this adapter carries it.

Sources: the Omnichannel API reference and its OpenAPI document (channels, content, combinations),
the bulk messaging page (1000 messages a call), the API setup page (150 requests per second per IP).
"""

from __future__ import annotations

from omnimsg.adapter import Capabilities, ChannelCapabilities, MediaLimit
from omnimsg.domain.channel import Channel
from omnimsg.domain.media import MediaKind

_FIELDS = frozenset({"sender", "send_at", "ttl", "callback_url", "fallback"})
_LINK = frozenset({"link"})
_ANY = MediaLimit()

CAPABILITIES = Capabilities(
    channels={
        Channel.SMS: ChannelCapabilities(content=frozenset({"text"}), fields=_FIELDS),
        Channel.VIBER: ChannelCapabilities(
            content=frozenset({"text", "media"}),
            fields=_FIELDS,
            text_limit=1000,
            media={
                MediaKind.IMAGE: _ANY,
                # The reference says 200MB; the smaller reading can do no harm.
                MediaKind.VIDEO: MediaLimit(max_bytes=200_000_000),
            },
            sources=_LINK,
        ),
        Channel.WHATSAPP: ChannelCapabilities(
            content=frozenset({"text", "media", "template"}),
            fields=_FIELDS,
            media={
                MediaKind.IMAGE: _ANY,
                MediaKind.VIDEO: _ANY,
                MediaKind.AUDIO: _ANY,
                MediaKind.DOCUMENT: _ANY,
                MediaKind.STICKER: _ANY,
            },
            sources=_LINK,
        ),
        Channel.RCS: ChannelCapabilities(
            content=frozenset({"text", "media"}),
            fields=_FIELDS,
            text_limit=3072,
            media={
                MediaKind.IMAGE: _ANY,
                MediaKind.VIDEO: _ANY,
                MediaKind.AUDIO: _ANY,
                MediaKind.DOCUMENT: _ANY,
                MediaKind.GIF: _ANY,
            },
            sources=_LINK,
        ),
    },
    default_channel=Channel.SMS,
    max_messages=1000,
    requests_per_second=150,
)
