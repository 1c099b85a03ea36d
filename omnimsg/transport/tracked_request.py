"""A request that tells when its first byte may leave, and that writes a small body by itself.

aiohttp calls a request's `send` when there is a connection, to have the first byte handed over. Not
called means that nothing left; called and marked means that something may have. (A hook of
aiohttp's tracing says the same, but tracing costs a seventh of what a request costs.)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http import StreamWriter
from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from aiohttp.abc import AbstractStreamWriter

    from omnimsg.adapter import Effect

# The most bytes, about, that a connection takes without having its writer wait.
MAX_SMALL_BODY = 2**16


class WriteMark:
    """Whether any byte of a request may have left; set before the first one does."""

    written: bool = False


# What a request marks and what it may do in the world, by the task that sends it. aiohttp sends a
# request in the task that asked for it, also where it sends it a second time. A context variable
# would not tell: tasks may share their context, and a request would mark another one.
sending: dict[asyncio.Task[Any] | None, tuple[WriteMark, Effect]] = {}


class TrackedRequest(aiohttp.ClientRequest):
    """A request that leaves its mark before it is written."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Write the request, or have aiohttp write what may take a while."""
        mark, effect = sending[asyncio.current_task(self.loop)]
        if mark.written and not effect.is_repeatable:
            # aiohttp repeats a DELETE by itself when a connection that was kept open breaks. A
            # second cancellation finds nothing left to cancel, and its "not found" would be
            # believed.
            raise aiohttp.ClientConnectionError("the connection broke, and this is not repeated")
        body, protocol = self.body, conn.protocol
        if not isinstance(body, SmallBody) or protocol is None or protocol.writing_paused:
            mark.written = True
            return await super().send(conn)
        # What aiohttp does, but for the task in which it writes any body: that task is a tenth of
        # what a small request costs. All that may fail, but for the writing, comes before the mark.
        writer = StreamWriter(protocol, self.loop)
        response = self.response_class(
            self.method,
            self.original_url,
            writer=None,
            continue100=None,
            timer=self._timer,
            request_info=self.request_info,
            traces=[],
            loop=self.loop,
            session=self.session,
            stream_writer=writer,
        )
        head = f"{self.method} {self.url.raw_path_qs} HTTP/1.1"
        await writer.write_headers(head, self.headers)  # they leave with the body
        mark.written = True
        await writer.write(body.data, drain=False)
        writer.set_eof()
        return response


class SmallBody(aiohttp.Payload):
    """A small body, written at once: what aiohttp makes of `bytes`, without the search for it.

    Whatever may be asked of a payload is answered here, so that the base prepares nothing for it:
    header lines, above all, which are the same for every small body.
    """

    autoclose: bool = True
    consumed: bool = False
    content_type: str = "application/octet-stream"
    encoding: str | None = None
    filename: str | None = None
    headers: CIMultiDict[str] = CIMultiDict({"Content-Type": content_type})
    size: int = 0

    def __init__(self, data: bytes) -> None:
        """Take the whole body."""
        self.data = data
        self.size = len(data)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return self.data.decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the body."""
        return self.data

    def write(self, writer: AbstractStreamWriter) -> Coroutine[Any, Any, None]:
        """Write the body, for aiohttp."""
        return writer.write(self.data)

    def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> Coroutine[Any, Any, None]:
        """Write so many bytes of the body, for aiohttp."""
        return writer.write(self.data[:content_length])

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""
