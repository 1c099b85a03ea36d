"""Request bodies in the form that aiohttp takes."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp

from omnimsg.adapter import Multipart, Source
from omnimsg.transport.files import ExactReader, open_for_sending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import IO, Any

    from aiohttp.abc import AbstractStreamWriter

    from omnimsg.adapter import Request

# The most bytes that aiohttp writes in one piece without a warning.
_MAX_PIECE = 2**20

# The most bytes of a file that are read at once.
_MAX_READ = 256 * 1024


@asynccontextmanager
async def open_body(request: Request) -> AsyncIterator[Any]:
    """Convert a request's body to a form that aiohttp takes; keep its file open meanwhile.

    Raises:
        TransportFault: The file cannot be read.
    """
    body = request.body
    form = body if isinstance(body, Multipart) else None
    source = body.source if isinstance(body, Multipart) else body
    if not isinstance(source, Source):
        yield _in_pieces(source) if isinstance(source, bytes) else source
        return
    if isinstance(source.data, bytes):
        content = _in_pieces(source.data)
        yield content if form is None else _form(form, content)
        return
    file = await open_for_sending(source.data)
    try:
        # By itself aiohttp guesses a media type, for which it reads files.
        content_type = (request if form is None else form).content_type
        payload = FilePayload(file, content_type or "application/octet-stream")
        yield payload if form is None else _form(form, payload)
    finally:
        file.close()


class FilePayload(aiohttp.Payload):
    """A file that is sent with the size that it had when it was opened, whatever becomes of it.

    With aiohttp's own payload, one that became shorter is waited for in vain by the server, and
    of one in a form that became longer more is sent than was announced.

    Args:
        file: The open file.
        content_type: The media type.
    """

    def __init__(self, file: IO[bytes], content_type: str) -> None:
        super().__init__(file, content_type=content_type)
        self._file = file
        self._file_size = os.fstat(file.fileno()).st_size

    @property
    def size(self) -> int:
        """Return the size, bytes."""
        return self._file_size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refuse it: nobody needs a whole file as text."""
        raise NotImplementedError

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the file.

        Raises:
            TransportFault: It cannot be read, or has become shorter.
        """
        await self.write_with_length(writer, None)

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write at most so many bytes of the file."""
        size = self.size if content_length is None else min(self.size, content_length)
        self._file.seek(0)  # the request may be a repetition
        pieces = ExactReader(self._file, size)
        while piece := await pieces.read(_MAX_READ):
            await writer.write(piece)


def _form(body: Multipart, content: bytes | BytesIO | FilePayload) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in body.fields:
        form.add_field(name, value)
    form.add_field(
        body.file_field, content, filename=body.file_name, content_type=body.content_type
    )
    return form


def _in_pieces(data: bytes) -> bytes | BytesIO:
    """Make aiohttp write a large body in pieces; in one piece it would block the event loop."""
    return BytesIO(data) if len(data) > _MAX_PIECE else data
