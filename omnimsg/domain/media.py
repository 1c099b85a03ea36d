"""Where a picture, a file or a sound comes from, and what is told about it.

`send` never uploads by itself: that would be a second request whose failure nobody asked for.
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
from omnimsg.domain.channel import Channel, to_channel
from omnimsg.domain.redaction import hidden, masked
from omnimsg.domain.secret import Secret

_MIME = re.compile(r"[A-Za-z0-9][\w.+!#$&^-]*/[A-Za-z0-9][\w.+!#$&^-]*(?: *;[ -~]*)?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def mime(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Require a media type such as `image/png`, with or without parameters."""
    if not isinstance(value, str) or not _MIME.fullmatch(value):
        raise validate.refuse(owner, field.name, "must be a media type such as 'image/png'")


def sha256(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Require a SHA-256 as 64 hexadecimal digits."""
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise validate.refuse(owner, field.name, "must be a SHA-256 as 64 hexadecimal digits")


def _phone(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not is_e164(value):
        raise validate.refuse(owner, field.name, "must be a number in E.164 form")


def _key(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Secret):
        raise validate.refuse(owner, field.name, f"must be Secret, not {validate.kind_of(value)}")
    if not validate.is_unicode(value.reveal()):
        raise validate.refuse(owner, field.name, "holds what UTF-8 cannot")


class MediaKind(StrEnum):
    """What a person sees: the channels limit each kind differently."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    GIF = "gif"


def to_media_kind(value: MediaKind | str) -> MediaKind:
    """Convert a kind's exact name to the kind; leave everything else for the validator."""
    return validate.to_enum_member(MediaKind, value)


def kind_of_url(url: str) -> MediaKind | None:
    """Guess from a URL's ending what is there; `None` where it does not tell."""
    family = (mimetypes.guess_type(urlsplit(url).path)[0] or "").partition("/")[0]
    if family in ("image", "video", "audio"):
        return MediaKind(family)
    return MediaKind.DOCUMENT if family else None


@attrs.frozen
class Inline:
    """The bytes themselves, inside the message.

    Attributes:
        data: The file's content. A provider that takes none inside a message refuses it with
            `MEDIA_NEEDS_UPLOAD`; upload it first then.
    """

    kind: ClassVar[str] = "inline"

    data: bytes = attrs.field(repr=hidden, validator=validate.instance_of(bytes))


@attrs.frozen
class Link:
    """An address that the provider fetches; it must be reachable from the public internet."""

    kind: ClassVar[str] = "link"

    url: str = attrs.field(validator=validate.url)


@attrs.frozen(kw_only=True)
class Stored:
    """A file that a provider keeps for one account. Another account cannot use it.

    Attributes:
        account: The account it was uploaded through, or arrived at.
        id: The provider's id of the file (Clickatell).
        url: The provider's address of the file (Bird). Give `id`, `url` or both.
        sha256: The file's digest; Clickatell asks for it when the file is fetched back.
        expires: When the provider deletes it.
        restricted_to: The only recipient it may be sent to.
        client_encrypted: Whether the bytes were encrypted before they were uploaded.
    """

    kind: ClassVar[str] = "stored"

    account: str = attrs.field(validator=validate.text(most=64))
    id: str | None = attrs.field(default=None, validator=optional(validate.text(most=1024)))
    url: str | None = attrs.field(default=None, validator=optional(validate.url))
    sha256: str | None = attrs.field(default=None, validator=optional(sha256))
    expires: datetime | None = attrs.field(default=None, validator=optional(validate.tz_aware))
    restricted_to: str | None = attrs.field(
        default=None, repr=masked, validator=optional(validate.text(most=320))
    )
    client_encrypted: bool = attrs.field(default=False, validator=validate.instance_of(bool))

    def __attrs_post_init__(self) -> None:
        """Require some way to name the file."""
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
        key_arn: The key service's name of the key that encrypted it.
        cipher: The cipher and padding in use.
    """

    key: Secret = attrs.field(validator=_key)
    key_arn: str | None = attrs.field(default=None, validator=optional(validate.text()))
    cipher: str | None = attrs.field(default=None, validator=optional(validate.text()))


@attrs.frozen
class Upload:
    """A file to hand to a provider for later messages.

    Attributes:
        data: The bytes, or the path of a local file, which is read in pieces.
        content_type: Its media type. It is never guessed from the name.
        file_name: The name a recipient may see.
        restricted_to: The only recipient it may be sent to, in E.164; `None` allows everybody.
        channel: Only for use on this channel (Bird); `None` for every channel of the account.
        encryption: How it was encrypted, where it was.
    """

    data: bytes | Path = attrs.field(repr=hidden, validator=validate.instance_of((bytes, Path)))
    content_type: str = attrs.field(validator=mime)
    file_name: str = attrs.field(kw_only=True, validator=validate.text(most=255, lines=False))
    restricted_to: str | None = attrs.field(
        default=None, kw_only=True, repr=masked, validator=optional(_phone)
    )
    channel: Channel | None = attrs.field(
        default=None,
        kw_only=True,
        converter=to_channel,
        validator=optional(validate.enum_member(Channel)),
    )
    encryption: Encryption | None = attrs.field(
        default=None, kw_only=True, validator=optional(validate.instance_of(Encryption))
    )


@attrs.frozen(kw_only=True)
class MediaInfo:
    """What a provider says about a stored file.

    Attributes:
        expires: When it will be deleted.
        broadcast_allowed: Whether it may go to more than one recipient.
        raw: The provider's own words.
    """

    expires: datetime | None
    broadcast_allowed: bool | None
    raw: Any = attrs.field(default=None, repr=False)
