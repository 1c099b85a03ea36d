"""The transport over `asyncio.Protocol`: exchanges of one account, their time limits, closing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio

from omnimsg.adapter import Multipart, Request, Response, Source
from omnimsg.domain.reason import Reason
from omnimsg.transport.endpoints import Endpoints
from omnimsg.transport.interface import TransportFault
from omnimsg.transport.network import Network
from omnimsg.transport.protocol.asking import ask, may_repeat
from omnimsg.transport.protocol.dialer import Dialer
from omnimsg.transport.protocol.errors import AnswerError, ConnectionBrokenError
from omnimsg.transport.protocol.faults import fault_from
from omnimsg.transport.protocol.pool import Pool
from omnimsg.transport.protocol.request_body import open_body
from omnimsg.transport.protocol.request_head import RequestHeads
from omnimsg.transport.timeouts import CLEANUP_SECONDS, Timeouts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from omnimsg.transport.interface import Sink, WriteMark
    from omnimsg.transport.protocol.request_head import Head

# The largest answer that is kept in memory, bytes. A batch of 1,000 verdicts has some 300 kB.
MAX_ANSWER_BYTES = 32 * 1024 * 1024

# What asyncio reads at once, bytes.
_READ_BUFFER = 256 * 1024


class ProtocolTransport:
    """The transport of one account over `asyncio.Protocol`.

    Credentials are added only to a request that asks for them and whose host the adapter declares.
    Redirects are answers like any other.

    Args:
        base_url: The URL that paths of requests are appended to.
        hosts: The hosts, with a port where it is not the default, that may get the credentials.
        authorization: The header lines with the credentials.
        connections: The most connections that are open at once.
        max_answer_bytes: The largest answer that is kept in memory.
        network: Proxy, certificates, timeouts.

    Raises:
        OSError: The file with certificates cannot be read, or holds none.
    """

    def __init__(
        self,
        base_url: str,
        *,
        hosts: frozenset[str],
        authorization: Mapping[str, str],
        connections: int = 100,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        network: Network | None = None,
    ) -> None:
        self._base_url = base_url
        self._network = network or Network()
        self._dialer = Dialer(self._network, max_answer_bytes, self._network.tls_context())
        self._request_timeout = self._network.request_timeout
        self._endpoints = Endpoints(
            base_url,
            hosts=hosts,
            authorization=authorization,
            allow_http=self._network.allow_http,
        )
        self._most = connections
        self._heads = RequestHeads(self._endpoints, keeps_connections=self._network.keepalive > 0)
        self._pool: Pool | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timeouts = Timeouts()
        self._active = 0
        self._idle: asyncio.Event | None = None
        self._closed = False

    def __repr__(self) -> str:
        """Show the base URL, and no credentials."""
        return f"ProtocolTransport({self._base_url!r})"

    @property
    def is_open(self) -> bool:
        """Whether it may have connections: it has sent a request, and is not closed."""
        return self._pool is not None

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer."""
        if self._closed:
            raise TransportFault(Reason.CANCELLED, "the client is closed")
        if within <= 0:
            raise TransportFault(Reason.TIMEOUT, "no time is left for the request")
        if self._request_timeout is not None and sink is None and not _carries_file(request):
            within = min(within, self._request_timeout)
        head = self._heads.of(request)
        pool = self._pool or self._open()
        # Of the known loop: finding the running loop is a system call in some versions of Python.
        task = asyncio.current_task(self._loop) or asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._active += 1
        self._timeouts.start(task, within)
        try:
            body = request.body
            if sink is not None or not isinstance(body, bytes) or not head.fits(body):
                return await self._exchange_other(pool, request, head, mark, sink)
            # Nearly every request: small, and its answer is kept in memory.
            data = head.followed_by(body)
            connection = pool.take(head.origin) or await pool.acquire(head.origin)
            answer = connection.send(data, mark)
            try:
                return await answer
            except ConnectionBrokenError as error:
                if not may_repeat(request, connection, error):
                    raise
            except BaseException:
                connection.give_up(answer)
                raise
            return await self._exchange_other(pool, request, head, mark, None, is_new=True)
        except BaseException as error:
            fault = self._fault(error, task, mark, head)
            if fault is None:
                raise
            raise fault from error
        finally:
            self._timeouts.stop(task)
            self._active -= 1
            if self._idle is not None and not self._active:
                self._idle.set()

    async def aclose(self) -> None:
        """Refuse new requests, wait for the answers under way, then close all connections."""
        self._closed = True
        try:
            if self._active:
                self._idle = self._idle or asyncio.Event()
                await self._idle.wait()
        finally:
            self._timeouts.close()
            pool, self._pool = self._pool, None
            if pool is not None:
                # Also for a caller that was cancelled: nobody else could close it.
                with anyio.move_on_after(CLEANUP_SECONDS, shield=True):
                    await pool.aclose()

    def abandon(self) -> None:
        """Leave all connections to the garbage collector: their event loop does not run here."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.abandon()

    def _open(self) -> Pool:
        # asyncio reads into a new block of this size and shrinks it to what arrived. glibc gets
        # such a block from the system, and returns it, for every read, until a larger one has been
        # freed once: three system calls and two page faults per request.
        bytes(2 * _READ_BUFFER)
        self._loop = asyncio.get_running_loop()
        self._pool = Pool(
            self._loop,
            most=self._most,
            keepalive=self._network.keepalive,
            dial=self._dialer.dial,
        )
        return self._pool

    async def _exchange_other(
        self,
        pool: Pool,
        request: Request,
        head: Head,
        mark: WriteMark,
        sink: Sink | None,
        *,
        is_new: bool = False,
    ) -> Response:
        """Exchange any request: with a large body or none, with an answer for a sink."""
        async with open_body(request, head.length) as body:
            connection = await pool.acquire(head.origin, is_new=is_new)
            try:
                return await ask(connection, request, head, body, mark, sink)
            except ConnectionBrokenError as error:
                if is_new or not may_repeat(request, connection, error):
                    raise
        return await self._exchange_other(pool, request, head, mark, sink, is_new=True)

    def _fault(
        self, error: BaseException, task: asyncio.Task[Any], mark: WriteMark, head: Head
    ) -> TransportFault | None:
        """Return the fault that an error of an exchange is, or `None` for any other error."""
        if isinstance(error, asyncio.CancelledError):
            if not self._timeouts.stop(task):
                return None
            error = TimeoutError()
        if isinstance(error, (AnswerError, OSError, ValueError)):
            proxy = self._network.proxy if head.origin.scheme == "https" else None
            return fault_from(error, written=mark.written, origin=head.origin, proxy=proxy)
        return None


def _carries_file(request: Request) -> bool:
    return isinstance(request.body, (Source, Multipart))
