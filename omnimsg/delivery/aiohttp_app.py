"""The receiver as an aiohttp.web application."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from omnimsg.delivery.request import CallbackRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import StreamReader

    from omnimsg.delivery.asgi import Respond


def application(respond: Respond) -> web.Application:
    """Return an application that answers every path."""

    async def handle(request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        answer = await respond(
            CallbackRequest.make(
                method=request.method,
                path=path,
                query=query,
                headers=request.raw_headers,
                peer=request.remote,
                body=_whole(request.content) or partial(_pieces, request),
            )
        )
        headers = answer.headers
        response = web.Response(status=answer.status, headers=dict(headers) if headers else None)
        if answer.closes:
            # aiohttp sends the `Connection: close` header and still keeps the connection open.
            response.force_close()
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _whole(content: StreamReader) -> bytes | None:
    """Return the body without waiting; `None` if it is incomplete, or empty or read before."""
    if not content.is_eof() or content.exception() is not None:
        return None
    return content.read_nowait() or None


def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    """Iterate over the body, also if a middleware of the application has read it before."""
    content = request.content
    return _read_before(request) if content.at_eof() else content.iter_any()


async def _read_before(request: web.Request) -> AsyncIterator[bytes]:
    yield await request.read()
