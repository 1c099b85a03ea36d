"""Check content types, sizes and hashes of media.

Source: Clickatell "Supported content types and limitations"
(docs.clickatell.com/channels/one-api/supported-content-types); the table writes ``audio/acc`` and
the reference ``image/jpg``, probably typing errors, so the registered names are accepted too.
Where two pages give two limits, the smaller one applies. A megabyte is a million bytes, the
stricter reading.
"""

from __future__ import annotations

import hashlib
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


@attrs.frozen
class FileType:
    """A content type.

    Attributes:
        kind: ``audio``, ``document``, ``image`` or ``video``.
        extension: The extension of an upload's id.
        max_megabytes: The limit of a file that is sent.
    """

    kind: str
    extension: str
    max_megabytes: int

    @property
    def in_header(self) -> bool:
        """Whether the header above buttons may hold such a file."""
        return self.kind != "audio"

    @property
    def in_template(self) -> bool:
        """Whether the header of a template may hold such a file: of documents only a PDF."""
        return self.in_header and (self.kind != "document" or self.extension == "pdf")


def _audio(extension: str) -> FileType:
    return FileType("audio", extension, 16)


def _document(extension: str) -> FileType:
    # WhatsApp accepts 100 MB, but no file that large can be uploaded.
    return FileType("document", extension, MAX_UPLOAD_MB)


TYPES: Final[Mapping[str, FileType]] = {
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
    "image/jpeg": FileType("image", "jpeg", 5),
    "image/jpg": FileType("image", "jpeg", 5),
    "image/png": FileType("image", "png", 5),
    "video/mp4": FileType("video", "mp4", 5),
    "video/3gpp": FileType("video", "3gp", 5),
}


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
