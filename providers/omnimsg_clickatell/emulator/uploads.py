"""The media paths: upload, metadata, download.

Source: the One API reference, "Upload media file", "Get media file metadata", "Media download".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs, web

from omnimsg.sandbox import Media, answer
from omnimsg_clickatell.emulator import file_checks
from omnimsg_clickatell.emulator.errors import Refused, refused_file
from omnimsg_clickatell.emulator.value_rules import decoded, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.sandbox import MediaStore, World

_UPLOAD: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "fileName": bool,
        "to": is_number,
        "broadcastAllowed": lambda value: value == "true",
        "encryptionKey": lambda value: bool(value) and decoded(value) is not None,
        "kmsArn": bool,
        "encryptionCipher": bool,
        "sha256FileHash": bool,
    }
)
_DOWNLOAD: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {"fileId": bool, "sha256Hash": bool, "source": lambda value: value == "client"}
)


def _query(
    request: web.Request, tests: Mapping[str, Callable[[str], bool]], *required: str
) -> dict[str, str]:
    """Return the query, each parameter known, given once and sound.

    Raises:
        Refused: 25 for a bad recipient, 23 for everything else, with the parameter's name.
    """
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name not in tests or name in given:
            raise Refused(23, name)
        if not tests[name](value):
            raise Refused(25, value) if name == "to" else Refused(23, name)
        given[name] = value
    for name in required:
        if name not in given:
            raise Refused(23, name)
    return given


async def _file(request: web.Request) -> tuple[dict[str, str], str, bytes]:
    """Return the query, content type and bytes of an upload.

    Raises:
        Refused: 23 or 25, a parameter; 30, the type; 31, the size; 21, there are no bytes.
    """
    given = _query(request, _UPLOAD, "fileName")
    if "encryptionKey" not in given and given.keys() & {"kmsArn", "encryptionCipher"}:
        raise Refused(23, "encryptionKey")
    content_type = request.headers.get(hdrs.CONTENT_TYPE)
    if content_type is None:
        raise Refused(23, hdrs.CONTENT_TYPE)
    file_checks.type_of(content_type)
    data = await request.read()
    file_checks.check_size(data, file_checks.UPLOAD)
    if not data:
        raise Refused(21)
    # As in a message, the hash of an encrypted file is taken to be the plain file's.
    claimed = None if "encryptionKey" in given else given.get("sha256FileHash")
    if claimed is not None and not file_checks.has_hash(data, claimed):
        # No code is documented for it.
        raise Refused(23, "sha256FileHash")
    return given, content_type, data


class Uploads:
    """The handlers of the media paths."""

    def __init__(self, store: MediaStore, world: World) -> None:
        self._store = store
        self._world = world

    def keep(self, data: bytes, content_type: str, **extra: Any) -> Media:  # noqa: ANN401
        """Store bytes for thirty days under a new id, which ends in the type's extension."""
        media = Media(
            id=f"{self._world.uuid()}-1.{file_checks.type_of(content_type).extension}",
            data=data,
            content_type=content_type,
            expires=self._world.clock() + file_checks.KEPT_SECONDS,
            extra={"uploaded": False, "to": None, "broadcast": False, "encrypted": False, **extra},
        )
        self._store.add(media)
        return media

    def find(self, media_id: str) -> Media | None:
        """Return a file that is known and has not expired."""
        return self._store.get(media_id, self._world.clock())

    async def upload(self, request: web.Request) -> web.Response:
        """Take raw bytes."""
        try:
            given, content_type, data = await _file(request)
        except Refused as refused:
            return refused_file(refused)
        media = self.keep(
            data,
            content_type,
            uploaded=True,
            to=given.get("to"),
            broadcast="broadcastAllowed" in given,
            encrypted="encryptionKey" in given,
        )
        return answer({"fileId": media.id, "accepted": True}, status=201)

    async def metadata(self, request: web.Request) -> web.Response:
        """Show until when a file lives (epoch seconds) and whether it may go to anybody."""
        media = self.find(request.match_info["file_id"])
        if media is None or media.expires is None:
            return web.Response(status=404)
        return answer(
            {
                "expirationTime": int(media.expires),
                "broadcastAllowed": bool(media.extra["broadcast"]),
            }
        )

    async def download(self, request: web.Request) -> web.Response:
        """Give the bytes of a file to whoever names its hash; a wrong hash names no file."""
        try:
            given = _query(request, _DOWNLOAD, "fileId", "sha256Hash")
        except Refused as refused:
            return refused_file(refused)
        media = self.find(given["fileId"])
        if media is None or not file_checks.has_hash(media.data, given["sha256Hash"]):
            return web.Response(status=404)
        return web.Response(body=media.data, headers={hdrs.CONTENT_TYPE: media.content_type})
