"""The class of the catalogue's cases: a message, its JSON in a request, and the files it needs."""

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

JsonObject = dict[str, Any]

TO = "+27820000001"

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
    """The uploaded files that messages refer to."""

    by_name: dict[str, Stored]

    def item(self, name: str, **facts: Any) -> MediaItem:
        """Return a stored file as an item of a message, with further facts about it."""
        kind = MediaKind(name) if name in ("document", "video") else MediaKind.IMAGE
        return MediaItem(kind, self.by_name[name], **facts)

    def id(self, name: str) -> str:
        """Return the provider's id of a file."""
        return self.by_name[name].id or ""


def stored(account: str) -> Files:
    """Return the files as an account would have stored them, without a request."""
    return Files(
        {
            name: Stored(
                account=account,
                id=name,
                restricted_to=upload.restricted_to,
                client_encrypted=upload.encryption is not None,
            )
            for name, upload in UPLOADS.items()
        }
    )


async def uploaded(client: Client) -> Files:
    """Upload every file."""
    return Files({name: await client.upload(upload) for name, upload in UPLOADS.items()})


@attrs.frozen
class Case:
    """A message and its JSON in a request.

    Attributes:
        channel: The channel that it is sent on.
        content: Builds the content.
        members: Builds the members of the JSON object.
        fields: Further fields of the message.
    """

    channel: str
    content: Callable[[Files], Content | str]
    members: Callable[[Files], JsonObject]
    fields: dict[str, Any] = attrs.field(factory=dict)

    def message(self, files: Files, to: str = TO) -> Message:
        """Build the message."""
        return Message(to, self.content(files), channel=self.channel, **self.fields)


def case(channel: str, content: Content | str, members: JsonObject, **fields: Any) -> Case:
    """Build a case whose content needs no file."""
    return Case(channel, lambda _: content, lambda _: members, fields)
