"""The aiohttp connection pool of one account, built from its `Network` settings."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from omnimsg.transport.inherited_sockets import create_socket

if TYPE_CHECKING:
    import ssl

    from yarl import URL

    from omnimsg.transport.network import Network


class TimedResolver(AbstractResolver):
    """aiohttp's resolver with a time limit: the system's resolver takes none.

    Args:
        timeout: Seconds for each look-up.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._resolver = aiohttp.DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look up the addresses of a host."""
        async with asyncio.timeout(self._timeout):
            return await self._resolver.resolve(host, port, family)

    async def close(self) -> None:
        """Close aiohttp's resolver."""
        await self._resolver.close()


class Connector(aiohttp.TCPConnector):
    """A pool that can be left to the garbage collector without a warning.

    Attributes:
        is_abandoned: Whether it was left to the garbage collector.
    """

    is_abandoned: bool = False

    def __del__(self, *given: Any) -> None:  # noqa: ANN401 - as aiohttp has it
        """Close what is open, with a warning, unless it was abandoned."""
        if not self.is_abandoned:
            super().__del__(*given)


class Connections:
    """The pool of connections of one account. It must be created in the loop that uses it.

    Args:
        max_connections: The most connections that are open at once.
        network: The account's network settings.
        tls: The TLS context of `network`, where it has one.

    Attributes:
        connector: aiohttp's pool.
        timeout: The time limit for making a connection. `Timeouts` limits the whole exchange: a
            timer of aiohttp for each request would cost more.
        has_proxy: Whether the account has a proxy.
    """

    def __init__(self, max_connections: int, network: Network, tls: ssl.SSLContext | None) -> None:
        self._resolver = TimedResolver(network.connect_timeout)
        self._options: dict[str, Any] = {
            "limit": max_connections,
            "ssl": True if tls is None else tls,
            "resolver": self._resolver,
            "socket_factory": create_socket,
        }
        keepalive: dict[str, Any] = (
            {"keepalive_timeout": network.keepalive} if network.keepalive else {"force_close": True}
        )
        self.connector: Connector = Connector(**self._options, **keepalive)
        self.timeout: aiohttp.ClientTimeout = aiohttp.ClientTimeout(
            sock_connect=network.connect_timeout
        )
        self._proxy: dict[str, Any] = {}
        self.has_proxy: bool = network.proxy is not None
        if network.proxy is not None:
            self._proxy["proxy"] = network.proxy.url
            if network.proxy.authorization is not None:
                self._proxy["proxy_headers"] = {
                    "Proxy-Authorization": network.proxy.authorization.reveal()
                }

    def keep_none(self) -> None:
        """Open another pool, whose connections carry one request each."""
        self.connector = Connector(**self._options, force_close=True)

    def proxy_options(self, url: URL) -> dict[str, Any]:
        """Return the options of a request that send it through the proxy.

        Only an encrypted request goes through it: in a tunnel the proxy sees neither the
        credentials nor the message.
        """
        return self._proxy if url.scheme == "https" else {}

    async def close(self) -> None:
        """Close the resolver, which the sessions do not close."""
        await self._resolver.close()
