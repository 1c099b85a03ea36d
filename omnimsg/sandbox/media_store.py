"""Uploaded files, bounded by bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Media:
    """A stored file; ``expires`` is epoch seconds, ``extra`` what the provider keeps with it."""

    id: str
    data: bytes = attrs.field(repr=False)
    content_type: str
    name: str | None = None
    expires: float | None = None
    extra: dict[str, Any] = attrs.field(factory=dict)


class MediaStore:
    """The files of one emulator by id; the oldest go first, the newest always stays."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._files: OrderedDict[str, Media] = OrderedDict()

    def add(self, media: Media) -> None:
        """Store a file under its id."""
        self._files[media.id] = media
        self._held += len(media.data)
        while self._held > self._most and len(self._files) > 1:
            _, oldest = self._files.popitem(last=False)
            self._held -= len(oldest.data)

    def get(self, media_id: str, now: float) -> Media | None:
        """Return a file that is known and has not expired at ``now``."""
        media = self._files.get(media_id)
        if media is None or (media.expires is not None and media.expires <= now):
            return None
        return media

    def clear(self) -> None:
        """Forget everything."""
        self._files.clear()
        self._held = 0
