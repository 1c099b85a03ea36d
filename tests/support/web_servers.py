"""Web servers and frameworks that serve a receiver in this event loop, on a free port."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from support.servers import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from omnimsg.delivery.receiver import Receiver

    Serve = Callable[[Any], AbstractAsyncContextManager[int]]

# Django needs a module with URL patterns: this one, which has none.
urlpatterns: list[object] = []


@asynccontextmanager
async def on_aiohttp(app: web.Application) -> AsyncIterator[int]:
    """Serve an application of aiohttp.web."""
    # aiohttp reads on before it closes a connection, so that its answer arrives.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, lingering_time=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def on_uvicorn(app: Any) -> AsyncIterator[int]:
    """Serve an ASGI application."""
    uvicorn = pytest.importorskip("uvicorn", reason="NOT TESTED: uvicorn is not installed")
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        async with asyncio.timeout(20):
            while not server.started:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.005)
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def on_granian(app: Any) -> AsyncIterator[int]:
    """Serve an ASGI application."""
    embed = pytest.importorskip(
        "granian.server.embed", reason="NOT TESTED: granian is not installed"
    )
    port = free_port()
    server = embed.Server(app, address="127.0.0.1", port=port, interface="asgi", log_enabled=False)
    serving = asyncio.ensure_future(server.serve())
    try:
        async with asyncio.timeout(20):
            while not await _listens(port):  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.005)
        yield port
    finally:
        server.stop()
        await serving


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _bare(receiver: Receiver) -> web.Application:
    return receiver.aiohttp_app()


def _sub_application(receiver: Receiver) -> web.Application:
    app = web.Application()
    app.add_subapp("/callbacks", receiver.aiohttp_app())
    return app


def _fastapi(receiver: Receiver) -> Any:
    fastapi = pytest.importorskip("fastapi", reason="NOT TESTED: FastAPI is not installed")
    app = fastapi.FastAPI()
    app.mount("/callbacks", receiver)
    return app


def _starlette(receiver: Receiver) -> Any:
    missing = "NOT TESTED: Starlette is not installed"
    applications = pytest.importorskip("starlette.applications", reason=missing)
    routing = pytest.importorskip("starlette.routing", reason=missing)
    return applications.Starlette(routes=[routing.Mount("/callbacks", receiver)])


def _litestar(receiver: Receiver) -> Any:
    litestar = pytest.importorskip("litestar", reason="NOT TESTED: Litestar is not installed")
    return litestar.Litestar(
        [litestar.asgi("/callbacks", is_mount=True, copy_scope=True)(receiver)],
        logging_config=None,
    )


def _django(receiver: Receiver) -> Any:
    missing = "NOT TESTED: Django is not installed"
    settings = pytest.importorskip("django.conf", reason=missing).settings
    asgi = pytest.importorskip("django.core.asgi", reason=missing)
    if not settings.configured:
        settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None)
    return receiver.mount(asgi.get_asgi_application(), "/callbacks")


def _asgi(receiver: Receiver) -> Any:
    return receiver


SERVERS: Mapping[str, tuple[Serve, Callable[[Receiver], Any]]] = {
    "aiohttp": (on_aiohttp, _bare),
    "uvicorn": (on_uvicorn, _asgi),
    "granian": (on_granian, _asgi),
}
"""Each server, with the receiver as its only application."""

MOUNTED: Mapping[str, tuple[Serve, Callable[[Receiver], Any]]] = {
    "aiohttp, add_subapp": (on_aiohttp, _sub_application),
    "FastAPI on uvicorn": (on_uvicorn, _fastapi),
    "Starlette on granian": (on_granian, _starlette),
    "Litestar on uvicorn": (on_uvicorn, _litestar),
    "Django on uvicorn": (on_uvicorn, _django),
}
"""Each framework, with the receiver mounted below a path."""


def serving(name: str, receiver: Receiver) -> AbstractAsyncContextManager[int]:
    """Serve a receiver below `/callbacks` until the end of the block; yield the port."""
    serve, wrap = {**SERVERS, **MOUNTED}[name]
    return serve(wrap(receiver))
