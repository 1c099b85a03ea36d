"""The receiver as an aiohttp.web application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from omnimsg.delivery.request import CallbackRequest

if TYPE_CHECKING:
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
                headers=tuple((name.lower(), value) for name, value in request.raw_headers),
                peer=request.remote,
                body=request.content.iter_any,
            )
        )
        response = web.Response(status=answer.status, headers=dict(answer.headers))
        if answer.closes:
            # aiohttp sends the header line and keeps the connection.
            response.force_close()
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app
