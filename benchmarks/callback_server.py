"""Serve callbacks to a process that sends reports as the providers do; URLs and secrets of both.

`report_load.py` is that process. This module does not load omnimsg, so that the bare handler does
not either.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from aiohttp import web

from processes import working_for_us

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sample import Work

HOST = "127.0.0.1"
PUBLIC_URL = "https://hooks.example.test/callbacks"
SIGNING_KEY = "benchmark-signing-key"
PASSWORD = "benchmark-api-password"  # noqa: S105 - opens nothing
PATH_SECRET = "benchmark-path-secret-22"  # noqa: S105 - opens nothing

# The paths on the server, which are also those of the public URL.
PATHS = {
    "bird": "/callbacks/bird",
    "clickatell": f"/callbacks/clickatell/{PATH_SECRET}",
    "messente": "/callbacks/messente",
}

# The keep-alive timeout of aiohttp.web; that of uvicorn would be 5 seconds.
IDLE_SECONDS = 3_600

# Messages that reports are about. Each is reported as "sent" first, then as "delivered".
KNOWN = 5_000


def message_id(number: int) -> str:
    """Return the provider's id of a message."""
    return f"3d0a4b6e-6f0e-4f0c-9d0e-{number:012x}"


def reference(number: int) -> str:
    """Return our reference of a message."""
    return f"table-{number:07}"


@asynccontextmanager
async def called(app: web.Application, provider: str) -> AsyncIterator[Work]:
    """Serve an application of aiohttp.web; yield a function that has reports sent to it."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    port = runner.addresses[0][1]
    try:
        async with working_for_us("report_load.py", provider, str(port)) as work:
            yield work
    finally:
        await runner.cleanup()


@asynccontextmanager
async def called_on_uvicorn(app: Any, provider: str) -> AsyncIterator[Work]:  # noqa: ANN401
    """Serve an ASGI application with uvicorn and httptools, in this event loop, as `called`."""
    listening = socket.create_server((HOST, 0))
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        # Connections must stay open between two turns, while other workloads take theirs.
        timeout_keep_alive=IDLE_SECONDS,
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    port = listening.getsockname()[1]
    try:
        # The socket listens already: a request that comes now waits until the server has started.
        async with working_for_us("report_load.py", provider, str(port)) as work:
            yield work
    finally:
        server.should_exit = True
        await serving
