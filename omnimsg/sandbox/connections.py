"""Limit the open connections, so that stalled ones cannot block new ones.

A separate protocol in front of aiohttp's does this, because a connection without a complete request
is not visible to any handler.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

_BODY: Final = b'{"error": "connections: the sandbox serves as many as it can; close some first"}'
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


class Connections:
    """The open connections of one sandbox.

    Args:
        max_open: The limit. At the limit, a new connection replaces the one without a complete
            request that has been silent longest; if there is none, the new one gets a 503.
    """

    def __init__(self, max_open: int) -> None:
        self._max_open = max_open
        # Ordered by the time of the last data, oldest first.
        self._open: OrderedDict[asyncio.BaseTransport, web.Request | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def protocol(self, factory: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        """Return a protocol that passes an admitted connection to a protocol of ``factory``."""
        return _Admission(self, factory)

    def admit(self, transport: asyncio.BaseTransport) -> bool:
        """Admit a connection, if need be in place of a stalled one; return whether it may stay."""
        if len(self._open) >= self._max_open:
            stalled = next(
                (each for each, request in self._open.items() if _waits_for_client(request)), None
            )
            if stalled is None:
                return False
            del self._open[stalled]
            stalled.close()
        self._open[transport] = None
        return True

    def heard_from(self, transport: asyncio.BaseTransport) -> None:
        """Record that data has arrived."""
        if transport in self._open:
            self._open.move_to_end(transport)

    def forget(self, transport: asyncio.BaseTransport) -> None:
        """Remove a closed connection."""
        self._open.pop(transport, None)

    def begin(self, request: web.Request) -> None:
        """Record that a request is being answered, which keeps its connection open."""
        transport = request.transport
        if transport is not None and transport in self._open:
            self._open[transport] = request

    def end(self, request: web.Request) -> None:
        """Record that a request has been answered."""
        transport = request.transport
        if transport is not None and transport in self._open:
            self._open[transport] = None
            self._open.move_to_end(transport)


def _waits_for_client(request: web.Request | None) -> bool:
    """Return whether a connection waits for its client to send a request or the rest of a body."""
    return request is None or not request.content.is_eof()


class _Admission(asyncio.Protocol):
    """Forwards the events of an admitted connection to aiohttp's protocol, and drops all others."""

    _transport: asyncio.BaseTransport

    def __init__(self, connections: Connections, factory: Callable[[], asyncio.Protocol]) -> None:
        self._connections = connections
        self._factory = factory
        self._inner = asyncio.Protocol()  # does nothing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        if self._connections.admit(transport):
            self._inner = self._factory()
            self._inner.connection_made(transport)
        else:
            cast("asyncio.Transport", transport).write(_FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        self._connections.heard_from(self._transport)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.forget(self._transport)
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
