"""Sessions of aiohttp that set the write marks of their requests.

There are two ways to set a mark: `aiohttp_seam` is fast and depends on aiohttp's internals;
`aiohttp_tracing` is slower and depends on its public interface only. The fast one is used once a
request has shown that it works.
"""

from __future__ import annotations

import logging
from enum import Enum, auto
from typing import TYPE_CHECKING

import aiohttp

from omnimsg.domain.log_fields import log_fields
from omnimsg.transport.aiohttp_connector import Connections, Connector
from omnimsg.transport.aiohttp_seam import (
    TESTED_AIOHTTP,
    Head,
    SmallBody,
    TrackedRequest,
    seam_problem,
    sending,
)
from omnimsg.transport.aiohttp_tracing import SingleAttempt, mark_tracing
from omnimsg.transport.content_coding import ACCEPT_ENCODING
from omnimsg.transport.http_defaults import DEFAULT_HEADERS, MAX_HEADER_LINE, MAX_HEADER_LINES
from omnimsg.transport.interface import WriteMark

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Awaitable, Callable
    from typing import Any

    from omnimsg.adapter import Request
    from omnimsg.transport.endpoints import Target
    from omnimsg.transport.network import Network

log: logging.Logger = logging.getLogger("omnimsg.transport")


class Marking(Enum):
    """How the marks of requests are set.

    Attributes:
        VERIFYING: In both ways, until a request shows whether aiohttp calls `TrackedRequest.send`.
        TRACKED: By `TrackedRequest.send`.
        TRACED: By aiohttp's tracing.
    """

    VERIFYING = auto()
    TRACKED = auto()
    TRACED = auto()


class MarkedSession:
    """Sends the requests of one account. It must be created in the event loop that uses it.

    Args:
        connections: The most connections that are open at once.
        marking: How marks are set at first.
        network: The account's network settings.
        tls: The TLS context of `network`, where it has one.

    Attributes:
        marking: How marks are set now.
        marks_failed: Whether a request was answered whose mark was not set. Then no mark can be
            relied on, and every request counts as written.
        small_body: Converts a small body to the form that aiohttp is given.
    """

    def __init__(
        self,
        *,
        connections: int,
        marking: Marking,
        network: Network,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._connections = Connections(connections, network, tls)
        self._sessions: list[aiohttp.ClientSession] = []
        self._session: aiohttp.ClientSession
        # A cache of one entry: most consecutive requests of an account have the same target.
        self._last_target: Target | None = None
        self._last_head: Head | None = None
        self.marks_failed: bool = False
        self.small_body: Callable[[bytes], Any] = SmallBody
        problem = None if marking is Marking.TRACED else seam_problem()
        if problem is not None:
            self._warn(problem)
            marking = Marking.TRACED
        self._use(marking)

    def request(
        self,
        request: Request,
        target: Target,
        data: Any,  # noqa: ANN401 - whatever aiohttp takes
        task: asyncio.Task[Any],
        mark: WriteMark,
    ) -> Awaitable[aiohttp.ClientResponse]:
        """Send a request in the current task, and return its response without the body.

        The caller must call `forget` afterwards.
        """
        if not self._is_tracked:
            return self._request_traced(request, target, data, task, mark)
        url, own = target
        head = self._last_head
        if head is None or head.method != request.method or target is not self._last_target:
            self._last_target = target
            self._last_head = head = Head.of(request.method, url, own)
        sending[task] = mark, request.effect, head
        if self._connections.has_proxy:
            return self._session.request(
                request.method,
                url,
                data=data,
                allow_redirects=False,
                **self._connections.proxy_options(url),
            )
        return self._session.request(request.method, url, data=data, allow_redirects=False)

    async def _request_traced(
        self,
        request: Request,
        target: Target,
        data: Any,  # noqa: ANN401 - whatever aiohttp takes
        task: asyncio.Task[Any],
        mark: WriteMark,
    ) -> aiohttp.ClientResponse:
        if self.marks_failed:
            mark.written = True
        seam_mark = WriteMark()
        sending[task] = seam_mark, request.effect, None
        url, headers = target
        answered = False
        try:
            response = await self._session.request(
                request.method,
                url,
                data=data,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=mark,
                middlewares=() if request.effect.is_repeatable else (SingleAttempt(),),
                **self._connections.proxy_options(url),
            )
            answered = True
        finally:
            if seam_mark.written:
                mark.written = True
            if self.marking is Marking.VERIFYING and (answered or seam_mark.written):
                if not seam_mark.written:
                    self._warn("it does not call ClientRequest.send in the task of the request")
                self._use(Marking.TRACKED if seam_mark.written else Marking.TRACED)
        return response

    def forget(self, task: asyncio.Task[Any]) -> None:
        """Forget the request that a task has sent."""
        sending.pop(task, None)

    def report_unmarked_answer(self, mark: WriteMark) -> None:
        """Stop relying on marks: a request was answered whose mark is not set."""
        mark.written = True
        if not self.marks_failed:
            self.marks_failed = True
            self._use(Marking.TRACED)
            log.error(
                "aiohttp %s answered a request that was not marked as written; from now on every"
                " request counts as written, so lost answers are ambiguous; please report it",
                aiohttp.__version__,
                extra=log_fields(aiohttp=aiohttp.__version__),
            )

    async def aclose(self) -> None:
        """Close all connections."""
        for session in self._sessions:
            await session.close()
        await self._connections.close()

    def abandon(self) -> None:
        """Leave all connections to the garbage collector: their event loop does not run here."""
        for session in self._sessions:
            connector = session.connector
            session.detach()
            if isinstance(connector, Connector):
                connector.is_abandoned = True

    def _use(self, marking: Marking) -> None:
        """Open a session that marks in this way; requests in flight stay with the previous one."""
        self.marking: Marking = marking
        self._is_tracked = marking is Marking.TRACKED
        if marking is Marking.TRACED:
            self.small_body = bytes
            # No public interface tells whether a kept-alive connection holds unrequested bytes.
            self._connections.disable_keepalive()
        # A head has all header lines, so the session needs none, except for requests to a proxy.
        headers = (
            {} if self._is_tracked and not self._connections.has_proxy else dict(DEFAULT_HEADERS)
        )
        if marking is Marking.TRACED:
            headers["Accept-Encoding"] = ACCEPT_ENCODING
        self._session = aiohttp.ClientSession(
            connector=self._connections.connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=(aiohttp.ClientRequest if marking is Marking.TRACED else TrackedRequest),
            trace_configs=None if marking is Marking.TRACKED else [mark_tracing()],
            trust_env=False,
            # aiohttp takes a body that is cut off within its coding for a whole one.
            auto_decompress=False,
            headers=headers,
            # aiohttp's own limits are 8,190 and 128.
            max_line_size=MAX_HEADER_LINE,
            max_field_size=MAX_HEADER_LINE,
            max_headers=MAX_HEADER_LINES,
            timeout=self._connections.timeout,
        )
        self._sessions.append(self._session)

    def _warn(self, problem: str) -> None:
        log.warning(
            "aiohttp %s differs from the tested versions (%s): %s; its public tracing is used"
            " instead, which is slower",
            aiohttp.__version__,
            ", ".join(f"{each}.*" for each in TESTED_AIOHTTP),
            problem,
            extra=log_fields(aiohttp=aiohttp.__version__),
        )
