"""A provider's side of the wire that misbehaves on purpose: raw TCP servers on this machine.

A server plays its acts in order, one per request, and repeats the last one. It keeps what reached
it, so that a test can say "once, and never again".
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TypeAlias

import attrs

from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    import ssl


class Gone(Exception):  # noqa: N818 - an act is over, which is no error
    """The connection is closed; nothing more is played on it."""


@attrs.frozen
class Received:
    """One request as it arrived.

    Attributes:
        line: Its first line.
        headers: By lower-case name.
        body: Its body.
    """

    line: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=hidden)


@attrs.define
class Visit:
    """One connection.

    Attributes:
        server: The server it came to.
        reader: What comes in.
        writer: What goes out.
        received: The last whole request on it.
    """

    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    received: Received = attrs.field(init=False)

    async def head(self) -> tuple[str, dict[str, str]]:
        """Read up to the empty line."""
        try:
            text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Gone from None
        line, *rest = text.strip().split("\r\n")
        return line, {
            name.lower(): value for name, _, value in (each.partition(": ") for each in rest)
        }

    async def request(self) -> None:
        """Read a whole request and note it."""
        line, headers = await self.head()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readexactly(2)
        else:
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        self.received = Received(line, headers, body)
        self.server.requests.append(self.received)
        self.server.arrived.set()

    async def say(self, data: bytes) -> None:
        """Write bytes."""
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()


Act: TypeAlias = Callable[[Visit], Awaitable[None]]


class Server:
    """A server that plays acts.

    Args:
        acts: What to do with the first request, the second, ...; the last one is repeated.
        connecting: What to do with every connection, before any request is read.
        tls: Speak TLS.

    Attributes:
        requests: The whole requests it read, in order.
        connections: How many there were.
        met: Set when somebody has connected.
        arrived: Set whenever a whole request was read.
        over: Set when the test is over.
    """

    def __init__(
        self, *acts: Act, connecting: Act | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._acts = acts
        self._connecting = connecting
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[Received] = []
        self.connections = 0
        self.met = asyncio.Event()
        self.arrived = asyncio.Event()
        self.over = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening, and end every connection."""
        self._server.close()
        self.over.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.met.set()
        task = asyncio.create_task(self._play(Visit(self, reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _play(self, visit: Visit) -> None:
        try:
            with suppress(Gone, asyncio.IncompleteReadError, ConnectionError):
                if self._connecting is not None:
                    await self._connecting(visit)
                while True:
                    await visit.request()
                    act = self._acts[min(len(self.requests), len(self._acts)) - 1]
                    await act(visit)
        finally:
            visit.writer.close()


def answer(status: int, body: bytes = b"", /, **headers: str) -> Act:
    """Answer properly; `retry_after="5"` becomes the header `Retry-After: 5`."""
    lines = {"content_type": "application/json", "content_length": str(len(body)), **headers}
    head = "".join(
        f"{name.replace('_', '-').title()}: {value}\r\n" for name, value in lines.items()
    )
    return saying(f"HTTP/1.1 {status} Because\r\n{head}\r\n".encode() + body)


def page(status: int) -> Act:
    """Answer with a web page, as proxies and wrong addresses do."""
    return answer(status, b"<html><body>Hello</body></html>", content_type="text/html")


def saying(data: bytes, *, then: Act | None = None) -> Act:
    """Write exactly these bytes."""

    async def act(visit: Visit) -> None:
        await visit.say(data)
        if then is not None:
            await then(visit)

    return act


async def stall(visit: Visit) -> None:
    """Keep silent until the test is over."""
    await visit.server.over.wait()


async def close(visit: Visit) -> None:
    """Close the connection without another word."""
    visit.writer.close()
    raise Gone


async def reset(visit: Visit) -> None:
    """Break the connection with a TCP reset."""
    sock = visit.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visit.writer.transport.abort()
    raise Gone


async def reset_after_head(visit: Visit) -> None:
    """Read the header lines and break the connection before the body is read."""
    await visit.head()
    await reset(visit)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
