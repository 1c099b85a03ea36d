"""The transport over aiohttp: the exchanges of one account, their time limits, their answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
import anyio

from omnimsg.adapter import Answer, Multipart, Request, Response, Source
from omnimsg.domain.formatting import format_bytes
from omnimsg.domain.reason import Reason
from omnimsg.transport.aiohttp_faults import fault_from
from omnimsg.transport.aiohttp_seam import MAX_SMALL_BODY, UnaskedBytesError
from omnimsg.transport.body import open_body
from omnimsg.transport.endpoints import Endpoints, Target
from omnimsg.transport.interface import SinkFault, TransportFault
from omnimsg.transport.marked_session import MarkedSession, Marking
from omnimsg.transport.network import Network
from omnimsg.transport.timeouts import CLEANUP_SECONDS, Timeouts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from omnimsg.transport.interface import Sink, WriteMark

# The largest answer that is kept in memory, bytes. A batch of 1,000 verdicts has some 300 kB.
MAX_ANSWER_BYTES = 32 * 1024 * 1024

# The pieces that are written to a sink, bytes.
_SINK_CHUNK = 64 * 1024

# What asyncio reads at once, bytes.
_READ_BUFFER = 256 * 1024


class HttpTransport:
    """The transport of one account over aiohttp.

    Credentials are added only to a request that asks for them and whose host the adapter declares.
    They are never a default of the session, so no redirect and no foreign URL can get them.
    Redirects are not followed: aiohttp would repeat the body, and with it the message text.

    Args:
        base_url: The URL that paths of requests are appended to.
        hosts: The hosts, with a port where it is not the default, that may get the credentials.
        authorization: The header lines with the credentials.
        connections: The most connections that are open at once.
        max_answer_bytes: The largest answer that is kept in memory.
        marking: How write marks are set at first.
        network: Proxy, certificates, timeouts.

    Raises:
        OSError: The file with certificates cannot be read, or holds none.
    """

    def __init__(  # noqa: PLR0913 - one per option
        self,
        base_url: str,
        *,
        hosts: frozenset[str],
        authorization: Mapping[str, str],
        connections: int = 100,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        marking: Marking = Marking.VERIFYING,
        network: Network | None = None,
    ) -> None:
        self._base_url = base_url
        self._network = network or Network()
        self._tls = self._network.tls_context()
        self._request_timeout = self._network.request_timeout
        self._endpoints = Endpoints(
            base_url,
            hosts=hosts,
            authorization=authorization,
            allow_http=self._network.allow_http,
        )
        self._connections = connections
        self._max_answer_bytes = max_answer_bytes
        self._marking = marking
        self._session: MarkedSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timeouts = Timeouts()
        self._active = 0
        self._idle: asyncio.Event | None = None
        self._closed = False

    def __repr__(self) -> str:
        """Show the base URL, and no credentials."""
        return f"HttpTransport({self._base_url!r})"

    @property
    def is_open(self) -> bool:
        """Whether it may have connections: it has sent a request, and is not closed."""
        return self._session is not None

    @property
    def marking(self) -> Marking:
        """How write marks are set now."""
        return self._marking if self._session is None else self._session.marking

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer."""
        if self._closed or within <= 0:
            raise self._unusable()
        if self._request_timeout is not None and sink is None and not _carries_file(request):
            within = min(within, self._request_timeout)
        target = self._endpoints.resolve(request)
        session = self._session or self._open()
        # Of the known loop: finding the running loop is a system call in some versions of Python.
        task = asyncio.current_task(self._loop) or asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._active += 1
        self._timeouts.start(task, within)
        try:
            body = request.body
            # A request's own header lines may change how aiohttp writes the body.
            if isinstance(body, bytes) and len(body) <= MAX_SMALL_BODY and not request.headers:
                data = session.small_body(body)
            elif body is None:
                data = None
            else:
                return await self._exchange_large(session, request, target, task, mark, sink)
            try:
                response = await session.request(request, target, data, task, mark)
            except UnaskedBytesError:
                response = await self._request_again(session, request, target, data, task, mark)
            if not mark.written:
                session.report_unmarked_answer(mark)
            try:
                content = response.content
                if sink is None and content.is_eof():
                    # A small answer nearly always arrives together with its head.
                    return self._answer(response, content.read_nowait())
                return await self._read(response, request, sink)
            finally:
                # The same as leaving the response's context where nothing is still being written.
                # aiohttp has done it once the answer is complete.
                if not response.closed:
                    response.release()
        except BaseException as error:
            if session.marks_failed:
                mark.written = True
            fault = self._fault(error, task, mark, target)
            if fault is None:
                raise
            raise fault from error
        finally:
            self._timeouts.stop(task)
            session.forget(task)
            self._active -= 1
            if self._idle is not None and not self._active:
                self._idle.set()

    def _unusable(self) -> TransportFault:
        if self._closed:
            return TransportFault(Reason.CANCELLED, "the client is closed")
        return TransportFault(Reason.TIMEOUT, "no time is left for the request")

    async def _request_again(
        self,
        session: MarkedSession,
        request: Request,
        target: Target,
        data: Any,  # noqa: ANN401 - whatever aiohttp takes
        task: asyncio.Task[Any],
        mark: WriteMark,
    ) -> aiohttp.ClientResponse:
        """Send a request that was not written because its connection could not be used.

        All kept connections may be like that one; each attempt closes one of them.
        """
        for _ in range(self._connections):
            if mark.written:
                break  # aiohttp had repeated it by itself: an earlier attempt was written
            with suppress(UnaskedBytesError):
                return await session.request(request, target, data, task, mark)
        raise UnaskedBytesError("no connection without bytes that no request had asked for")

    async def _exchange_large(
        self,
        session: MarkedSession,
        request: Request,
        target: Target,
        task: asyncio.Task[Any],
        mark: WriteMark,
        sink: Sink | None,
    ) -> Response:
        async with open_body(request) as data:
            response = await session.request(request, target, data, task, mark)
            if not mark.written:
                session.report_unmarked_answer(mark)
            async with response:
                return await self._read(response, request, sink)

    async def aclose(self) -> None:
        """Refuse new requests, wait for the answers under way, then close all connections."""
        self._closed = True
        try:
            if self._active:
                self._idle = self._idle or asyncio.Event()
                await self._idle.wait()
        finally:
            self._timeouts.close()
            session, self._session = self._session, None
            if session is not None:
                # Also for a caller that was cancelled: nobody else could close it.
                with anyio.move_on_after(CLEANUP_SECONDS, shield=True):
                    await session.close()

    def abandon(self) -> None:
        """Leave all connections to the garbage collector: their event loop does not run here."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            session.abandon()

    def _open(self) -> MarkedSession:
        # asyncio reads into a new block of this size and shrinks it to what arrived. glibc gets
        # such a block from the system, and returns it, for every read, until a larger one has been
        # freed once: three system calls and two page faults per request.
        bytes(2 * _READ_BUFFER)
        self._loop = asyncio.get_running_loop()
        self._session = MarkedSession(
            connections=self._connections,
            marking=self._marking,
            network=self._network,
            tls=self._tls,
        )
        return self._session

    async def _read(
        self, response: aiohttp.ClientResponse, request: Request, sink: Sink | None
    ) -> Response:
        content = response.content
        if (
            sink is not None
            and request.answer is Answer.SINK
            and response.status in request.success
        ):
            async for chunk in content.iter_chunked(_SINK_CHUNK):
                try:
                    await sink.write(chunk)
                except OSError as error:
                    raise SinkFault(error) from error
            return Response(response.status, b"", response.headers)
        chunks, size = [], 0
        while size <= self._max_answer_bytes and not content.at_eof():
            chunks.append(chunk := await content.readany())
            size += len(chunk)
        return self._answer(response, b"".join(chunks))

    def _answer(self, response: aiohttp.ClientResponse, body: bytes) -> Response:
        if len(body) > self._max_answer_bytes:
            limit = format_bytes(self._max_answer_bytes)
            raise TransportFault(Reason.INVALID_RESPONSE, f"the answer has more than {limit}")
        return Response.make(response.status, body, response.headers)

    def _fault(
        self, error: BaseException, task: asyncio.Task[Any], mark: WriteMark, target: Target
    ) -> TransportFault | None:
        """Return the fault that an error of an exchange is, or `None` for any other error."""
        if isinstance(error, asyncio.CancelledError):
            if not self._timeouts.stop(task):
                return None
            error = TimeoutError()
        if isinstance(error, (aiohttp.ClientError, OSError, ValueError)):
            return fault_from(error, written=mark.written, url=target[0], proxy=self._network.proxy)
        return None


def _carries_file(request: Request) -> bool:
    return isinstance(request.body, (Source, Multipart))
