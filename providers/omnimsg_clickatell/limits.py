"""How long the texts of interactive content may be, and which of our fields the API lacks.

Source: the One API's OpenAPI document, whose `maximum` on text means characters. Where it only
says that something "does not allow markdown" or "does not support emojis", that is refused here, so
that the sender learns of it and not the recipient.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import refused
from omnimsg.domain.content import (
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    MediaItem,
    OpenUrl,
    Reply,
    RequestLocation,
    Text,
)
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.domain.failure import Failure

# Bold, italic, struck out and code as WhatsApp writes them; only a block of code spans lines.
_MARKDOWN = re.compile(r"```.+?```|`[^`\n]+`|(?<!\w)([*_~])(?=\S)[^\n]+?(?<=\S)\1(?!\w)", re.DOTALL)


@attrs.frozen
class Limit:
    """What one text may be.

    Attributes:
        field: Its name in our model.
        most: The most characters.
        markdown: Whether it may be formatted.
        emoji: Whether it may hold pictures.
    """

    field: str
    most: int
    markdown: bool = attrs.field(default=True, kw_only=True)
    emoji: bool = attrs.field(default=True, kw_only=True)


LIMITS: dict[type, tuple[Limit, ...]] = {
    Interactive: (
        Limit("header", 60, markdown=False),
        Limit("body", 1024),
        Limit("footer", 60),
    ),
    ListItem: (
        Limit("title", 24, markdown=False),
        Limit("description", 72, markdown=False),
        Limit("payload", 200, markdown=False, emoji=False),
    ),
    ListPicker: (
        Limit("header", 60, markdown=False),
        Limit("body", 1024),
        Limit("button", 20, markdown=False),
        Limit("footer", 60),
    ),
    ListSection: (Limit("title", 24, markdown=False),),
    OpenUrl: (Limit("text", 20), Limit("url", 2000)),
    Reply: (Limit("text", 20, markdown=False), Limit("payload", 256)),
}
"""The texts of interactive content (OpenAPI document)."""

MISSING: dict[type, tuple[str, ...]] = {
    MediaItem: ("alt_text", "refresh", "thumbnail_url"),
    OpenUrl: ("application", "description", "fallback_url", "payload", "view"),
    Reply: ("description", "image_url"),
    RequestLocation: ("fallback_url", "payload", "text"),
    Text: ("autoconvert",),
}
"""The wishes that the API has no member for; facts about a file may go unsaid."""


def shape(value: object, path: str) -> Iterator[Failure]:
    """Find what the tables deny of one value: fields, lengths, markdown and emoji."""
    for field in MISSING.get(value.__class__, ()):
        if getattr(value, field) is not None:
            yield lacks(f"{path}.{field}")
    for limit in LIMITS.get(value.__class__, ()):
        text = getattr(value, limit.field)
        if not isinstance(text, str):
            continue
        where = f"{path}.{limit.field}"
        if len(text) > limit.most:
            yield too_long(where, text, limit.most)
        if not limit.markdown and _MARKDOWN.search(text):
            yield refused(Reason.INVALID_CONTENT, where, "must not be formatted with markdown")
        if not limit.emoji and any(unicodedata.category(each) == "So" for each in text):
            yield refused(Reason.INVALID_CONTENT, where, "must not hold emoji")


def lacks(path: str) -> Failure:
    """Refuse a field that the API has no member for."""
    return refused(Reason.UNSUPPORTED, path, "has no counterpart at Clickatell; leave it out")


def too_long(path: str, text: str, most: int) -> Failure:
    """Refuse a text for its length."""
    """Refuse a text for its length."""
    return refused(
        Reason.CONTENT_TOO_LARGE, path, f"has {len(text)} characters; {most} are allowed"
    )
