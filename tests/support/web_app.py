"""Web applications that send a message for each request, with one client per process.

If the server imports this module outside an event loop, the client is used before the workers are
forked, in a loop that stays open.
"""

from __future__ import annotations

import asyncio
import atexit
import os
from typing import TYPE_CHECKING, Any

from support.adapters import texts, tiny

from omnimsg import Client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

client = Client([tiny(os.environ["PROVIDER_URL"])])

try:
    asyncio.get_running_loop()
except RuntimeError:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.send(texts(1)[0]))
    atexit.register(lambda: loop.run_until_complete(client.aclose()))


async def send(path: str) -> bytes:
    """Send the message whose number is the path; return this process and the provider's id."""
    accepted = await client.send(texts(1, start=int(path.strip("/")))[0], deadline=10)
    return f"{os.getpid()} {accepted.provider_id}".encode()


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    reply: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Serve in the worker's event loop."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await reply({"type": "lifespan.startup.complete"})
        await client.aclose()
        await reply({"type": "lifespan.shutdown.complete"})
        return
    body = await send(scope["path"])
    await reply({"type": "http.response.start", "status": 200, "headers": []})
    await reply({"type": "http.response.body", "body": body})


def wsgi(
    environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Serve with an event loop for each request."""
    body = asyncio.run(send(environ["PATH_INFO"]))
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]
