"""Uploaded files, limited by their total size in bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Media:
    """A stored file.

    Attributes:
        expires: Epoch seconds from which on the file cannot be found; None for never.
        extra: Further data that the emulator stores with the file.
    """

    id: str
    data: bytes = attrs.field(repr=False)
    content_type: str
    name: str | None = None
    expires: float | None = None
    extra: dict[str, Any] = attrs.field(factory=dict)


class MediaStore:
    """The files of one emulator by id; the oldest are dropped first, the newest is always kept."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._stored_bytes = 0
        self._files: OrderedDict[str, Media] = OrderedDict()

    def add(self, media: Media) -> None:
        """Store a file under its id; replaces a file with the same id."""
        replaced = self._files.pop(media.id, None)
        self._stored_bytes -= 0 if replaced is None else len(replaced.data)
        self._files[media.id] = media
        self._stored_bytes += len(media.data)
        while self._stored_bytes > self._max_bytes and len(self._files) > 1:
            _, oldest = self._files.popitem(last=False)
            self._stored_bytes -= len(oldest.data)

    def get(self, media_id: str, now: float) -> Media | None:
        """Return a file, None if it is unknown or has expired at ``now``."""
        media = self._files.get(media_id)
        if media is None or (media.expires is not None and media.expires <= now):
            return None
        return media

    def clear(self) -> None:
        """Remove all files."""
        self._files.clear()
        self._stored_bytes = 0
