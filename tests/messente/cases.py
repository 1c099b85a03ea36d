"""The class of the catalogue's cases (a message and its JSON in a request), and shared values."""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg import (
    Link,
    MediaItem,
    MediaKind,
    Message,
    OpenUrl,
)
from omnimsg.domain.content import (
    Content,
)

JsonObject = dict[str, Any]

URL = "https://files.example.test/a"
STILL = "https://files.example.test/still.png"
PAGE = "https://shop.example.test/menu?x=1"
OTHER = "https://shop.example.test/other"
TO = "+37255500001"

PICTURE = MediaItem(MediaKind.IMAGE, Link(URL))
FILM = MediaItem(MediaKind.VIDEO, Link(URL), thumbnail_url=STILL, size=200_000_000, duration=600)
VIDEO = {"url": URL, "thumbnail": STILL, "file_size": 200_000_000, "duration": 600}
BUTTON = OpenUrl("Open", PAGE)


@attrs.frozen
class Case:
    """A message of one leg and its JSON in a request.

    Attributes:
        channel: The channel that it is sent on.
        content: The content.
        members: The members of the leg, written by hand from the OpenAPI document, without
            `channel` and `sender`, which every leg has.
    """

    channel: str
    content: Content
    members: JsonObject

    def message(self, to: str = TO) -> Message:
        """Build the message."""
        return Message(to, self.content, channel=self.channel)
