"""The wire: one HTTP session for one account. Only this and `marked.py` know aiohttp's client.

Its one hard duty is to say, when something breaks, whether any byte of the request may have left.
Exception types do not tell (a pool timeout and a lost answer are both `TimeoutError`), so it asks
the request itself, which leaves a mark.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import anyio
import anyio.to_thread

from omnimsg.adapter import Answer, Multipart, Request, Response, Source
from omnimsg.domain.formatting import format_bytes
from omnimsg.domain.reason import Reason
from omnimsg.transport.endpoints import Endpoints, Target
from omnimsg.transport.faults import TransportFault
from omnimsg.transport.files import SinkFault
from omnimsg.transport.timeouts import CLEANUP_SECONDS, Timeouts
from omnimsg.transport.tracked_request import (
    MAX_SMALL_BODY,
    SmallBody,
    TrackedRequest,
    WriteMark,
    sending,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.transport.files import Sink

__all__ = ["MOST_ANSWER", "HttpTransport", "Transport", "TransportFault"]

# What an answer may weigh in memory, bytes. A batch of a thousand verdicts has some 300 kB.
MOST_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024
# The most bytes that aiohttp writes in one piece without a warning.
_MOST_AT_ONCE = 2**20
# What asyncio reads into, bytes.
_READ = 256 * 1024
# The resolver's word that there is no such host, as opposed to "not now".
_NO_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class Transport(Protocol):
    """What the engine needs of a wire; a test puts a fake one here."""

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer.

        Args:
            request: What to send.
            within: Seconds for the whole exchange, connecting included.
            mark: Set before the first byte leaves, and true ever after, whatever is raised.
            sink: Where a successful body goes if the request asks for that.

        Raises:
            TransportFault: There was no answer, or it broke off.
            SinkFault: The sink could not be written.
        """

    async def aclose(self) -> None:
        """Wait for the answers that are under way, then close all connections for good."""


class HttpTransport:
    """The wire over aiohttp.

    Credentials are added to a request that asks for them and whose host the adapter declares; they
    are never a default of the session, so that no redirect or foreign URL can carry them away.
    Redirects are not followed: aiohttp would repeat the body, and with it the text.
    """

    def __init__(
        self,
        base_url: str,
        *,
        hosts: frozenset[str],
        authorization: Mapping[str, str],
        connections: int = 100,
    ) -> None:
        self._base_url = base_url
        self._addresses = Endpoints(base_url, hosts=hosts, authorization=authorization)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._under_way = 0
        self._closed = False
        self._quiet = asyncio.Event()
        self._watch = Timeouts()

    def __repr__(self) -> str:
        """Show where it leads, and no credentials."""
        return f"HttpTransport({self._base_url!r})"

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer."""
        if self._closed:
            raise TransportFault(Reason.CANCELLED, "the client is closed")
        if within <= 0:
            raise TransportFault(Reason.TIMEOUT, "no time is left for the request")
        url, headers = place = self._addresses.of(request)
        # Of the loop that is known: to ask which one runs is a system call in some Pythons.
        task = asyncio.current_task(self._loop) or asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        sending[task] = mark, request.effect
        self._under_way += 1
        try:
            body = request.body
            # Header lines of its own may tell how the body is to be written, which aiohttp knows.
            if isinstance(body, bytes) and len(body) <= MAX_SMALL_BODY and not request.headers:
                data = SmallBody(body)
            elif body is None:
                data = None
            else:
                return await self._in_pieces(request, place, task, within, sink)
            self._watch.begin(task, within)
            session = self._session or self._open()
            response = await session.request(
                request.method, url, data=data, headers=headers, allow_redirects=False
            )
            try:
                content = response.content
                if sink is None and content.is_eof():
                    # A small answer nearly always comes whole with its head.
                    return _held(response, content.read_nowait())
                return await _read(response, request, sink)
            finally:
                # All that leaving its context does where nothing is still being written; and once
                # the answer is whole, aiohttp has done it by itself.
                if not response.closed:
                    response.release()
        except asyncio.CancelledError as error:
            if self._watch.end(task):
                raise _fault(TimeoutError(), written=mark.written) from error
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _fault(error, written=mark.written) from error
        finally:
            self._watch.end(task)
            sending.pop(task, None)
            self._under_way -= 1
            if not self._under_way:
                self._quiet.set()

    async def _in_pieces(
        self,
        request: Request,
        place: Target,
        task: asyncio.Task[Any],
        within: float,
        sink: Sink | None,
    ) -> Response:
        self._watch.begin(task, within)
        async with _body(request) as data:
            session = self._session or self._open()
            url, headers = place
            async with session.request(
                request.method, url, data=data, headers=headers, allow_redirects=False
            ) as response:
                return await _read(response, request, sink)

    async def aclose(self) -> None:
        """Wait for the answers that are under way, then close all connections for good."""
        self._closed = True
        try:
            while self._under_way:
                self._quiet.clear()
                await self._quiet.wait()
        finally:
            self._watch.close()
            session, self._session = self._session, None
            if session is not None:
                # Also for a caller who is gone: nobody else could close it.
                with anyio.move_on_after(CLEANUP_SECONDS, shield=True):
                    await session.close()

    def _open(self) -> aiohttp.ClientSession:
        # asyncio reads into a block that it then cuts down to what came. glibc fetches one of that
        # size from the system, and returns it, for every read until a larger one has been freed
        # once: three system calls and two page faults a request.
        bytes(2 * _READ)
        self._loop = asyncio.get_running_loop()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=TrackedRequest,
            trust_env=False,
            headers={"User-Agent": "omnimsg"},
            # The watch keeps the time of the whole exchange.
            timeout=aiohttp.ClientTimeout(),
        )
        return self._session


class _body:  # noqa: N801 - reads as what it is used as: `async with _body(request) as data`
    """A request's body in the form that aiohttp takes, with its file open for as long as needed."""

    def __init__(self, request: Request) -> None:
        self._body = request.body
        self._content_type = request.content_type
        self._file: Any = None

    async def __aenter__(self) -> Any:  # noqa: ANN401 - whatever aiohttp takes
        body = self._body
        if isinstance(body, Source):
            data = await self._open(body)
            if data is not self._file:
                return data
            # Left to itself, aiohttp guesses a type, for which it reads files, and tells the name.
            kind = self._content_type or "application/octet-stream"
            return aiohttp.BufferedReaderPayload(data, content_type=kind, filename=None)
        if isinstance(body, Multipart):
            form = aiohttp.FormData()
            for name, value in body.fields:
                form.add_field(name, value)
            form.add_field(
                body.file_field,
                await self._open(body.source),
                filename=body.file_name,
                content_type=body.content_type,
            )
            return form
        return _streamed(body) if isinstance(body, bytes) else body

    async def __aexit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    async def _open(self, source: Source) -> Any:  # noqa: ANN401 - whatever aiohttp takes
        if isinstance(source.data, bytes):
            return _streamed(source.data)
        try:
            self._file = await anyio.to_thread.run_sync(source.data.open, "rb")
        except OSError as error:
            detail = f"the file cannot be read ({type(error).__name__})"
            raise TransportFault(Reason.MEDIA_INVALID, detail) from None
        return self._file


