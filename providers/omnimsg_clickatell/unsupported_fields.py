"""The model's fields that the One API has no member for, apart from WhatsApp's own limits.

Source: the One API's OpenAPI document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import refused
from omnimsg.domain.content import MediaItem, MediaParameter, OpenUrl, Reply, RequestLocation, Text
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.domain.failure import Failure

UNSUPPORTED_FIELDS: dict[type, tuple[str, ...]] = {
    MediaItem: ("alt_text", "refresh", "thumbnail_url"),
    MediaParameter: ("caption",),
    OpenUrl: ("application", "description", "fallback_url", "payload", "view"),
    Reply: ("description", "image_url"),
    RequestLocation: ("fallback_url", "payload", "text"),
    Text: ("autoconvert",),
}
"""Fields that the API has no member for, except facts about a file, such as its size."""


def check_fields(value: object, path: str) -> Iterator[Failure]:
    """Refuse fields that the API has no member for."""
    for field in UNSUPPORTED_FIELDS.get(value.__class__, ()):
        if getattr(value, field) is not None:
            yield unsupported_field(f"{path}.{field}")


def unsupported_field(path: str) -> Failure:
    """Refuse a field that the API has no member for."""
    return refused(Reason.UNSUPPORTED, path, "has no counterpart at Clickatell; leave it out")
