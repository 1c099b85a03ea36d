"""Request bodies in the form that aiohttp takes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp

from omnimsg.adapter import Multipart, Source
from omnimsg.transport.files import open_for_sending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import IO, Any

    from omnimsg.adapter import Request

# The most bytes that aiohttp writes in one piece without a warning.
_MAX_PIECE = 2**20


@asynccontextmanager
async def open_body(request: Request) -> AsyncIterator[Any]:
    """Convert a request's body to a form that aiohttp takes; keep its file open meanwhile.

    Raises:
        TransportFault: The file cannot be read.
    """
    body = request.body
    source = body.source if isinstance(body, Multipart) else body
    if not isinstance(source, Source):
        yield _in_pieces(source) if isinstance(source, bytes) else source
        return
    if isinstance(source.data, bytes):
        yield _payload(request, _in_pieces(source.data))
        return
    file = await open_for_sending(source.data)
    try:
        yield _payload(request, file)
    finally:
        file.close()


def _payload(request: Request, content: bytes | IO[bytes]) -> Any:  # noqa: ANN401 - for aiohttp
    body = request.body
    if isinstance(body, Multipart):
        form = aiohttp.FormData()
        for name, value in body.fields:
            form.add_field(name, value)
        form.add_field(
            body.file_field, content, filename=body.file_name, content_type=body.content_type
        )
        return form
    if isinstance(content, (bytes, BytesIO)):
        return content
    # By itself aiohttp guesses a media type, for which it reads files, and sends the file's name.
    content_type = request.content_type or "application/octet-stream"
    return aiohttp.BufferedReaderPayload(content, content_type=content_type, filename=None)


def _in_pieces(data: bytes) -> bytes | BytesIO:
    """Make aiohttp write a large body in pieces; in one piece it would block the event loop."""
    return BytesIO(data) if len(data) > _MAX_PIECE else data
