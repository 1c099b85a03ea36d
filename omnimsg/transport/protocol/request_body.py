"""Request bodies that are written in pieces: large ones, files, forms."""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Multipart, Source
from omnimsg.domain.reason import Reason
from omnimsg.transport.files import ExactReader, open_for_sending
from omnimsg.transport.interface import TransportFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import IO

    from omnimsg.adapter import Request

# The largest piece, bytes: about as much as a connection buffers before its writer has to wait.
_MAX_PIECE = 64 * 1024

# The characters that would end a name in a form, or its line, escaped as browsers do it.
_ESCAPED = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}


@attrs.define(eq=False)
class RequestBody:
    """A body that is written in pieces.

    Args:
        content: Reads the file.
        size: The bytes of the whole body.
        before: The bytes before the file's content.
        after: The bytes after it.
        content_type: The media type of the whole body, where the request does not name it.
    """

    _content: ExactReader
    size: int
    _before: bytes = b""
    _after: bytes = b""
    content_type: str | None = None

    async def read(self) -> bytes:
        """Return the next piece, empty at the end. Together the pieces have exactly `size` bytes.

        Raises:
            TransportFault: The file cannot be read, or has become shorter.
        """
        piece, self._before = self._before, b""
        if not piece:
            piece = await self._content.read(_MAX_PIECE)
        if not piece:
            piece, self._after = self._after, b""
        return piece


@asynccontextmanager
async def open_body(request: Request, length: int | None) -> AsyncIterator[RequestBody]:
    """Open a request's body, and keep its file open meanwhile.

    Args:
        request: The request.
        length: The bytes of the body to write, where the request announces a length: bytes beyond
            it would be read as another request.

    Raises:
        TransportFault: The file cannot be read.
    """
    body = request.body
    form = body if isinstance(body, Multipart) else None
    source = body.source if isinstance(body, Multipart) else body
    data = source.data if isinstance(source, Source) else source or b""
    if isinstance(data, bytes):
        size = len(data) if length is None else length
        yield _body(BytesIO(data), size, form, is_on_disk=False)
        return
    file = await open_for_sending(data)
    try:
        size = os.fstat(file.fileno()).st_size if length is None else length
        yield _body(file, size, form, is_on_disk=True)
    finally:
        file.close()


def _body(file: IO[bytes], size: int, form: Multipart | None, *, is_on_disk: bool) -> RequestBody:
    content = ExactReader(file, size, is_on_disk=is_on_disk)
    if form is None:
        return RequestBody(content, size)
    boundary = secrets.token_hex(16)
    before = b"".join(
        [
            *(_part(boundary, name) + value.encode() + b"\r\n" for name, value in form.fields),
            _part(
                boundary,
                form.file_field,
                file_name=form.file_name,
                content_type=form.content_type,
            ),
        ]
    )
    after = f"\r\n--{boundary}--\r\n".encode()
    content_type = f"multipart/form-data; boundary={boundary}"
    return RequestBody(content, len(before) + size + len(after), before, after, content_type)


def _part(
    boundary: str, name: str, *, file_name: str | None = None, content_type: str | None = None
) -> bytes:
    """Return the head of one part of a form (RFC 7578)."""
    line = f'Content-Disposition: form-data; name="{name.translate(_ESCAPED)}"'
    if file_name is not None:
        line += f'; filename="{file_name.translate(_ESCAPED)}"'
    if content_type is not None:
        if not content_type.isprintable():
            raise TransportFault(Reason.MISCONFIGURED, "the file's media type is not valid")
        line += f"\r\nContent-Type: {content_type}"
    return f"--{boundary}\r\n{line}\r\n\r\n".encode()
