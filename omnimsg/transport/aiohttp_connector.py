"""The aiohttp connection pool of one account, built from its `Network` settings."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from omnimsg.transport.fault_texts import no_address
from omnimsg.transport.inherited_sockets import create_socket
from omnimsg.transport.threads import run_in_own_thread

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientRequest
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace
    from yarl import URL

    from omnimsg.transport.network import Network


class TimedResolver(AbstractResolver):
    """aiohttp's resolver with a time limit: the system's resolver takes none.

    aiohttp's uses the executor of the event loop, which takes no work while the process ends; names
    are then looked up in threads of their own.

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
            addresses = await self._look_up(host, port, family)
        if not addresses:
            raise no_address()
        return addresses

    async def close(self) -> None:
        """Close aiohttp's resolver."""
        await self._resolver.close()

    async def _look_up(
        self, host: str, port: int, family: socket.AddressFamily
    ) -> list[ResolveResult]:
        try:
            return await self._resolver.resolve(host, port, family)
        except RuntimeError:
            pass
        rows = await run_in_own_thread(
            asyncio.get_running_loop(),
            partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM),
        )
        return [_resolved(host, row) for row in rows]


def _resolved(host: str, row: tuple[Any, ...]) -> ResolveResult:
    """Convert a row of `socket.getaddrinfo`; a link-local address keeps its scope."""
    family, _, protocol, _, address = row
    scope = f"%{address[3]}" if len(address) > 3 and address[3] else ""
    return ResolveResult(
        hostname=host,
        host=f"{address[0]}{scope}",
        port=address[1],
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


class Connector(aiohttp.TCPConnector):
    """A pool with a time limit for each connection, which can be abandoned without a warning.

    Args:
        connect_timeout: Seconds for making a connection, from the look-up of its name to the end
            of the TLS handshake. aiohttp's own limits leave out the answer of a proxy.
        options: The options of aiohttp's pool.

    Attributes:
        is_abandoned: Whether it was left to the garbage collector.
    """

    is_abandoned: bool = False

    def __init__(self, connect_timeout: float, **options: Any) -> None:  # noqa: ANN401
        super().__init__(**options)
        self._connect_timeout = connect_timeout

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as aiohttp has it
    ) -> ResponseHandler:
        """Make a connection; the method of aiohttp's that each kind of pool has."""
        try:
            async with asyncio.timeout(self._connect_timeout):
                return await super()._create_connection(req, traces, timeout)
        except BaseException:
            self.clear_dns_cache()  # the host may have other addresses by now
            raise

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
            "connect_timeout": network.connect_timeout,
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

    def disable_keepalive(self) -> None:
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
