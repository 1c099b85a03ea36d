"""Hand-written HTTP requests, for what no client would send."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@attrs.frozen
class Answered:
    """An answer, and whether the server closed the connection after it.

    Attributes:
        status: The HTTP status; 0 without an answer.
        head: The header lines, by lower-case name.
        body: The body.
        is_closed: Whether the connection was closed.
    """

    status: int
    head: dict[bytes, bytes]
    body: bytes
    is_closed: bool


def post(
    path: str,
    body: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
    *,
    method: str = "POST",
    length: int | None = None,
    is_chunked: bool = False,
) -> bytes:
    """Write a request.

    Args:
        path: The target, as it is written in the request line.
        body: The body.
        headers: Further header lines.
        method: The method.
        length: The `Content-Length`; by default the body's length.
        is_chunked: Whether the body is sent in one chunk, without a `Content-Length`.
    """
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n".encode()
    head += b"".join(b"%b: %b\r\n" % line for line in headers)
    if is_chunked:
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk
    size = len(body) if length is None else length
    return head + f"Content-Length: {size}\r\n\r\n".encode() + body


class Connection:
    """One connection to a server on this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def write(self, data: bytes) -> None:
        """Write bytes, as far as the server reads them."""
        with suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def answer(self) -> Answered:
        """Read one answer, and check whether the connection is closed after it."""
        head: list[bytes] = []
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                while line := (await self._reader.readline()).rstrip():
                    head.append(line)
            if not head:
                return Answered(0, {}, b"", is_closed=True)
            lines = dict(line.lower().split(b": ", 1) for line in head[1:])
            if b"transfer-encoding" in lines:  # a framework's own page: not needed
                self._writer.close()
                return Answered(int(head[0].split()[1]), lines, b"", is_closed=True)
            body = await self._reader.readexactly(int(lines.get(b"content-length", b"0")))
        is_to_close = lines.get(b"connection") == b"close"
        is_closed = await self.is_closed(within=20 if is_to_close else 0.02)
        return Answered(int(head[0].split()[1]), lines, body, is_closed)

    async def is_closed(self, *, within: float) -> bool:
        """Return whether the server closes the connection; fail if it sends more bytes."""
        try:
            async with asyncio.timeout(within):
                more = await self._reader.read(1)
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        assert not more, more
        return True

    async def ask(self, *pieces: bytes) -> Answered:
        """Write a request in pieces, and read its answer."""
        for each in pieces:
            await self.write(each)
        return await self.answer()

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    def abort(self) -> None:
        """Reset the connection, and drop the bytes not yet written or read."""
        self._writer.transport.abort()


async def ask(port: int, *pieces: bytes) -> Answered:
    """Send a request on a new connection, and return the answer."""
    connection = await Connection.open(port)
    try:
        return await connection.ask(*pieces)
    finally:
        connection.close()


async def ask_all(port: int, requests: Sequence[bytes]) -> list[int]:
    """Send requests on one connection each, concurrently, and return the statuses."""
    return [each.status for each in await asyncio.gather(*(ask(port, each) for each in requests))]
