"""Limits of the texts in interactive content, and our fields that the API does not have.

Source: the One API's OpenAPI document, whose `maximum` on text means characters. Text that "does
not allow markdown" or "does not support emojis" is refused here, so that the sender learns of it
and not the recipient.
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

# Bold, italic, strikethrough and code as WhatsApp writes them; only a code block spans lines.
_MARKDOWN = re.compile(r"```.+?```|`[^`\n]+`|(?<!\w)([*_~])(?=\S)[^\n]+?(?<=\S)\1(?!\w)", re.DOTALL)


@attrs.frozen
class Limit:
    """The limits of one text field.

    Attributes:
        field: The field's name in our model.
        max_length: Characters.
        markdown: Whether markdown is allowed.
        emoji: Whether emoji are allowed.
    """

    field: str
    max_length: int
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
"""Limits of the texts of interactive content (OpenAPI document)."""

UNSUPPORTED_FIELDS: dict[type, tuple[str, ...]] = {
    MediaItem: ("alt_text", "refresh", "thumbnail_url"),
    OpenUrl: ("application", "description", "fallback_url", "payload", "view"),
    Reply: ("description", "image_url"),
    RequestLocation: ("fallback_url", "payload", "text"),
    Text: ("autoconvert",),
}
"""Fields that the API has no member for, except mere facts about a file, such as its size."""


def check_limits(value: object, path: str) -> Iterator[Failure]:
    """Refuse unsupported fields, long texts, and markdown and emoji where they are not allowed."""
    for field in UNSUPPORTED_FIELDS.get(value.__class__, ()):
        if getattr(value, field) is not None:
            yield unsupported_field(f"{path}.{field}")
    for limit in LIMITS.get(value.__class__, ()):
        text = getattr(value, limit.field)
        if not isinstance(text, str):
            continue
        text_path = f"{path}.{limit.field}"
        if len(text) > limit.max_length:
            yield too_long(text_path, text, limit.max_length)
        if not limit.markdown and _MARKDOWN.search(text):
            yield refused(Reason.INVALID_CONTENT, text_path, "must not be formatted with markdown")
        if not limit.emoji and any(unicodedata.category(char) == "So" for char in text):
            yield refused(Reason.INVALID_CONTENT, text_path, "must not hold emoji")


def unsupported_field(path: str) -> Failure:
    """Refuse a field that the API has no member for."""
    return refused(Reason.UNSUPPORTED, path, "has no counterpart at Clickatell; leave it out")


def too_long(path: str, text: str, max_length: int) -> Failure:
    """Refuse a text that is longer than `max_length` characters."""
    """Refuse a text for its length."""
    return refused(
        Reason.CONTENT_TOO_LARGE, path, f"has {len(text)} characters; {max_length} are allowed"
    )
