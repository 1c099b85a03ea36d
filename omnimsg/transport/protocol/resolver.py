"""Look up the addresses of hosts, and cache them for a few seconds."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeAlias

from omnimsg.transport.fault_texts import no_address
from omnimsg.transport.threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

# As `socket.getaddrinfo` returns it: family, type, protocol, canonical name, address.
AddressInfo: TypeAlias = tuple[Any, Any, int, str, Any]

# Seconds for which addresses are cached. Without a cache, each of many connections that are made at
# once would need a look-up.
_CACHE_SECONDS = 10.0

# The most hosts whose addresses are cached.
_CACHE_SIZE = 64


class Resolver:
    """Looks up the addresses of hosts in threads.

    Concurrent look-ups of one host share one look-up.

    Args:
        loop: The event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._cache: dict[tuple[str, int], tuple[float, Sequence[AddressInfo]]] = {}
        self._pending: dict[tuple[str, int], asyncio.Future[list[AddressInfo]]] = {}

    async def resolve(self, host: str, port: int) -> Sequence[AddressInfo]:
        """Return the addresses of a host.

        Raises:
            OSError: There is no such host, or the look-up failed.
        """
        literal = _literal(host, port)
        if literal is not None:
            return [literal]
        key = host, port
        expires_at, addresses = self._cache.get(key, (0.0, ()))
        if self._loop.time() < expires_at:
            return addresses
        lookup = self._pending.get(key)
        if lookup is None:
            lookup = self._pending[key] = run_in_thread(self._loop, partial(_look_up, host, port))
            lookup.add_done_callback(lambda done: self._store(key, done))
        # Shielded: other callers may wait for the same look-up.
        return await asyncio.shield(lookup)

    def forget(self) -> None:
        """Drop the cached addresses."""
        self._cache.clear()

    def _store(self, key: tuple[str, int], lookup: asyncio.Future[list[AddressInfo]]) -> None:
        del self._pending[key]
        if not lookup.cancelled() and lookup.exception() is None:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            self._cache[key] = self._loop.time() + _CACHE_SECONDS, lookup.result()


def _look_up(host: str, port: int) -> list[AddressInfo]:
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not addresses:
        raise no_address()
    return addresses


def _literal(host: str, port: int) -> AddressInfo | None:
    """Return the address of a host that is an IP address, which needs no look-up, or `None`."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if address.version == 4:
        return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)
    if address.scope_id is not None:
        return None  # only the system can map the scope to an interface number
    return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0)
