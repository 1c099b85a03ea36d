"""Media: uploads through a form, downloads through a redirect.

Sources: the presigned upload operations of Bird's OpenAPI document and the messaging page; the
sibling Conversations page for 204; a public report on the media host for 401 without the key, the
redirect, and 400 where the key is forwarded. The storage behind both is S3-like: it refuses an
Authorization header. It ignores fields after the file of a form; here they are refused.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import attrs
from aiohttp import BodyPartReader, hdrs, web
from yarl import URL

from omnimsg.json_codec import dumps
from omnimsg.sandbox import Media, MediaStore, SandboxState
from omnimsg.sandbox.schema import Json

_BUCKET: Final = "sandbox-media"
_MAX_UPLOAD_BYTES: Final = 100 * 1024 * 1024
_SIGNATURE: Final = "X-Amz-Signature"
_IN_WORKSPACE: Final = "/workspaces/"


@attrs.frozen
class _Grant:
    """The form fields that an upload must have, and the channel that the file is for."""

    form: dict[str, str]
    channel_id: str | None


class Uploads:
    """Grants uploads, stores files, and serves them.

    Args:
        state: Ids, clock and limits.
        store: The files.
        host: The host name of the storage; None for the API's own.
    """

    def __init__(self, state: SandboxState, store: MediaStore, host: str | None = None) -> None:
        self._state = state
        self._store = store
        self._host = host
        self._granted: OrderedDict[str, _Grant] = OrderedDict()

    def grant(
        self, base_url: str, workspace_id: str, content_type: str, channel_id: str | None
    ) -> dict[str, Any]:
        """Return the body of a presigned upload; `channel_id` None allows every channel."""
        media_id = self._state.uuid()
        path = f"/workspaces/{workspace_id}/media/{media_id}"
        form = {
            "Content-Type": content_type,
            "acl": "private",
            "bucket": _BUCKET,
            "key": f"{workspace_id}/{media_id}",
            "policy": self._state.hex_id(),
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": "sandbox",
            "x-amz-date": "20300101T000000Z",
            "x-amz-meta-allowed-paths": path,
            "x-amz-security-token": self._state.hex_id(),
            "x-amz-signature": self._state.hex_id(),
        }
        self._granted[media_id] = _Grant(form, channel_id)
        if len(self._granted) > self._state.limits.messages:
            self._granted.popitem(last=False)
        return {
            "mediaUrl": base_url + path,
            "uploadUrl": self._storage_url(base_url),
            "uploadMethod": hdrs.METH_POST,
            "uploadFormData": form,
        }

    def receive(self, data: bytes, content_type: str, name: str | None) -> str:
        """Store a file from a phone, for every channel, and return its id."""
        media_id = self._state.uuid()
        self._store.add(
            Media(
                id=media_id,
                data=data,
                content_type=content_type,
                name=name,
                extra={"channel_id": None},
            )
        )
        return media_id

    async def upload(self, request: web.Request) -> web.Response:
        """Store the file of a form: every granted field, then the file, and no access key."""
        try:
            form, data, name = await _read_form(request)
        except _StorageError as error:
            return _storage_error(error.status, error.code)
        media_id = form.get("key", "").rpartition("/")[2]
        grant = self._granted.get(media_id)
        if grant is None or grant.form != form:
            return _storage_error(403, "AccessDenied")
        self._store.add(
            Media(
                id=media_id,
                data=data,
                content_type=form["Content-Type"],
                name=name,
                extra={"channel_id": grant.channel_id},
            )
        )
        return web.Response(status=204)

    def redirect(self, base_url: str, media_id: str) -> web.Response | None:
        """Return the redirect to a stored file, None if the id is unknown."""
        if self._store.get(media_id, self._state.clock()) is None:
            return None
        query = f"{_SIGNATURE}={self._signature(media_id)}"
        location = f"{self._storage_url(base_url)}/{media_id}?{query}"
        return web.Response(status=302, headers={hdrs.LOCATION: location})

    async def download(self, request: web.Request) -> web.Response:
        """Return a file if the request has its signature and no access key."""
        if hdrs.AUTHORIZATION in request.headers:
            return _storage_error(400, "InvalidArgument")
        media_id = request.match_info["media_id"]
        given = request.query.get(_SIGNATURE, "").encode()
        if not hmac.compare_digest(given, self._signature(media_id).encode()):
            return _storage_error(403, "AccessDenied")
        media = self._store.get(media_id, self._state.clock())
        if media is None:
            return _storage_error(404, "NoSuchKey")
        return web.Response(body=media.data, headers={hdrs.CONTENT_TYPE: media.content_type})

    def has_unusable_media(
        self, content: Json, base_url: Callable[[], str], channel_id: str
    ) -> bool:
        """Return whether content refers to a file of this sandbox that the channel cannot use.

        Such a file was never uploaded, or was granted to another channel.

        Args:
            content: The content, a JSON value.
            base_url: Returns the emulator's own URL; called only if the content may need it.
            channel_id: The channel that sends the content.
        """
        # Most content names no such file, and one search of its JSON shows that.
        waiting = [content] if _IN_WORKSPACE.encode() in dumps(content) else []
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                waiting += value.values()
            elif isinstance(value, list):
                waiting += value
            elif isinstance(value, str) and _IN_WORKSPACE in value:
                if not value.startswith(f"{base_url()}{_IN_WORKSPACE}"):
                    continue
                media = self._store.get(value.rpartition("/")[2], self._state.clock())
                if media is None or media.extra["channel_id"] not in {None, channel_id}:
                    return True
        return False

    def clear(self) -> None:
        """Forget the grants."""
        self._granted.clear()

    def _storage_url(self, base_url: str) -> str:
        url = URL(base_url) / "storage" / _BUCKET
        return str(url if self._host is None else url.with_host(self._host))

    def _signature(self, media_id: str) -> str:
        return hashlib.sha256(f"sandbox:{media_id}".encode()).hexdigest()


class _StorageError(Exception):
    """The storage refuses a form."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


async def _read_form(request: web.Request) -> tuple[dict[str, str], bytes, str | None]:
    """Return the fields of a form, its file, and the file's name.

    Raises:
        _StorageError: The request has an access key, is not a multipart form, has no length or is
            too long; the form has no file, has a field twice, or has a field after the file.
    """
    length = request.content_length
    for refused, status, code in (
        (hdrs.AUTHORIZATION in request.headers, 400, "InvalidArgument"),
        (request.content_type != "multipart/form-data", 412, "PreconditionFailed"),
        # Such a storage requires the length in advance; 100 MiB is the sibling API's limit.
        (length is None, 411, "MissingContentLength"),
        (length is not None and length > _MAX_UPLOAD_BYTES, 400, "EntityTooLarge"),
    ):
        if refused:
            raise _StorageError(status, code)
    form: dict[str, str] = {}
    try:
        reader = await request.multipart()
        while isinstance(part := await reader.next(), BodyPartReader):
            if part.name == "file":
                file = bytes(await part.read()), part.filename
                if await reader.next() is None:
                    return form, *file
                break
            if part.name is None or part.name in form:
                break
            form[part.name] = await part.text()
    except ValueError:
        raise _StorageError(400, "MalformedPOSTRequest") from None
    raise _StorageError(400, "InvalidArgument")


def _storage_error(status: int, code: str) -> web.Response:
    return web.Response(
        status=status,
        text=f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>',
        content_type="application/xml",
    )
