"""The receiver as an aiohttp.web application."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from omnimsg.adapter.callback import named_in_small_letters
from omnimsg.delivery.request import CallbackRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import StreamReader

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
                headers=named_in_small_letters(request.raw_headers),
                peer=request.remote,
                body=_body(request),
                at_hand=partial(_whole, request.content),
            )
        )
        headers = answer.headers
        response = web.Response(status=answer.status, headers=dict(headers) if headers else None)
        if answer.closes:
            # aiohttp sends the header line and keeps the connection.
            response.force_close()
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _whole(content: StreamReader) -> bytes | None:
    """Read the body without waiting; `None` where not all of it has come, or it was read before."""
    if not content.is_eof() or content.at_eof() or content.exception() is not None:
        return None
    return content.read_nowait()


def _body(request: web.Request) -> Callable[[], AsyncIterator[bytes]]:
    """Return what reads the body; a middleware of the application may have read it before."""
    if not request.content.at_eof():
        return request.content.iter_any

    async def read_before() -> AsyncIterator[bytes]:
        yield await request.read()

    return read_before
