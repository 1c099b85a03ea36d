"""What a row of the catalogue is made of: a message, its wire form, and the files it needs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import attrs

from omnimsg import (
    Client,
    Encryption,
    MediaItem,
    MediaKind,
    Message,
    Secret,
    Stored,
    Upload,
)
from omnimsg.domain.content import Content

from .conftest import TO

Wire = dict[str, Any]

PNG = b"\x89PNG\r\n\x1a\nnot really"
DIGEST = hashlib.sha256(PNG).hexdigest()
KEY = base64.b64encode(b"a wrapped data key").decode()
ENCRYPTION = Encryption(key=Secret(KEY), key_arn="arn:aws:kms:eu-west-1:1:key/2", cipher="AES/GCM")
ENCRYPTED = {
    "encryptionKey": KEY,
    "encryptionKeyArn": "arn:aws:kms:eu-west-1:1:key/2",
    "encryptionCipher": "AES/GCM",
}
UPLOADS = {
    "image": Upload(PNG, "image/png", file_name="table.png"),
    "document": Upload(b"%PDF-1.7", "application/pdf", file_name="menu.pdf"),
    "video": Upload(b"\0\0\0\x18ftypmp42", "video/mp4", file_name="tour.mp4"),
    "for one": Upload(PNG, "image/png", file_name="you.png", restricted_to=TO),
    "encrypted": Upload(PNG, "image/png", file_name="secret.png", encryption=ENCRYPTION),
}


@attrs.frozen
class Files:
    """The files that messages refer to, uploaded."""

    by_name: dict[str, Stored]

    def item(self, name: str, **told: Any) -> MediaItem:
        """Return a stored file as an item of a message."""
        kind = MediaKind(name) if name in ("document", "video") else MediaKind.IMAGE
        return MediaItem(kind, self.by_name[name], **told)

    def id(self, name: str) -> str:
        """Return the provider's id of a file."""
        return self.by_name[name].id or ""


async def uploaded(client: Client) -> Files:
    """Upload every file."""
    return Files({name: await client.upload(upload) for name, upload in UPLOADS.items()})


@attrs.frozen
class Case:
    """A message, and its wire form.

    Attributes:
        channel: The channel it travels on.
        build: Builds the content.
        wire: Builds what is on the wire.
        fields: Further fields of the message.
    """

    channel: str
    build: Callable[[Files], Content | str]
    wire: Callable[[Files], Wire]
    fields: dict[str, Any] = attrs.field(factory=dict)

    def message(self, files: Files, to: str = TO) -> Message:
        """Build the message."""
        return Message(to, self.build(files), channel=self.channel, **self.fields)


def case(channel: str, content: Content | str, wire: Wire, **fields: Any) -> Case:
    """Build a case whose content needs no file."""
    return Case(channel, lambda _: content, lambda _: wire, fields)
