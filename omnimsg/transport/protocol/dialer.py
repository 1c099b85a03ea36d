"""Make connections: look up the host, connect, ask the proxy for a tunnel, start TLS."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from typing import TYPE_CHECKING

from aiohappyeyeballs import start_connection

from omnimsg.transport.inherited_sockets import create_socket
from omnimsg.transport.protocol.connection import Connection
from omnimsg.transport.protocol.resolver import Resolver
from omnimsg.transport.protocol.tunnel import Tunnel
from omnimsg.transport.threads import run_in_thread

if TYPE_CHECKING:
    import socket

    from omnimsg.transport.network import Network
    from omnimsg.transport.protocol.connection import Owner
    from omnimsg.transport.protocol.origin import Origin

# Seconds after which the next address of a host is tried in parallel (RFC 8305).
_NEXT_ADDRESS_DELAY = 0.25


class Dialer:
    """Makes the connections of one account.

    The sockets are made here, and not by `loop.create_connection`: a forked process must find them
    (`inherited_sockets`), and uvloop would try one address after the other.

    Args:
        network: The account's network settings.
        max_body: The largest answer that is kept in memory, bytes.
        tls: The TLS context of `network`, where it has one.
    """

    def __init__(self, network: Network, max_body: int, tls: ssl.SSLContext | None) -> None:
        self._network = network
        self._max_body = max_body
        self._tls = tls
        self._resolver: Resolver | None = None

    async def dial(
        self, loop: asyncio.AbstractEventLoop, owner: Owner, origin: Origin
    ) -> Connection:
        """Make a connection.

        Raises:
            TimeoutError: It could not be made within `connect_timeout`.
            OSError: It could not be made; `ssl.SSLError` where the TLS handshake failed.
            TunnelRefusedError: The proxy refused a tunnel.
        """
        connection = Connection(loop, owner, origin, self._max_body)
        try:
            async with asyncio.timeout(self._network.connect_timeout):
                await self._dial(loop, origin, connection)
        except BaseException:
            if self._resolver is not None:
                self._resolver.forget()  # the host may have other addresses by now
            raise
        return connection

    async def _dial(
        self, loop: asyncio.AbstractEventLoop, origin: Origin, connection: Connection
    ) -> None:
        is_encrypted = origin.scheme == "https"
        if is_encrypted and self._network.proxy is not None:
            await self._dial_through_proxy(loop, origin, connection)
            return
        tls = await self._tls_context(loop) if is_encrypted else None
        name = _server_name(origin) if is_encrypted else None
        sock = await self._connect(loop, origin.host, origin.port)
        await loop.create_connection(lambda: connection, sock=sock, ssl=tls, server_hostname=name)

    async def _dial_through_proxy(
        self, loop: asyncio.AbstractEventLoop, origin: Origin, connection: Connection
    ) -> None:
        proxy = self._network.proxy
        assert proxy is not None  # noqa: S101 - for the type checker
        tls = await self._tls_context(loop)
        sock = await self._connect(loop, *proxy.address)
        transport, tunnel = await loop.create_connection(lambda: Tunnel(loop), sock=sock)
        try:
            await tunnel.open(origin.host, origin.port, proxy.authorization)
            encrypted = await loop.start_tls(
                transport, connection, tls, server_hostname=_server_name(origin)
            )
        except BaseException:
            transport.abort()
            raise
        if encrypted is None:  # closed meanwhile
            raise ConnectionResetError
        connection.connection_made(encrypted)

    async def _connect(
        self, loop: asyncio.AbstractEventLoop, host: str, port: int
    ) -> socket.socket:
        if self._resolver is None:
            self._resolver = Resolver(loop)
        addresses = await self._resolver.resolve(host, port)
        return await start_connection(
            addresses,
            happy_eyeballs_delay=_NEXT_ADDRESS_DELAY,
            interleave=1,
            loop=loop,
            socket_factory=create_socket,
        )

    async def _tls_context(self, loop: asyncio.AbstractEventLoop) -> ssl.SSLContext:
        if self._tls is None:
            # Reading the system's certificates takes some 20 ms.
            self._tls = await run_in_thread(loop, _system_context)
        return self._tls


@cache
def _system_context() -> ssl.SSLContext:
    """Return the context that trusts the system's certificates; all accounts share it."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _server_name(origin: Origin) -> str:
    """Return the host name as certificates have it: without a dot at the end."""
    return origin.host.rstrip(".")
