"""The media routes: upload, metadata, download.

Source: the One API reference, "Upload media file", "Get media file metadata", "Media download".
"""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs, web

from omnimsg.sandbox import Media, json_response
from omnimsg_clickatell.emulator import file_checks
from omnimsg_clickatell.emulator.errors import RefusedError, upload_error_response
from omnimsg_clickatell.emulator.value_rules import decode_base64, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.sandbox import MediaStore, SandboxState

_UPLOAD: Final[Mapping[str, Callable[[str], bool]]] = {
    "fileName": bool,
    "to": is_number,
    "broadcastAllowed": lambda value: value == "true",
    "encryptionKey": lambda value: bool(value) and decode_base64(value) is not None,
    "kmsArn": bool,
    "encryptionCipher": bool,
    "sha256FileHash": bool,
}
_DOWNLOAD: Final[Mapping[str, Callable[[str], bool]]] = {
    "fileId": bool,
    "sha256Hash": bool,
    "source": lambda value: value == "client",
}


def _parse_query(
    request: web.Request, tests: Mapping[str, Callable[[str], bool]], *required: str
) -> dict[str, str]:
    """Return the query; every parameter must be known, valid and given only once.

    Raises:
        RefusedError: 23, with the parameter's name.
    """
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name not in tests or name in given or not tests[name](value):
            raise RefusedError(23, name)
        given[name] = value
    for name in required:
        if name not in given:
            raise RefusedError(23, name)
    return given


async def _read_upload(request: web.Request) -> tuple[dict[str, str], str, bytes]:
    """Return the query, content type and bytes of an upload.

    Raises:
        RefusedError: 23, a parameter; 30, the content type; 31, the size; 21, an empty body.
    """
    given = _parse_query(request, _UPLOAD, "fileName")
    if "encryptionKey" not in given and given.keys() & {"kmsArn", "encryptionCipher"}:
        raise RefusedError(23, "encryptionKey")
    content_type = request.headers.get(hdrs.CONTENT_TYPE)
    if content_type is None:
        raise RefusedError(23, hdrs.CONTENT_TYPE)
    file_checks.find_type(content_type)
    data = await request.read()
    file_checks.check_size(data, file_checks.MAX_UPLOAD_MB)
    if not data:
        raise RefusedError(21)
    # As in a message, the hash of an encrypted file is taken to be that of the plain file.
    claimed = None if "encryptionKey" in given else given.get("sha256FileHash")
    if claimed is not None and not file_checks.has_hash(data, claimed):
        # No code is documented for a wrong hash.
        raise RefusedError(23, "sha256FileHash")
    return given, content_type, data


class Uploads:
    """The handlers of the media routes, and the files behind them."""

    def __init__(self, store: MediaStore, state: SandboxState) -> None:
        self._store = store
        self._state = state

    def store(self, data: bytes, content_type: str, **extra: Any) -> Media:  # noqa: ANN401
        """Store a file for thirty days under a new id, which ends in the type's extension."""
        return self._add(data, content_type, file_checks.find_type(content_type).extension, extra)

    def receive(self, data: bytes, content_type: str) -> Media:
        """Store a file from a phone, which may be of any type, for as long as an upload."""
        extension = mimetypes.guess_extension(content_type.partition(";")[0].strip()) or ".bin"
        return self._add(data, content_type, extension.removeprefix("."), {})

    def _add(
        self, data: bytes, content_type: str, extension: str, extra: Mapping[str, Any]
    ) -> Media:
        media = Media(
            id=f"{self._state.uuid()}-1.{extension}",
            data=data,
            content_type=content_type,
            expires=self._state.clock() + file_checks.KEPT_SECONDS,
            extra={"uploaded": False, "to": None, "broadcast": False, "encrypted": False, **extra},
        )
        self._store.add(media)
        return media

    def find(self, media_id: str) -> Media | None:
        """Return a file, None if it is unknown or has expired."""
        return self._store.get(media_id, self._state.clock())

    async def upload(self, request: web.Request) -> web.Response:
        """Store the body of the request as a file."""
        try:
            given, content_type, data = await _read_upload(request)
        except RefusedError as refused:
            return upload_error_response(refused)
        media = self.store(
            data,
            content_type,
            uploaded=True,
            to=given.get("to"),
            broadcast="broadcastAllowed" in given,
            encrypted="encryptionKey" in given,
        )
        return json_response({"fileId": media.id, "accepted": True}, status=201)

    async def metadata(self, request: web.Request) -> web.Response:
        """Return when a file expires (epoch seconds) and whether any recipient may get it."""
        media = self.find(request.match_info["file_id"])
        if media is None or media.expires is None:
            return web.Response(status=404)
        return json_response(
            {
                "expirationTime": int(media.expires),
                "broadcastAllowed": bool(media.extra["broadcast"]),
            }
        )

    async def download(self, request: web.Request) -> web.Response:
        """Return a file if the query has its hash; with another hash no such file is found."""
        try:
            given = _parse_query(request, _DOWNLOAD, "fileId", "sha256Hash")
        except RefusedError as refused:
            return upload_error_response(refused)
        media = self.find(given["fileId"])
        if media is None or not file_checks.has_hash(media.data, given["sha256Hash"]):
            return web.Response(status=404)
        return web.Response(body=media.data, headers={hdrs.CONTENT_TYPE: media.content_type})
