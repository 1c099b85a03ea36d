"""The wire: one HTTP session for one account. Nothing else of omnimsg imports aiohttp's client.

Its one hard duty is to say, when something breaks, whether any byte of the request may have left.
Exception types do not tell (a pool timeout and a lost answer are both `TimeoutError`), so it asks
the request itself: its `send` is awaited when there is a connection, and hands over the first byte.
Not called means that nothing left; called means that something may have. (A hook of aiohttp's
tracing says the same, but tracing costs a seventh of what a request costs.)
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

import aiohttp
import anyio
import anyio.to_thread
import attrs
from multidict import CIMultiDict
from yarl import URL

from omnimsg.adapter import Answer, Multipart, Request, Response, Source
from omnimsg.domain.reason import Reason
from omnimsg.domain.size import in_words
from omnimsg.engine.classify import REPEATABLE
from omnimsg.engine.deadline import CLEAN_UP
from omnimsg.engine.files import SinkFault
from omnimsg.engine.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.adapter import Effect
    from omnimsg.engine.files import Sink

# What an answer may weigh in memory, bytes. A batch of a thousand verdicts has some 300 kB.
MOST_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024
# The addresses and sets of header lines that an account keeps in mind.
_KEPT = 64
# The most bytes that aiohttp writes in one piece without a warning.
_MOST_AT_ONCE = 2**20
# The resolver's word that there is no such host, as opposed to "not now".
_NO_HOST = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


@attrs.define
class Mark:
    """Whether any byte of a request may have left; set before the first one does."""

    written: bool = False


class TransportFault(Exception):  # noqa: N818 - never leaves the engine
    """The exchange did not end in an answer.

    Attributes:
        reason: What happened, in the unified model.
        detail: What happened, for a person.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Transport(Protocol):
    """What the engine needs of a wire; a test puts a fake one here."""

    async def exchange(
        self, request: Request, *, within: float, mark: Mark, sink: Sink | None = None
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
        # Without encryption only where the account itself lives on this machine.
        self._schemes = ("https", "http") if base_url[:5].lower() == "http:" else ("https",)
        self._trusted = {
            _origin(URL(f"{scheme}://{host}")) for host in hosts for scheme in self._schemes
        }
        self._authorization = dict(authorization)
        # Most requests of an account go to one address with the same header lines. What was looked
        # at once needs no second look.
        self._usual: Callable[..., tuple[URL, CIMultiDict[str]]] = lru_cache(maxsize=_KEPT)(
            self._looked_at
        )
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0
        self._closed = False
        self._quiet = asyncio.Event()

    def __repr__(self) -> str:
        """Show where it leads, and no credentials."""
        return f"HttpTransport({self._base_url!r})"

    async def exchange(
        self, request: Request, *, within: float, mark: Mark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer."""
        if self._closed:
            raise TransportFault(Reason.CANCELLED, "the client is closed")
        if within <= 0:
            # To aiohttp, no time means any time.
            raise TransportFault(Reason.TIMEOUT, "no time is left for the request")
        url, headers = self._address(request)
        _sending.set((mark, request.effect))
        self._under_way += 1
        try:
            if request.body is None or isinstance(request.body, bytes):
                return await self._asked(
                    request, url, headers, _streamed(request.body), within, sink
                )
            async with _body(request) as data:
                return await self._asked(request, url, headers, data, within, sink)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _fault(error, written=mark.written) from error
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._quiet.set()

    async def _asked(
        self,
        request: Request,
        url: URL,
        headers: CIMultiDict[str],
        data: Any,  # noqa: ANN401 - whatever aiohttp takes
        within: float,
        sink: Sink | None,
    ) -> Response:
        with _Within(within):
            response = await self._open().request(
                request.method, url, data=data, headers=headers, allow_redirects=False
            )
            async with response:
                return await _read(response, request, sink)

    async def aclose(self) -> None:
        """Wait for the answers that are under way, then close all connections for good."""
        self._closed = True
        try:
            while self._under_way:
                self._quiet.clear()
                await self._quiet.wait()
        finally:
            session, self._session = self._session, None
            if session is not None:
                # Also for a caller who is gone: nobody else could close it.
                with anyio.move_on_after(CLEAN_UP, shield=True):
                    await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                request_class=_Marked,
                trust_env=False,
                headers={"User-Agent": "omnimsg"},
                # `_Within` keeps the time of the whole exchange.
                timeout=aiohttp.ClientTimeout(),
            )
        return self._session

    def _address(self, request: Request) -> tuple[URL, CIMultiDict[str]]:
        """Say where a request goes and with which header lines, or refuse to let it go there."""
        body = request.body
        kind = request.content_type if isinstance(body, (bytes, Source)) else None
        if not (request.headers or request.query):
            return self._usual(request.url, kind, request.authenticated)
        url = self._placed(request.url, request.authenticated)
        lines = self._lined(kind, request.authenticated, request.headers)
        return (url.extend_query(request.query) if request.query else url), lines

    def _looked_at(
        self, where: str, kind: str | None, authenticated: bool
    ) -> tuple[URL, CIMultiDict[str]]:
        return self._placed(where, authenticated), self._lined(kind, authenticated, {})

    def _placed(self, where: str, authenticated: bool) -> URL:
        """Say where a request goes, or refuse to let it go there."""
        text = self._base_url + where if where[:1] == "/" else where
        try:
            url = URL(text)
            port = url.explicit_port
        except ValueError:
            raise TransportFault(Reason.MISCONFIGURED, "the address cannot be used") from None
        if _climbs(text):
            # Folded away, an id of two dots would turn "this message" into "all messages".
            raise TransportFault(Reason.MISCONFIGURED, "the address has '.' or '..' in its path")
        place = f"{url.scheme}://{url.host}" + ("" if port is None else f":{port}")
        if url.scheme not in self._schemes or (url.scheme == "http" and not is_loopback(url.host)):
            raise TransportFault(
                Reason.MISCONFIGURED,
                f"{place} is not encrypted; only a sandbox on this machine is spoken to so",
            )
        if authenticated and _origin(url) not in self._trusted:
            raise TransportFault(
                Reason.MISCONFIGURED, f"the account's credentials are not for {place}"
            )
        return url

    def _lined(
        self, content_type: str | None, authenticated: bool, own: Mapping[str, str]
    ) -> CIMultiDict[str]:
        """Write the header lines of a request, a later one in the place of an earlier one."""
        lines = dict(own)
        if content_type is not None:
            lines["Content-Type"] = content_type
        if authenticated:
            lines.update(self._authorization)
        for name, value in lines.items():
            if not value.isprintable():
                # aiohttp would notice too, but only after it has announced the request.
                detail = f"the header {name} holds what no header can"
                raise TransportFault(Reason.MISCONFIGURED, detail)
        return CIMultiDict(lines)


def _climbs(text: str) -> bool:
    """Whether a path has segments that lead somewhere else, as `..` does however it is escaped."""
    path = text.partition("?")[0].partition("#")[0]
    return not {".", ".."}.isdisjoint(map(unquote, path.split("/")))


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port


# What the request that is being sent marks, and what it may do in the world.
_sending: ContextVar[tuple[Mark, Effect]] = ContextVar("_sending")


class _Marked(aiohttp.ClientRequest):
    """A request that leaves its mark before it is written."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        await _mark_written()
        return await super().send(conn)


async def _mark_written() -> None:
    mark, effect = _sending.get()
    if mark.written and effect not in REPEATABLE:
        # aiohttp repeats a DELETE by itself when a connection that was kept open breaks. A second
        # cancellation finds nothing left to cancel, and its "not found" would be believed.
        raise aiohttp.ClientConnectionError("the connection broke, and this is not repeated")
    mark.written = True


class _Within:
    """A time limit: `asyncio.timeout` step by step, at half the cost because nothing is awaited.

    Whoever else cancels the task meanwhile is not mistaken for it: the task counts its
    cancellations, and only what remains after ours is taken back tells them apart.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._rang = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._task = task
        self._cancelling = task.cancelling()
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._ring)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._handle.cancel()
        if self._rang and self._task.uncancel() <= self._cancelling and kind is _CANCELLED:
            raise TimeoutError

    def _ring(self) -> None:
        self._rang = True
        self._task.cancel()


_CANCELLED = asyncio.CancelledError


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
        return body

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


def _streamed(data: bytes | None) -> bytes | BytesIO | None:
    """Have a large body written in pieces: in one piece it would hold up the event loop."""
    return BytesIO(data) if data is not None and len(data) > _MOST_AT_ONCE else data


async def _read(response: aiohttp.ClientResponse, request: Request, sink: Sink | None) -> Response:
    if sink is not None and request.answer is Answer.SINK and response.status in request.success:
        async for chunk in response.content.iter_chunked(_CHUNK):
            try:
                await sink.write(chunk)
            except OSError as error:
                raise SinkFault(error) from error
        return Response(response.status, b"", response.headers)
    chunks, size = [], 0
    content = response.content
    while not content.at_eof():
        chunk = await content.readany()
        size += len(chunk)
        if size > MOST_ANSWER:
            raise TransportFault(
                Reason.INVALID_RESPONSE, f"the answer has more than {in_words(MOST_ANSWER)}"
            )
        chunks.append(chunk)
    return Response(response.status, b"".join(chunks), response.headers)


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
