"""Sources of media, uploads, and what a provider reports about a stored file.

`send` never uploads by itself: that would be a second request, which may fail on its own.
`Client.upload` turns bytes or a file into a `Stored`, which any number of messages may then use.
"""

from __future__ import annotations

import mimetypes
import re
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, TypeAlias
from urllib.parse import urlsplit

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.address import is_e164
from omnimsg.domain.channel import Channel, optional_channel, to_optional_channel
from omnimsg.domain.redaction import hidden, masked
from omnimsg.domain.secret import Secret

_MIME = re.compile(r"[A-Za-z0-9][\w.+!#$&^-]*/[A-Za-z0-9][\w.+!#$&^-]*(?: *;[ -~]*)?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def mime(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Require a media type such as `image/png`, with or without parameters."""
    if not isinstance(value, str) or not _MIME.fullmatch(value):
        raise validate.refuse(owner, field.name, "must be a media type such as 'image/png'")


def sha256(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Require a SHA-256 digest as 64 hexadecimal digits."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise validate.refuse(owner, field.name, "must be a SHA-256 as 64 hexadecimal digits")


def _e164(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not is_e164(value):
        raise validate.refuse(owner, field.name, "must be a number in E.164 form")


def _unicode_secret(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Secret):
        raise validate.refuse(owner, field.name, f"must be Secret, not {validate.kind_of(value)}")
    if not validate.is_unicode(value.reveal()):
        raise validate.refuse(owner, field.name, "holds a character that UTF-8 cannot express")


class MediaKind(StrEnum):
    """How media is presented; each channel has its own limits for each kind."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    GIF = "gif"


def to_media_kind(value: MediaKind | str) -> MediaKind:
    """Convert a kind's exact name to the kind; return anything else for the validator to refuse."""
    return validate.to_enum_member(MediaKind, value)


def kind_of_url(url: str) -> MediaKind | None:
    """Guess the kind from a URL's file extension; `None` if the extension is unknown."""
    main_type = (mimetypes.guess_type(urlsplit(url).path)[0] or "").partition("/")[0]
    if main_type in ("image", "video", "audio"):
        return MediaKind(main_type)
    return MediaKind.DOCUMENT if main_type else None


@attrs.frozen
class Inline:
    """Bytes inside the message.

    Attributes:
        data: The file's content. A provider that takes bytes by an upload only refuses it with
            `MEDIA_NEEDS_UPLOAD`, one that takes none with `UNSUPPORTED_CONTENT`.
    """

    kind: ClassVar[str] = "inline"

    data: bytes = attrs.field(repr=hidden, validator=validate.instance_of(bytes))


@attrs.frozen
class Link:
    """A URL that the provider fetches; it must be reachable from the public internet."""

    kind: ClassVar[str] = "link"

    url: str = attrs.field(validator=validate.url)


@attrs.frozen(kw_only=True)
class Stored:
    """A file that a provider stores for one account. Another account cannot use it.

    Attributes:
        account: The account that uploaded or received it.
        id: The provider's id of the file (Clickatell, and WhatsApp through Messente).
        url: The provider's URL of the file (Bird). Give `id`, `url` or both.
        sha256: The file's digest; Clickatell needs it to download the file.
        expires: When the provider deletes it.
        restricted_to: The only recipient it may be sent to; `None` allows everybody.
        client_encrypted: Whether the bytes were encrypted before they were uploaded.
    """

    kind: ClassVar[str] = "stored"

    account: str = attrs.field(validator=validate.text(max_length=64))
    id: str | None = attrs.field(default=None, validator=optional(validate.text(max_length=1024)))
    url: str | None = attrs.field(default=None, validator=optional(validate.url))
    sha256: str | None = attrs.field(default=None, validator=optional(sha256))
    expires: datetime | None = attrs.field(default=None, validator=optional(validate.tz_aware))
    restricted_to: str | None = attrs.field(
        default=None, repr=masked, validator=optional(validate.text(max_length=320))
    )
    client_encrypted: bool = attrs.field(default=False, validator=validate.instance_of(bool))

    def __attrs_post_init__(self) -> None:
        """Require an id or a URL of the file."""
        if self.id is None and self.url is None:
            raise validate.refuse(self, "id", "give the provider's id or its URL of the file")


Source: TypeAlias = Inline | Link | Stored


@attrs.frozen(kw_only=True)
class Encryption:
    """How the caller encrypted content before handing it over (envelope encryption with a KMS).

    Only Clickatell carries this: the fields `encryptionKey`, `encryptionKeyArn` and
    `encryptionCipher` of its message.

    Attributes:
        key: The data key, itself encrypted by the key service, in base64.
        key_arn: The key service's name of the key that encrypted the data key.
        cipher: The cipher and padding.
    """

    key: Secret = attrs.field(validator=_unicode_secret)
    key_arn: str | None = attrs.field(default=None, validator=optional(validate.text()))
    cipher: str | None = attrs.field(default=None, validator=optional(validate.text()))


@attrs.frozen
class Upload:
    """A file to upload to a provider, for use in later messages.

    Attributes:
        data: The bytes, or the path of a local file, which is read in chunks.
        content_type: The media type. It is never guessed from the file name.
        file_name: The file name that a recipient may see.
        restricted_to: The only recipient it may be sent to, in E.164; `None` allows everybody.
            Only Clickatell can restrict a file to one.
        channel: The only channel it may be used on; `None` allows every channel. Only Bird can
            restrict a file to one.
        encryption: How the file was encrypted; `None` if it was not.
    """

    data: bytes | Path = attrs.field(repr=hidden, validator=validate.instance_of((bytes, Path)))
    content_type: str = attrs.field(validator=mime)
    file_name: str = attrs.field(
        kw_only=True, validator=validate.text(max_length=255, single_line=True)
    )
    restricted_to: str | None = attrs.field(
        default=None, kw_only=True, repr=masked, validator=optional(_e164)
    )
    channel: Channel | None = attrs.field(
        default=None, kw_only=True, converter=to_optional_channel, validator=optional_channel
    )
    encryption: Encryption | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.instance_of(Encryption))
    )


@attrs.frozen(kw_only=True)
class MediaInfo:
    """What a provider reports about a stored file.

    Attributes:
        expires: When the provider deletes it; `None` if unknown.
        broadcast_allowed: Whether it may be sent to more than one recipient; `None` if unknown.
        raw: The provider's answer.
    """

    expires: datetime | None
    broadcast_allowed: bool | None
    raw: Any = attrs.field(default=None, repr=False)
