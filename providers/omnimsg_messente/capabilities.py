"""The capabilities of Messente's Omnichannel API: content, fields and limits of each channel.

Sources: the Omnichannel API reference and its OpenAPI document (channels, content, combinations),
the bulk messaging page (1000 messages a call), the API setup page (150 requests per second per IP).
"""

from __future__ import annotations

from omnimsg.adapter import Capabilities, ChannelCapabilities, MediaLimit
from omnimsg.adapter.whatsapp_rules import MAX_TEXT
from omnimsg.domain.channel import Channel
from omnimsg.domain.media import MediaKind
from omnimsg_messente.rules import rcs, viber, whatsapp

_FIELDS = frozenset({"sender", "send_at", "ttl", "callback_url", "fallback"})
_LINK = frozenset({"link"})
_ANY = MediaLimit()

CAPABILITIES = Capabilities(
    channels={
        Channel.SMS: ChannelCapabilities(content=frozenset({"text"}), fields=_FIELDS),
        Channel.VIBER: ChannelCapabilities(
            content=frozenset({"text", "media", "interactive", "carousel", "template"}),
            fields=_FIELDS,
            text_limit=viber.MAX_TEXT,
            media={
                MediaKind.IMAGE: _ANY,
                MediaKind.VIDEO: MediaLimit(max_bytes=viber.MAX_VIDEO_BYTES),
            },
            sources=_LINK,
            actions=frozenset({"open_url", "open_media"}),
        ),
        Channel.WHATSAPP: ChannelCapabilities(
            content=frozenset({"text", "media", "template"}),
            fields=_FIELDS,
            text_limit=MAX_TEXT,
            media=dict.fromkeys(whatsapp.OPTIONS, _ANY),
            sources=frozenset({"link", "stored"}),
        ),
        Channel.RCS: ChannelCapabilities(
            content=frozenset({"text", "media", "interactive", "card", "carousel"}),
            fields=_FIELDS,
            text_limit=rcs.MAX_TEXT,
            media=dict.fromkeys(rcs.MEDIA_KINDS, _ANY),
            sources=_LINK,
            actions=frozenset(
                {"reply", "open_url", "dial", "show_location", "request_location", "create_event"}
            ),
        ),
    },
    default_channel=Channel.SMS,
    max_messages=1000,
    requests_per_second=150,
)
