"""Content types, sizes and hashes of media.

Source: Clickatell "Supported content types and limitations"
(docs.clickatell.com/channels/one-api/supported-content-types); the table writes ``audio/acc`` and
the reference ``image/jpg``, probably slips, so the registered names pass too. Where two pages give
two limits, the smaller one holds. A megabyte is a million bytes, the stricter reading.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

from omnimsg_clickatell.emulator.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.sandbox import Media

MEGABYTE: Final = 1_000_000
INLINE: Final = 1
PAYLOAD: Final = 20
UPLOAD: Final = 30
"""Limits in megabytes: one inline file, one request, one upload."""

KEPT_SECONDS: Final = 30 * 24 * 3600
"""How long an upload can be sent and downloaded."""


@attrs.frozen(kw_only=True)
class Type:
    """A content type: its kind, the kind's limit in megabytes, and a file's extension."""

    kind: str
    extension: str
    most: int
    in_header: bool = True


def _type(kind: str, extension: str, most: int, *, in_header: bool = True) -> Type:
    return Type(kind=kind, extension=extension, most=most, in_header=in_header)


def _audio(extension: str) -> Type:
    return _type("audio", extension, 16, in_header=False)


def _document(extension: str) -> Type:
    # WhatsApp takes 100 MB; no file that large can be uploaded.
    return _type("document", extension, UPLOAD, in_header=extension == "pdf")


TYPES: Final[Mapping[str, Type]] = MappingProxyType(
    {
        "audio/acc": _audio("aac"),
        "audio/aac": _audio("aac"),
        "audio/mp4": _audio("m4a"),
        "audio/amr": _audio("amr"),
        "audio/mpeg": _audio("mp3"),
        "audio/ogg;codecs=opus": _audio("ogg"),
        "application/pdf": _document("pdf"),
        "application/msword": _document("doc"),
        "application/vnd.ms-powerpoint": _document("ppt"),
        "application/vnd.ms-excel": _document("xls"),
        "text/plain": _document("txt"),
        "image/jpeg": _type("image", "jpeg", 5),
        "image/jpg": _type("image", "jpeg", 5),
        "image/png": _type("image", "png", 5),
        "video/mp4": _type("video", "mp4", 5),
        "video/3gpp": _type("video", "3gp", 5),
    }
)


def normal(content_type: str) -> str:
    """Return a content type as ``TYPES`` spells it; only Ogg keeps its codecs."""
    name, *rest = [part.strip().lower().replace('"', "") for part in content_type.split(";")]
    codecs = [part for part in rest if part.startswith("codecs=")]
    return ";".join([name, *codecs]) if name == "audio/ogg" else name


def type_of(content_type: str) -> Type:
    """Return the row of a content type.

    Raises:
        Refused: 30, it is not in the table.
    """
    row = TYPES.get(normal(content_type))
    if row is None:
        raise Refused(30)
    return row


def check_size(data: bytes, most: int) -> None:
    """Check one file's size against megabytes.

    Raises:
        Refused: 31, it is larger.
    """
    if len(data) > most * MEGABYTE:
        raise Refused(31, most)


def has_hash(data: bytes, claimed: str) -> bool:
    """Say whether ``claimed`` is the SHA-256 of ``data``, in hexadecimal of either case.

    The documents name the algorithm and not the form.
    """
    return hashlib.sha256(data).hexdigest() == claimed.lower()


def sendable(media: Media | None, to: str) -> Media:
    """Check that a stored file may go to a recipient.

    A file with neither recipient nor broadcast is bound by its first use: the documents allow any
    recipient only for a broadcast file, and do not say for whom else it is.

    Raises:
        Refused: 33, the file is unknown, expired or another recipient's; no page says which code a
            foreign file gets, and for this recipient there is no such file.
    """
    if media is None or not media.extra["uploaded"]:
        raise Refused(33)
    if media.extra["to"] is None and not media.extra["broadcast"]:
        media.extra["to"] = to
    if media.extra["to"] not in {None, to}:
        raise Refused(33)
    check_size(media.data, type_of(media.content_type).most)
    return media
