"""Images, videos, audio, documents and stickers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.media import (
    Inline,
    Link,
    MediaKind,
    Source,
    Stored,
    mime,
    sha256,
    to_media_kind,
)
from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    from collections.abc import Sequence


@attrs.frozen
class MediaItem:
    """One image, video, audio file, document or sticker.

    Attributes:
        kind: How it is presented.
        source: The bytes, or a link or stored file.
        content_type: The media type; required if the source is `Inline`.
        file_name: The file name that a recipient may see.
        alt_text: The text for a screen reader.
        sha256: SHA-256 digest of the unencrypted file, for providers that check it.
        thumbnail_url: The URL of a preview image (Viber, RCS).
        duration: Seconds (Viber's video).
        size: Bytes (Viber's video).
        animated: Whether a sticker is animated.
        refresh: Whether the provider fetches the URL again instead of using its cache (RCS).
    """

    kind: MediaKind = attrs.field(
        converter=to_media_kind, validator=validate.enum_member(MediaKind)
    )
    source: Source = attrs.field(validator=validate.instance_of((Inline, Link, Stored)))
    content_type: str | None = attrs.field(default=None, kw_only=True, validator=optional(mime))
    file_name: str | None = attrs.field(
        default=None,
        kw_only=True,
        validator=optional(validate.text(max_length=255, single_line=True)),
    )
    alt_text: str | None = attrs.field(
        default=None, kw_only=True, repr=hidden, validator=optional(validate.text())
    )
    sha256: str | None = attrs.field(default=None, kw_only=True, validator=optional(sha256))
    thumbnail_url: str | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.url)
    )
    duration: int | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.integer(minimum=0))
    )
    size: int | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.integer(minimum=0))
    )
    animated: bool | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.instance_of(bool))
    )
    refresh: bool | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.instance_of(bool))
    )

    def __attrs_post_init__(self) -> None:
        """Require a media type for inline bytes, which have no URL to infer it from."""
        if isinstance(self.source, Inline) and self.content_type is None:
            raise validate.refuse(self, "content_type", "is needed with inline bytes")


def _to_items(value: Sequence[MediaItem]) -> tuple[MediaItem, ...]:
    return validate.to_tuple(value)


@attrs.frozen
class Media:
    """One or several media items with a caption.

    Attributes:
        items: The media; at least one. Most channels accept exactly one.
        caption: The text shown with it. Audio has no caption on WhatsApp.
    """

    kind: ClassVar[str] = "media"

    items: tuple[MediaItem, ...] = attrs.field(
        converter=_to_items, validator=validate.tuple_of(MediaItem, min_length=1)
    )
    caption: str | None = attrs.field(
        default=None, repr=hidden, validator=optional(validate.text())
    )

    @classmethod
    def link(
        cls,
        kind: MediaKind | str,
        url: str,
        *,
        caption: str | None = None,
        content_type: str | None = None,
        file_name: str | None = None,
    ) -> Media:
        """Build the common case: one item at a URL."""
        item = MediaItem(kind, Link(url), content_type=content_type, file_name=file_name)
        return cls((item,), caption)
