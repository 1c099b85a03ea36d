"""A transport that writes one line for each request to the log."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.redaction import mask_text
from omnimsg.transport.interface import Abandonable, TransportFault

if TYPE_CHECKING:
    from omnimsg.adapter import Request, Response
    from omnimsg.transport.interface import Sink, Transport, WriteMark

log: logging.Logger = logging.getLogger("omnimsg.transport")


class LoggedTransport:
    """Logs each request of another transport: method, host, path, answer and time.

    Neither bodies, header lines, queries nor credentials in a URL are logged, and numbers in a
    path are masked.

    Args:
        transport: Sends the requests.
        base_url: The URL that paths of requests are appended to.
    """

    def __init__(self, transport: Transport, base_url: str) -> None:
        self._transport = transport
        self._base_url = base_url

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request, log it and return its answer."""
        started = time.perf_counter()
        result, status = "no answer", None
        try:
            response = await self._transport.exchange(request, within=within, mark=mark, sink=sink)
            result, status = f"HTTP {response.status}", response.status
        except TransportFault as fault:
            result = fault.detail
            raise
        finally:
            seconds = time.perf_counter() - started
            target = mask_text(self._host_and_path(request))
            log.debug(
                "%s %s: %s after %.3f s",
                request.method,
                target,
                result,
                seconds,
                extra=log_fields(
                    method=request.method, url=target, http_status=status, seconds=seconds
                ),
            )
        return response

    async def aclose(self) -> None:
        """Close the other transport."""
        await self._transport.aclose()

    def abandon(self) -> None:
        """Abandon the connections of the other transport, if it supports that."""
        if isinstance(self._transport, Abandonable):
            self._transport.abandon()

    def _host_and_path(self, request: Request) -> str:
        url = request.url
        try:
            parts = urlsplit(self._base_url + url if url.startswith("/") else url)
        except ValueError:
            return "an invalid URL"
        # A URL that a provider named may have credentials, and characters that forge a line.
        return ascii(f"{parts.netloc.rpartition('@')[2]}{parts.path}")[1:-1]
