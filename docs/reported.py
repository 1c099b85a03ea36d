"""A client that the sandbox of `omnimsg.toml` calls back: for examples that receive something."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import ClientSession, web

from omnimsg import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def reported_client() -> AsyncIterator[Client]:
    """Build the client, serve its receiver, and tell the sandbox where it is."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with Client.from_config("omnimsg.toml") as client, ClientSession() as session:
            base_url = client.accounts["messente"].account.base_url
            control = f"{base_url.removesuffix('/messente')}/_sandbox/callbacks"
            application = client.receiver(public_url=url).aiohttp_app()
            runner = web.AppRunner(application, access_log=None)
            await runner.setup()
            await web.SockSite(runner, listening).start()
            await session.put(control, json={"url": url})
            try:
                yield client
            finally:
                await session.delete(control)
                await runner.cleanup()
