"""The receiver as an aiohttp.web application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from omnimsg.delivery.request import CallbackRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from omnimsg.delivery.asgi import Respond


def application(respond: Respond) -> web.Application:
    """Return an application that answers every path."""

    async def handle(request: web.Request) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        answer = await respond(
            CallbackRequest(
                method=request.method,
                path=path,
                query=query,
                headers=tuple([(name.lower(), value) for name, value in request.raw_headers]),
                peer=request.remote,
                body=_body(request),
            )
        )
        response = web.Response(status=answer.status, headers=dict(answer.headers) or None)
        if answer.closes:
            # aiohttp sends the header line and keeps the connection.
            response.force_close()
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _body(request: web.Request) -> Callable[[], AsyncIterator[bytes]]:
    """Return what reads the body; a middleware of the application may have read it before."""
    if not request.content.at_eof():
        return request.content.iter_any

    async def read_before() -> AsyncIterator[bytes]:
        yield await request.read()

    return read_before
