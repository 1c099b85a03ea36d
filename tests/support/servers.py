"""Raw TCP servers on this machine that act as a faulty provider.

A server plays its acts in order, one per request, and repeats the last one. It keeps the requests
that it read, so that a test can count them.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TypeAlias

import attrs

from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    import ssl


class Gone(Exception):  # noqa: N818 - the end of an act, not an error
    """Raised by an act to end its connection."""


@attrs.frozen
class Received:
    """One request as the server read it.

    Attributes:
        line: The request line.
        headers: The header lines, by lower-case name.
        body: The body.
    """

    line: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=hidden)


@attrs.define
class Visit:
    """One connection.

    Attributes:
        server: The server that accepted it.
        reader: Reads what the client writes.
        writer: Writes to the client.
        received: The last complete request on it.
    """

    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    received: Received = attrs.field(init=False)

    async def head(self) -> tuple[str, dict[str, str]]:
        """Read the request line and the header lines."""
        try:
            text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Gone from None
        line, *rest = text.strip().split("\r\n")
        return line, {
            name.lower(): value for name, _, value in (each.partition(": ") for each in rest)
        }

    async def request(self) -> None:
        """Read a complete request and keep it."""
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


# Iterations of the event loop from accepting a connection to `_on_connect`, and a few more.
_TURNS_TO_CONNECT = 8


class Server:
    """A server that plays acts.

    Args:
        acts: How to treat the first request, the second, ...; the last one is repeated.
        connecting: How to treat every connection before a request is read.
        tls: The TLS context; `None` for plain TCP.

    Attributes:
        requests: The complete requests that were read, in order.
        connections: How many connections were accepted.
        met: Set when a client has connected.
        arrived: Set when a complete request was read.
        left: Set when a client has closed a connection on which `hold` is played.
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
        self.left = asyncio.Event()
        self.over = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._on_connect, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening, and end every connection."""
        # Closing the server at once would leak the socket of a connection just accepted, as would
        # accepting another one in the last of these turns.
        loop = asyncio.get_running_loop()
        for listening in self._server.sockets:
            loop.remove_reader(listening.fileno())
        for _turn in range(_TURNS_TO_CONNECT):
            await asyncio.sleep(0)
        self._server.close()
        self.over.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """The server's base URL."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def _on_connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
    """Answer with valid HTTP; `retry_after="5"` becomes the header `Retry-After: 5`."""
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
    """Write nothing until the test is over."""
    await visit.server.over.wait()


async def hold(visit: Visit) -> None:
    """Write nothing until the client closes the connection."""
    await visit.reader.read()
    visit.server.left.set()
    raise Gone


async def close(visit: Visit) -> None:
    """Close the connection without an answer."""
    visit.writer.close()
    raise Gone


async def reset(visit: Visit) -> None:
    """Reset the TCP connection."""
    sock = visit.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visit.writer.transport.abort()
    raise Gone


async def reset_after_head(visit: Visit) -> None:
    """Read the header lines, and reset the connection before the body is read."""
    await visit.head()
    await reset(visit)


@functools.cache
def refusing_port() -> int:
    """Reserve a port that refuses connections for as long as this process lives."""
    # Bound and not listening, so that no other process can take the port.
    reserved = socket.socket()
    reserved.bind(("127.0.0.1", 0))
    atexit.register(reserved.close)
    return int(reserved.getsockname()[1])


def free_port() -> int:
    """Return a port that no server listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
