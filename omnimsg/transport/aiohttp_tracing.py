"""Set write marks through aiohttp's public interface: its tracing and its client middlewares.

Slower than `aiohttp_seam`, but it depends on documented behaviour only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from types import SimpleNamespace

    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse


def mark_tracing() -> aiohttp.TraceConfig:
    """Return the trace configuration that sets the mark given as `trace_request_ctx`.

    The mark is set as soon as the request has a connection, new or kept alive: nothing can be
    written earlier. `on_request_headers_sent` alone would not do, because its documentation does
    not promise that it comes before the write.
    """
    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(_set_mark)
    tracing.on_connection_reuseconn.append(_set_mark)
    tracing.on_request_headers_sent.append(_set_mark)
    return tracing


async def _set_mark(_session: object, context: SimpleNamespace, _event: object) -> None:
    context.trace_request_ctx.written = True


class SingleAttempt:
    """A middleware for one request that must not be repeated.

    aiohttp repeats a DELETE by itself when a kept-alive connection breaks, and calls the request's
    middlewares for each attempt.
    """

    def __init__(self) -> None:
        self._begun = False

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Make the first attempt; refuse any other."""
        if self._begun:
            raise aiohttp.ClientConnectionError(
                "the connection broke; the request must not be repeated"
            )
        self._begun = True
        return await handler(request)
