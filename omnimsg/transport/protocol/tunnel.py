"""Ask an HTTP proxy for a tunnel to a host (CONNECT, RFC 9110, 9.3.6)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.protocol.answer_parser import AnswerParser
from omnimsg.transport.protocol.errors import ConnectionBrokenError, TunnelRefusedError

if TYPE_CHECKING:
    from omnimsg.domain.secret import Secret

# The body of no answer is kept: a tunnel has none, and that of a refusal is not read.
_STREAMED = frozenset(range(100, 1000))


class Tunnel(asyncio.Protocol):
    """The connection to a proxy, until it has answered CONNECT.

    Args:
        loop: The event loop.

    Attributes:
        transport: The event loop's transport.
    """

    transport: asyncio.Transport

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = AnswerParser(max_body=0)
        self._answered: asyncio.Future[int] | None = None

    async def open(self, host: str, port: int, authorization: Secret | None) -> None:
        """Ask for a tunnel.

        Args:
            host: A name, or an address without brackets.
            port: The port.
            authorization: The value of `Proxy-Authorization`.

        Raises:
            TunnelRefusedError: The proxy answered with something other than 2xx.
            ConnectionBrokenError: The proxy closed the connection before it answered.
        """
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", "User-Agent: omnimsg"]
        if authorization is not None:
            lines.append(f"Proxy-Authorization: {authorization.reveal()}")
        self._answered = self._loop.create_future()
        self._parser.expect()
        self._parser.expect_other(streamed=_STREAMED, is_head=False)
        self.transport.write("\r\n".join([*lines, "", ""]).encode())
        status = await self._answered
        if not 200 <= status < 300:
            raise TunnelRefusedError(status)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the event loop's transport."""
        # A cast without a check: the transports of uvloop are not a subclass.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read the head of the answer; refuse a tunnel in which bytes follow a 2xx head.

        In TLS the client speaks first, so such bytes are not the host's.
        """
        parser = self._parser
        try:
            parser.feed(data)
        except AnswerError:
            self._fail(TunnelRefusedError(None))
            return
        if not parser.is_streamed:
            return  # the head is not complete
        if parser.chunks and parser.status < 300:
            self._fail(TunnelRefusedError(None))
        elif self._answered is not None and not self._answered.done():
            # The body of a refusal is not read: the caller closes the connection.
            self._answered.set_result(parser.status)

    def connection_lost(self, error: Exception | None) -> None:
        """Note that the proxy has closed the connection."""
        self._fail(ConnectionBrokenError())

    def _fail(self, error: Exception) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)
