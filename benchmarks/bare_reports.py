"""The floor of receiving: a handler that reads and parses a report, and answers 200.

It is a handler of aiohttp.web, or an ASGI application on uvicorn. It verifies nothing, and passes
the report to nobody.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from callback_server import PATHS, called, called_on_uvicorn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work


async def take(request: web.Request) -> web.Response:
    """Read a report."""
    orjson.loads(await request.read())
    return web.Response(status=200)


@asynccontextmanager
async def _bare(_base_url: str, *, provider: str) -> AsyncIterator[Work]:
    app = web.Application()
    app.router.add_post(PATHS[provider], take)
    async with called(app, provider) as work:
        yield work


async def take_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401
    """Read a report, as an ASGI application."""
    del scope
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    orjson.loads(body)
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def _bare_on_uvicorn(_base_url: str, *, provider: str) -> AsyncIterator[Work]:
    async with called_on_uvicorn(take_asgi, provider) as work:
        yield work


bare_bird = partial(_bare, provider="bird")
bare_clickatell = partial(_bare, provider="clickatell")
bare_messente = partial(_bare, provider="messente")
bare_bird_uvicorn = partial(_bare_on_uvicorn, provider="bird")
bare_clickatell_uvicorn = partial(_bare_on_uvicorn, provider="clickatell")
bare_messente_uvicorn = partial(_bare_on_uvicorn, provider="messente")
