"""The capabilities of Bird's Channels API, as far as this adapter uses them.

Sources: the Messaging page of the Channels API reference (bodies, 200 KB a request), Sending
WhatsApp messages (which bodies WhatsApp shows), the rate limit page (500 POST and 50 GET requests
per second and workspace), Send batch messages (100 a batch), Create pre-signed upload of the
Conversations API (100 MiB a file; the Channels API names no limit of its own).
"""

from __future__ import annotations

import attrs

from omnimsg.adapter import Capabilities, ChannelCapabilities, MediaLimit
from omnimsg.adapter.whatsapp_rules import MAX_TEXT
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
_PLAIN = frozenset({"text", "media", "template"})

CAPABILITIES = Capabilities(
    channels={
        Channel.SMS: ChannelCapabilities(
            content=_PLAIN,
            recipients=frozenset({"phone", "contact"}),
            fields=_FIELDS,
            media=_MEDIA,
            sources=frozenset({"link", "stored"}),
        ),
        # The schema allows every body on every channel; these are supported on WhatsApp only.
        Channel.WHATSAPP: ChannelCapabilities(
            content=_PLAIN | {"carousel", "interactive", "list", "location", "otp", "section"},
            recipients=frozenset({"phone", "contact"}),
            fields=_FIELDS | {"reply_to"},
            text_limit=MAX_TEXT,
            media=_MEDIA | {MediaKind.STICKER: _ANY},
            sources=frozenset({"link", "stored"}),
            actions=frozenset({"buy", "open_url", "reply", "request_location"}),
        ),
        Channel.EMAIL: ChannelCapabilities(
            content=frozenset({"email", "template"}),
            recipients=frozenset({"email", "contact"}),
            # Only e-mail has a documented sender for each message.
            fields=_FIELDS | {"sender"},
            sources=frozenset({"inline", "link", "stored"}),
        ),
    },
    default_channel=Channel.SMS,
    # "200 KB" may mean 204,800 bytes; the smaller value is safe in both cases.
    max_bytes=200_000,
    max_upload_bytes=100 * 1024 * 1024,
    requests_per_second=500,
    # That of GET requests. An upload is a POST, but there are never so many.
    operations_per_second=50,
    carries_reference=True,
)

BATCHING = attrs.evolve(CAPABILITIES, max_messages=100)
"""The capabilities of an account that sends batches."""