def _streamed(data: bytes) -> bytes | BytesIO:
    """Have a large body written in pieces: in one piece it would hold up the event loop."""
    return BytesIO(data) if len(data) > _MOST_AT_ONCE else data


async def _read(response: aiohttp.ClientResponse, request: Request, sink: Sink | None) -> Response:
    content = response.content
    if sink is not None and request.answer is Answer.SINK and response.status in request.success:
        async for chunk in content.iter_chunked(_CHUNK):
            try:
                await sink.write(chunk)
            except OSError as error:
                raise SinkFault(error) from error
        return Response(response.status, b"", response.headers)
    chunks, size = [], 0
    while size <= MOST_ANSWER and not content.at_eof():
        chunks.append(chunk := await content.readany())
        size += len(chunk)
    return _held(response, b"".join(chunks))


def _held(response: aiohttp.ClientResponse, body: bytes) -> Response:
    if len(body) > MOST_ANSWER:
        raise TransportFault(
            Reason.INVALID_RESPONSE, f"the answer has more than {format_bytes(MOST_ANSWER)}"
        )
    return Response(response.status, body, response.headers)


def _fault(error: Exception, *, written: bool) -> TransportFault:
    kind = type(error).__name__
    if isinstance(error, TimeoutError):
        reason, what = Reason.TIMEOUT, "no answer in time" if written else "no connection in time"
    elif isinstance(error, aiohttp.ClientConnectorDNSError) and error.errno in _NO_HOST:
        reason, what = Reason.MISCONFIGURED, "there is no host of that name; check base_url"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason, what = Reason.MISCONFIGURED, "the server's certificate is not trusted"
    elif isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        reason, what = Reason.CONNECTION_FAILED, "no encrypted connection"
    elif isinstance(error, aiohttp.ClientResponseError):
        reason, what = Reason.INVALID_RESPONSE, "the answer is not HTTP"
    elif written:
        reason, what = Reason.CONNECTION_LOST, "the connection broke before the answer was whole"
    elif isinstance(error, ValueError):
        reason, what = Reason.MISCONFIGURED, "the address cannot be used"
    else:
        reason, what = Reason.CONNECTION_FAILED, "no connection"
    return TransportFault(reason, f"{what} ({kind})")
