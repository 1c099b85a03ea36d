"""The floor of receiving: an aiohttp.web handler that reads and parses a report, and answers 200.

It verifies nothing, and nobody is told of the report.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from calling import PATHS, called

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


bare_bird = partial(_bare, provider="bird")
bare_clickatell = partial(_bare, provider="clickatell")
bare_messente = partial(_bare, provider="messente")
