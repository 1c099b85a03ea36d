"""A provider of nothing, to test the kit without a provider's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web
from support.sandbox_fixtures import clock, sandbox

from omnimsg.sandbox import (
    Emulator,
    LifecycleStep,
    MessageRecord,
    SandboxState,
    json_response,
    shuffle_entries,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from support.sandbox_fixtures import Clock

__all__ = ["clock", "sandbox"]

LIFE = (LifecycleStep("queued"), LifecycleStep("sent"), LifecycleStep("delivered", delivers=True))


class Echo(Emulator):
    """Accepts every message of a list and echoes it."""

    name = "echo"

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return an account with a value that needs escaping in TOML."""
        return {"provider": "echo", "base_url": base_url, "channels": {"sms": 'a"b\\c'}}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return one send and one look-up."""
        return [
            web.post("/send", self.send),
            web.get("/message/{id}", self.show),
            web.get("/plain", self.plain),
        ]

    def is_send(self, request: web.Request) -> bool:
        """Say that every POST is a send."""
        return request.method == "POST"

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Answer everything with a teapot."""
        return json_response({"refused": status}, status=418)

    def shuffle(self, document: Any, order: random.Random) -> object:
        """Shuffle the messages."""
        return {"messages": shuffle_entries(document["messages"], order)}

    async def send(self, request: web.Request) -> web.Response:
        """Accept a list of numbers."""
        now = self.state.clock()
        accepted = []
        for to in orjson.loads(await request.read()):
            record = MessageRecord(
                provider=self.name,
                id=self.state.hex_id(),
                channel="sms",
                to=to,
                kind="text",
                content={"text": "hello"},
                text="hello",
                created=now,
                start=now,
                steps=self.state.apply_pace(LIFE),
            )
            self.accept(record)
            accepted.append({"to": to, "id": record.id})
        return json_response({"messages": accepted})

    async def show(self, request: web.Request) -> web.Response:
        """Return a message's status."""
        record = self.messages.get(request.match_info["id"])
        if record is None:
            raise web.HTTPNotFound
        return json_response({"status": record.latest_change(self.state.clock()).status})

    async def plain(self, request: web.Request) -> web.Response:
        """Answer with something that is not JSON."""
        return web.Response(text="plain")


@pytest.fixture
def emulators() -> list[type[Emulator]]:
    """Serve the echo alone."""
    return [Echo]


@pytest.fixture
def state(clock: Clock) -> SandboxState:
    """Return a world without a server."""
    return SandboxState(clock=clock)
