"""The wire: one HTTP session for one account. Nothing else of omnimsg imports aiohttp's client.

Its one hard duty is to say, when something breaks, whether any byte of the request may have left.
Exception types do not tell (a pool timeout and a lost answer are both `TimeoutError`), so it asks
aiohttp's `on_request_headers_sent`: that hook is awaited before the first byte is handed to the
socket. Not called means that nothing left; called means that something may have.
"""

from __future__ import annotations

import ssl
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import anyio.to_thread
from yarl import URL

from omnimsg.adapter import Answer, Multipart, Request, Response, Source
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.engine.files import Sink

# What an answer may weigh in memory, bytes. A batch of a thousand verdicts has some 300 kB.
MOST_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_LOOPBACK = ("localhost", "127.", "[::1]", "::1")


class TransportFault(Exception):  # noqa: N818 - never leaves the engine
    """The exchange did not end in an answer.

    Attributes:
        reason: What happened, in the unified model.
        written: Whether any byte of the request may have left.
    """

    def __init__(self, reason: Reason, detail: str, *, written: bool) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.written = written


class Transport(Protocol):
    """What the engine needs of a wire; a test puts a fake one here."""

    async def exchange(
        self, request: Request, *, within: float, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer.

        Args:
            request: What to send.
            within: Seconds for the whole exchange, connecting included.
            sink: Where a successful body goes if the request asks for that.

        Raises:
            TransportFault: There was no answer, or it broke off.
        """

    async def aclose(self) -> None:
        """Close all connections."""


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
        self._hosts = hosts
        self._authorization = dict(authorization)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        """Show where it leads, and no credentials."""
        return f"HttpTransport({self._base_url!r})"

    async def exchange(
        self,
        request: Request,
        *,
        within: float,
        sink: Sink | None = None,
    ) -> Response:
        """Send one request and return its answer."""
        mark = SimpleNamespace(written=False)
        try:
            url, headers = self._address(request)
            async with _body(request) as data:
                response = await self._open().request(
                    request.method,
                    url,
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=within),
                    trace_request_ctx=mark,
                )
                async with response:
                    return await _read(response, request, sink)
        except TransportFault as fault:
            fault.written = fault.written or mark.written
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _fault(error, written=mark.written) from error

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_mark_written)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
                trust_env=False,
                headers={"User-Agent": "omnimsg"},
            )
        return self._session

    def _address(self, request: Request) -> tuple[URL, dict[str, str]]:
        text = self._base_url + request.url if request.url.startswith("/") else request.url
        parts = urlsplit(text)
        if parts.scheme != "https" and not is_loopback(parts.netloc):
            raise TransportFault(
                Reason.MISCONFIGURED,
                f"{parts.scheme}://{parts.netloc} is not encrypted; only this machine is spoken to"
                " without encryption",
                written=False,
            )
        headers = dict(request.headers)
        if isinstance(request.body, (bytes, Source)) and request.content_type is not None:
            headers["Content-Type"] = request.content_type
        if request.authenticated:
            if parts.netloc not in self._hosts:
                raise TransportFault(
                    Reason.MISCONFIGURED,
                    f"credentials are for {', '.join(sorted(self._hosts))}, not for {parts.netloc}",
                    written=False,
                )
            headers.update(self._authorization)
        url = URL(text)
        return (url.update_query(request.query) if request.query else url), headers


def is_loopback(netloc: str) -> bool:
    """Whether a host, with or without a port, is this machine."""
    return netloc.rpartition("@")[2].startswith(_LOOPBACK)


async def _mark_written(_session: object, context: SimpleNamespace, _parameters: object) -> None:
    context.trace_request_ctx.written = True


class _body:  # noqa: N801 - reads as what it is used as: `async with _body(request) as data`
    """A request's body in the form that aiohttp takes, with its file open for as long as needed."""

    def __init__(self, request: Request) -> None:
        self._body = request.body
        self._file: Any = None

    async def __aenter__(self) -> Any:  # noqa: ANN401 - whatever aiohttp takes
        body = self._body
        if isinstance(body, Source):
            return await self._open(body)
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
            return source.data
        self._file = await anyio.to_thread.run_sync(source.data.open, "rb")
        return self._file


async def _read(response: aiohttp.ClientResponse, request: Request, sink: Sink | None) -> Response:
    if sink is not None and request.answer is Answer.SINK and response.status in request.success:
        async for chunk in response.content.iter_chunked(_CHUNK):
            await sink.write(chunk)
        return Response(response.status, b"", response.headers)
    if (response.content_length or 0) > MOST_ANSWER:
        raise TransportFault(
            Reason.INVALID_RESPONSE, f"the answer has {response.content_length} bytes", written=True
        )
    return Response(response.status, await response.read(), response.headers)


def _fault(error: Exception, *, written: bool) -> TransportFault:
    if isinstance(error, TimeoutError):
        reason, what = Reason.TIMEOUT, "no answer in time" if written else "no connection in time"
    elif isinstance(error, (aiohttp.InvalidURL, ValueError)) and not written:
        reason, what = Reason.MISCONFIGURED, "the address cannot be used"
    elif isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        reason, what = Reason.CONNECTION_FAILED, "no trusted encrypted connection"
    elif isinstance(error, aiohttp.ClientResponseError):
        reason, what = Reason.INVALID_RESPONSE, "the answer is not HTTP"
    elif written:
        reason, what = Reason.CONNECTION_LOST, "the connection broke before the answer was whole"
    else:
        reason, what = Reason.CONNECTION_FAILED, "no connection"
    return TransportFault(reason, f"{what} ({type(error).__name__})", written=written)
