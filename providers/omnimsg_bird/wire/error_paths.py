"""Map a member that an error names to the path of a field in our message.

Bird names members by dotted paths with a leading dot: `.receiver.contacts[0].identifierValue`.
"""

from __future__ import annotations

import re

from omnimsg.domain.reason import Reason

# The first pattern that matches the beginning decides. `\1` is the same index in our message.
_FIELDS: tuple[tuple[re.Pattern[str], str, Reason], ...] = tuple(
    (re.compile(pattern), path, reason)
    for pattern, path, reason in (
        (r"\.receiver\.contacts\[0\]\.identifier(?:Key|Value)", "to", Reason.INVALID_RECIPIENT),
        (r"\.receiver\.contacts\[[1-9]", "content", Reason.INVALID_CONTENT),
        (r"\.receiver", "to", Reason.INVALID_MESSAGE),
        (r"\.body\.text\.text", "content.text", Reason.INVALID_CONTENT),
        (r"\.body\.html\.(html|text)", r"content.\1", Reason.INVALID_CONTENT),
        (r"\.body\.\w+\.metadata\.subject", "content.subject", Reason.INVALID_CONTENT),
        (r"\.body\.(?:image|gif|file)\.text", "content.caption", Reason.INVALID_CONTENT),
        (
            r"\.body\.(?:image\.images|file\.files)\[(\d+)\]\.mediaUrl",
            r"content.items[\1].source",
            Reason.MEDIA_INVALID,
        ),
        (
            r"\.body\.file\.files\[(\d+)\]\.contentType",
            r"content.items[\1].content_type",
            Reason.MEDIA_INVALID,
        ),
        (r"\.body\.gif\.mediaUrl", "content.items[0].source", Reason.MEDIA_INVALID),
        (r"\.body", "content", Reason.INVALID_CONTENT),
        (r"\.template\.projectId", "content.name", Reason.TEMPLATE_INVALID),
        (r"\.template\.version", "content.version", Reason.TEMPLATE_INVALID),
        (r"\.template\.locale", "content.language", Reason.TEMPLATE_INVALID),
        (r"\.template\.parameters", "content.body", Reason.TEMPLATE_INVALID),
        (r"\.template", "content", Reason.TEMPLATE_INVALID),
        (r"\.sender", "sender", Reason.INVALID_SENDER),
        (r"\.reference", "reference", Reason.INVALID_MESSAGE),
        (r"\.tags\[(\d+)\]", r"tags[\1]", Reason.INVALID_MESSAGE),
        (r"\.tags", "tags", Reason.INVALID_MESSAGE),
        (r"\.scheduledFor", "send_at", Reason.INVALID_MESSAGE),
        (r"\.validity", "ttl", Reason.INVALID_MESSAGE),
        (r"\.replyTo", "reply_to", Reason.INVALID_MESSAGE),
        (r"\.notification", "callback_url", Reason.INVALID_MESSAGE),
    )
)


OF_INTERACTIVE = {
    "content.text": "content.body",
    "content.caption": "content.body",
    "content.items[0].source": "content.header.source",
    "content.items[0].content_type": "content.header.content_type",
}
"""The fields of `Interactive`, which is sent as a text, an image or a file with actions."""


def field_and_reason(key: str) -> tuple[str | None, Reason | None]:
    """Return the path of our field and the reason of the failure; `None` for both if unknown."""
    for pattern, path, reason in _FIELDS:
        match = pattern.match(key)
        if match is not None:
            return match.expand(path), reason
    return None, None
