"""Check content types, sizes and hashes of media.

Source: Clickatell "Supported content types and limitations"
(docs.clickatell.com/channels/one-api/supported-content-types); the table writes ``audio/acc`` and
the reference ``image/jpg``, probably typing errors, so the registered names are accepted too.
Where two pages give two limits, the smaller one applies. A megabyte is a million bytes, the
stricter reading.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

from omnimsg_clickatell.emulator.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.sandbox import Media

MEGABYTE: Final = 1_000_000
MAX_INLINE_MB: Final = 1
MAX_PAYLOAD_MB: Final = 20
MAX_UPLOAD_MB: Final = 30
"""Limits in megabytes: one inline file, one request, one upload."""

KEPT_SECONDS: Final = 30 * 24 * 3600
"""How long an upload can be sent and downloaded."""


@attrs.frozen(kw_only=True)
class FileType:
    """A content type.

    Attributes:
        kind: ``audio``, ``document``, ``image`` or ``video``.
        extension: The extension of an upload's id.
        max_megabytes: The limit of a file that is sent.
        in_header: Whether the header above buttons may hold such a file.
        in_template: Whether the header of a template may.
    """

    kind: str
    extension: str
    max_megabytes: int
    in_header: bool
    in_template: bool


def _file_type(kind: str, extension: str, max_megabytes: int) -> FileType:
    return FileType(
        kind=kind,
        extension=extension,
        max_megabytes=max_megabytes,
        in_header=kind != "audio",
        # The column "Media Template" of the table: no audio, and of documents only PDF.
        in_template=kind not in {"audio", "document"} or extension == "pdf",
    )


def _audio(extension: str) -> FileType:
    return _file_type("audio", extension, 16)


def _document(extension: str) -> FileType:
    # WhatsApp accepts 100 MB, but no file that large can be uploaded.
    return _file_type("document", extension, MAX_UPLOAD_MB)


TYPES: Final[Mapping[str, FileType]] = MappingProxyType(
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
        "image/jpeg": _file_type("image", "jpeg", 5),
        "image/jpg": _file_type("image", "jpeg", 5),
        "image/png": _file_type("image", "png", 5),
        "video/mp4": _file_type("video", "mp4", 5),
        "video/3gpp": _file_type("video", "3gp", 5),
    }
)


def normalise(content_type: str) -> str:
    """Return a content type as a key of ``TYPES``; only Ogg keeps its ``codecs`` parameter."""
    name, *parameters = [part.strip().lower().replace('"', "") for part in content_type.split(";")]
    codecs = [part for part in parameters if part.startswith("codecs=")]
    return ";".join([name, *codecs]) if name == "audio/ogg" else name


def find_type(content_type: str) -> FileType:
    """Return the file type of a content type.

    Raises:
        RefusedError: 30, the content type is not in the table.
    """
    file_type = TYPES.get(normalise(content_type))
    if file_type is None:
        raise RefusedError(30)
    return file_type


def check_size(data: bytes, max_megabytes: int) -> None:
    """Check the size of one file.

    Raises:
        RefusedError: 31, the file is larger.
    """
    if len(data) > max_megabytes * MEGABYTE:
        raise RefusedError(31, max_megabytes)


def has_hash(data: bytes, claimed: str) -> bool:
    """Return whether ``claimed`` is the SHA-256 of ``data``, in hexadecimal of either case.

    The documents name the algorithm but not the encoding.
    """
    return hashlib.sha256(data).hexdigest() == claimed.lower()


def check_sendable(media: Media | None, to: str) -> Media:
    """Check that a stored file may go to a recipient.

    A file uploaded without recipient or broadcast is bound to the first recipient it is sent to:
    the documents allow any recipient only for a broadcast file, and do not name one for this case.

    Raises:
        RefusedError: 33, the file is unknown, expired or bound to another recipient. No page names
            the code for a file of another recipient; to this recipient no such file exists.
    """
    if media is None or not media.extra["uploaded"]:
        raise RefusedError(33)
    if media.extra["to"] is None and not media.extra["broadcast"]:
        media.extra["to"] = to
    if media.extra["to"] not in {None, to}:
        raise RefusedError(33)
    check_size(media.data, find_type(media.content_type).max_megabytes)
    return media
