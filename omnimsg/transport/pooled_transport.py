"""The base class of both transports: opens connections on first use, and limits exchanges."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import anyio

from omnimsg.adapter import Multipart, Source
from omnimsg.domain.reason import Reason
from omnimsg.transport.endpoints import Endpoints
from omnimsg.transport.http_defaults import MAX_ANSWER_BYTES
from omnimsg.transport.interface import TransportFault
from omnimsg.transport.timeouts import CLEANUP_SECONDS, Timeouts

if TYPE_CHECKING:
    from omnimsg.adapter import Request
    from omnimsg.transport.interface import Sink
    from omnimsg.transport.network import Network
    from omnimsg.transport.options import TransportOptions

# The size of asyncio's read buffer, bytes.
_READ_BUFFER = 256 * 1024


class Connections(Protocol):
    """The connections of one transport in one event loop."""

    async def aclose(self) -> None:
        """Close all of them."""

    def abandon(self) -> None:
        """Leave them to the garbage collector."""


C = TypeVar("C", bound=Connections)


class PooledTransport(ABC, Generic[C]):
    """Keeps the connections of one account, and the time limits of its exchanges.

    Args:
        options: Where the requests go, and with which credentials.
        max_answer_bytes: The largest answer that is kept in memory.
    """

    def __init__(
        self, options: TransportOptions, *, max_answer_bytes: int = MAX_ANSWER_BYTES
    ) -> None:
        self._base_url = options.base_url
        self._network: Network = options.network
        self._request_timeout = options.network.request_timeout
        self._max_connections = options.connections
        self._max_answer_bytes = max_answer_bytes
        self._endpoints: Endpoints = Endpoints(
            options.base_url,
            hosts=options.hosts,
            authorization=options.authorization,
            allow_http=options.network.allow_http,
        )
        self._opened: C | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timeouts = Timeouts()
        self._active = 0
        self._idle: asyncio.Event | None = None
        self._closed = False

    def __repr__(self) -> str:
        """Show the base URL, and no credentials."""
        return f"{type(self).__name__}({self._base_url!r})"

    @property
    def is_open(self) -> bool:
        """Whether it may have connections: it has sent a request, and is not closed."""
        return self._opened is not None

    async def aclose(self) -> None:
        """Refuse new requests, wait for the answers in flight, then close all connections."""
        self._closed = True
        try:
            if self._active:
                self._idle = self._idle or asyncio.Event()
                await self._idle.wait()
        finally:
            self._timeouts.close()
            opened, self._opened = self._opened, None
            if opened is not None:
                # Shielded: if the caller was cancelled, nothing else closes the connections.
                with anyio.move_on_after(CLEANUP_SECONDS, shield=True):
                    await opened.aclose()

    def abandon(self) -> None:
        """Leave all connections to the garbage collector: their event loop does not run here."""
        self._closed = True
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.abandon()

    @abstractmethod
    def _connect(self, loop: asyncio.AbstractEventLoop) -> C:
        """Return the connections for an event loop; none of them is made yet."""

    def _open(self) -> C:
        # asyncio allocates a buffer of this size for every read and shrinks it to the data. glibc
        # maps and unmaps a block of that size each time (three system calls and two page faults per
        # request), until a larger one has been freed once.
        bytes(2 * _READ_BUFFER)
        self._loop = loop = asyncio.get_running_loop()
        self._opened = opened = self._connect(loop)
        return opened

    def _allowed_time(self, request: Request, within: float, sink: Sink | None) -> float:
        """Return the time limit of an exchange, seconds.

        Raises:
            TransportFault: The transport is closed, or no time is left.
        """
        if self._closed:
            raise TransportFault(Reason.CANCELLED, "the client is closed")
        if within <= 0:
            raise TransportFault(Reason.TIMEOUT, "no time is left for the request")
        longest = self._request_timeout
        if longest is None or sink is not None or isinstance(request.body, (Source, Multipart)):
            return within
        return min(within, longest)

    def _begin(self, within: float) -> asyncio.Task[Any]:
        """Begin an exchange in the current task, and return that task; `_end` must follow."""
        # With the known loop: finding the running loop is a system call in some versions of Python.
        task = asyncio.current_task(self._loop) or asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._active += 1
        self._timeouts.start(task, within)
        return task

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._timeouts.stop(task)
        self._active -= 1
        if self._idle is not None and not self._active:
            self._idle.set()

    def _as_timeout(self, error: BaseException, task: asyncio.Task[Any]) -> BaseException:
        """Return a `TimeoutError` for a cancellation by the time limit, else the error itself."""
        is_timeout = isinstance(error, asyncio.CancelledError) and self._timeouts.stop(task)
        return TimeoutError() if is_timeout else error
