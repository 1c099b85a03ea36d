"""The transport over aiohttp: the exchanges of one account, their time limits, their answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp

from omnimsg.adapter import Answer, Request, Response
from omnimsg.domain.byte_sizes import format_bytes
from omnimsg.domain.reason import Reason
from omnimsg.transport.aiohttp_body import open_body
from omnimsg.transport.aiohttp_faults import fault_from
from omnimsg.transport.aiohttp_reading import ending_with_connection
from omnimsg.transport.aiohttp_seam import UnrequestedBytesError
from omnimsg.transport.answer_error import AnswerError
from omnimsg.transport.content_coding import Decoder, decode_whole, write_decoded
from omnimsg.transport.fault_texts import host_of, invalid_answer
from omnimsg.transport.http_defaults import MAX_ANSWER_BYTES, MAX_SMALL_BODY
from omnimsg.transport.interface import TransportFault
from omnimsg.transport.marked_session import MarkedSession, Marking
from omnimsg.transport.pooled_transport import PooledTransport

if TYPE_CHECKING:
    from typing import Any

    from omnimsg.transport.endpoints import Target
    from omnimsg.transport.interface import Sink, WriteMark
    from omnimsg.transport.options import TransportOptions

# The size of the pieces that are written to a sink, bytes.
_SINK_CHUNK = 64 * 1024


class HttpTransport(PooledTransport[MarkedSession]):
    """The transport of one account over aiohttp.

    Credentials are added only to a request that asks for them and whose host the adapter declares.
    They are never a default of the session, so no redirect and no foreign URL can get them.
    Redirects are not followed: aiohttp would repeat the body, and with it the message text.

    Args:
        options: Where the requests go, and with which credentials.
        max_answer_bytes: The largest answer that is kept in memory.
        marking: How write marks are set at first.

    Raises:
        OSError: `ca_file` cannot be read, or holds no certificate.
    """

    def __init__(
        self,
        options: TransportOptions,
        *,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        marking: Marking = Marking.VERIFYING,
    ) -> None:
        super().__init__(options, max_answer_bytes=max_answer_bytes)
        self._tls = self._network.tls_context()
        self._marking = marking

    @property
    def marking(self) -> Marking:
        """How write marks are set now."""
        return self._marking if self._opened is None else self._opened.marking

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer."""
        within = self._allowed_time(request, within, sink)
        target = self._endpoints.resolve(request)
        session = self._opened or self._open()
        task = self._begin(within)
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
            except UnrequestedBytesError:
                response = await self._request_again(session, request, target, data, task, mark)
            if not mark.written:
                session.report_unmarked_answer(mark)
            try:
                content = response.content
                if sink is None and content.is_eof():
                    # A small answer nearly always arrives together with its head.
                    return self._answer(response, content.read_nowait())
                with ending_with_connection(response):
                    return await self._read(response, request, sink)
            finally:
                # As the end of `async with response` does it when the request is written. aiohttp
                # releases the response by itself once the answer is complete.
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
            session.forget(task)
            self._end(task)

    async def _request_again(
        self,
        session: MarkedSession,
        request: Request,
        target: Target,
        data: Any,  # noqa: ANN401 - whatever aiohttp takes
        task: asyncio.Task[Any],
        mark: WriteMark,
    ) -> aiohttp.ClientResponse:
        """Repeat a request that was not written because its connection held unrequested bytes.

        All kept-alive connections may hold such bytes; each attempt closes one of them.
        """
        for _ in range(self._max_connections):
            if mark.written:
                break  # aiohttp had repeated it by itself: an earlier attempt was written
            with suppress(UnrequestedBytesError):
                return await session.request(request, target, data, task, mark)
        raise UnrequestedBytesError("every open connection held unrequested bytes")

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
                with ending_with_connection(response):
                    return await self._read(response, request, sink)

    def _connect(self, loop: asyncio.AbstractEventLoop) -> MarkedSession:
        return MarkedSession(
            connections=self._max_connections,
            marking=self._marking,
            network=self._network,
            tls=self._tls,
        )

    async def _read(
        self, response: aiohttp.ClientResponse, request: Request, sink: Sink | None
    ) -> Response:
        content = response.content
        if (
            sink is not None
            and request.answer is Answer.SINK
            and response.status in request.success
        ):
            decoder = _decoder_of(response)
            async for chunk in content.iter_chunked(_SINK_CHUNK):
                await write_decoded(chunk, decoder, sink)
            if decoder is not None:
                decoder.end()
            return Response(response.status, b"", response.headers)
        chunks, size = [], 0
        while size <= self._max_answer_bytes and not content.at_eof():
            chunks.append(chunk := await content.readany())
            size += len(chunk)
        return self._answer(response, b"".join(chunks))

    def _answer(self, response: aiohttp.ClientResponse, body: bytes) -> Response:
        limit = self._max_answer_bytes
        whole: bytes | None = body if len(body) <= limit else None
        if whole:
            decoder = _decoder_of(response)
            whole = whole if decoder is None else decode_whole(decoder, whole, limit)
        if whole is None:
            raise AnswerError(f"has more than {format_bytes(limit)}")
        return Response.make(response.status, whole, response.headers)

    def _fault(
        self, error: BaseException, task: asyncio.Task[Any], mark: WriteMark, target: Target
    ) -> TransportFault | None:
        """Translate an error of an exchange into a fault; return `None` for any other error."""
        error, url = self._as_timeout(error, task), target[0]
        if isinstance(error, asyncio.CancelledError) and self._closed and not task.cancelling():
            # Closing aiohttp's pool cancels the name look-ups that its requests wait for.
            return TransportFault(Reason.CANCELLED, "the client is closed")
        if isinstance(error.__cause__, TransportFault):  # of a body that was being written
            return TransportFault(error.__cause__.reason, error.__cause__.detail)
        if isinstance(error, AnswerError):
            return invalid_answer(host_of(url), error.what)
        if isinstance(error, (aiohttp.ClientError, OSError, ValueError)):
            proxy = self._network.proxy if url.scheme == "https" else None
            return fault_from(error, written=mark.written, url=url, proxy=proxy)
        return None


def _decoder_of(response: aiohttp.ClientResponse) -> Decoder | None:
    coding = response.headers.get(aiohttp.hdrs.CONTENT_ENCODING)
    return None if coding is None else Decoder.of(coding.encode(errors="replace"))
