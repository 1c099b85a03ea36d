"""The capabilities of the One API: content, fields and limits of each channel.

Sources: the One API's OpenAPI document (fields, batch, inline and upload limits) and the page
"Supported content types and limitations" at help.clickatell.com (media types and sizes).
"""

from __future__ import annotations

from omnimsg.adapter import Capabilities, ChannelCapabilities, MediaLimit
from omnimsg.adapter.whatsapp_rules import MAX_TEXT
from omnimsg.domain.channel import Channel
from omnimsg.domain.media import MediaKind

# The documents do not say whether a megabyte is 10**6 or 2**20 bytes. A limit that refuses files
# has the larger value, so that no file is refused here that the provider would accept; the limit
# that splits requests has the smaller one, because splitting costs nothing.
_MB = 2**20

MAX_MESSAGES = 100
MAX_REQUEST_BYTES = 20 * 10**6
MAX_INLINE_BYTES = 1 * _MB
MAX_UPLOAD_BYTES = 30 * _MB
MEDIA_DAYS = 30
"""How long a stored file can be used, in days (OpenAPI document, `POST /v1/media`)."""

# The smallest of several limits applies: WhatsApp accepts documents of 100 MB, but an upload has at
# most 30 MB. Two copies of the page disagree on video (5 and 16 MB); the larger value is used.
# `audio/acc` and `image/jpg` are the vendor's spellings; the registered names are allowed too. Ogg
# is listed with its codec, which `rules` requires: this table has no parameters.
MEDIA: dict[MediaKind, MediaLimit] = {
    MediaKind.AUDIO: MediaLimit(
        types=frozenset(
            {"audio/aac", "audio/acc", "audio/amr", "audio/mp4", "audio/mpeg", "audio/ogg"}
        ),
        max_bytes=16 * _MB,
    ),
    MediaKind.DOCUMENT: MediaLimit(
        types=frozenset(
            {
                "application/msword",
                "application/pdf",
                "application/vnd.ms-excel",
                "application/vnd.ms-powerpoint",
                "text/plain",
            }
        ),
        max_bytes=MAX_UPLOAD_BYTES,
    ),
    MediaKind.IMAGE: MediaLimit(
        types=frozenset({"image/jpeg", "image/jpg", "image/png"}), max_bytes=5 * _MB
    ),
    MediaKind.VIDEO: MediaLimit(types=frozenset({"video/3gpp", "video/mp4"}), max_bytes=16 * _MB),
}

TEMPLATE_HEADER_TYPES: dict[MediaKind, frozenset[str]] = {
    MediaKind.DOCUMENT: frozenset({"application/pdf"}),
    MediaKind.IMAGE: MEDIA[MediaKind.IMAGE].types,
    MediaKind.VIDEO: MEDIA[MediaKind.VIDEO].types,
}
"""Media types allowed in a template's header, by kind; audio is not allowed."""

INTERACTIVE_HEADER_TYPES: dict[MediaKind, frozenset[str]] = {
    kind: MEDIA[kind].types for kind in TEMPLATE_HEADER_TYPES
}
"""Media types allowed in the header above buttons: the same kinds, with all types of a message."""

CAPABILITIES = Capabilities(
    channels={
        Channel.SMS: ChannelCapabilities(
            content=frozenset({"binary", "text"}),
            fields=frozenset({"encryption", "send_at", "sender", "ttl"}),
        ),
        Channel.WHATSAPP: ChannelCapabilities(
            content=frozenset(
                {"contacts", "interactive", "list", "location", "media", "template", "text"}
            ),
            fields=frozenset({"encryption", "send_at", "ttl"}),
            text_limit=MAX_TEXT,
            media=MEDIA,
            sources=frozenset({"inline", "stored"}),
            inline_max_bytes=MAX_INLINE_BYTES,
            actions=frozenset({"open_url", "reply", "request_location"}),
        ),
    },
    default_channel=Channel.SMS,
    max_messages=MAX_MESSAGES,
    ttl_step=60,
    max_bytes=MAX_REQUEST_BYTES,
    max_upload_bytes=MAX_UPLOAD_BYTES,
    carries_reference=True,
)
