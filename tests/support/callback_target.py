"""An HTTP server for callbacks of providers or of a sandbox."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@attrs.frozen
class Call:
    """A request as received; ``path`` includes the query and is not decoded."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body, decoded from JSON."""
        return orjson.loads(self.body)

    @property
    def clickatell(self) -> dict[str, Any]:
        """The single entry of a callback of Clickatell."""
        ((entry,),) = self.document["event"].values()
        return dict(entry)


@attrs.define
class Target:
    """A server for callbacks, and the requests that it received.

    Attributes:
        url: The server's address.
        calls: The requests, in order.
        answers: The statuses of the next answers; then 200.
        hook: Awaited with each request before it is answered.
    """

    url: str = ""
    calls: list[Call] = attrs.field(factory=list)
    answers: deque[int] = attrs.field(factory=deque)
    hook: Callable[[Call], Awaitable[None]] | None = None

    @property
    def documents(self) -> list[Any]:
        """The bodies, decoded from JSON."""
        return [call.document for call in self.calls]

    @property
    def statuses(self) -> list[str]:
        """The provider's status in each report, of any provider."""
        return [_status(document) for document in self.documents]

    async def receive(self, request: web.Request) -> web.Response:
        """Keep a request and answer it."""
        call = Call(request.path_qs, dict(request.headers), await request.read())
        self.calls.append(call)
        if self.hook is not None:
            await self.hook(call)
        status = self.answers.popleft() if self.answers else 200
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)


def _status(document: dict[str, Any]) -> str:
    if "payload" in document:
        payload = document["payload"]
        return str(payload.get("status") or payload["type"])
    if "event" in document:
        return str(document["event"]["messageStatusUpdate"][0]["status"])
    return str(document["status"])


@asynccontextmanager
async def serve_target() -> AsyncIterator[Target]:
    """Serve a target on the loopback interface."""
    target = Target()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", target.receive)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        target.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield target
    finally:
        await runner.cleanup()


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """Serve the receiver of callbacks, which stands for the application."""
    async with serve_target() as served:
        yield served
