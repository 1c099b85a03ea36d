"""A minimal emulator, to test the sandbox without the rules of a provider."""

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

STEPS = (LifecycleStep("queued"), LifecycleStep("sent"), LifecycleStep("delivered", delivers=True))


class Echo(Emulator):
    """An emulator that accepts every message of a list."""

    name = "echo"

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return an account with a value that needs escaping in TOML."""
        return {"provider": "echo", "base_url": base_url, "channels": {"sms": 'a"b\\c'}}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return a send, a look-up and a response that is not JSON."""
        return [
            web.post("/send", self.send),
            web.get("/message/{id}", self.show),
            web.get("/plain", self.plain),
        ]

    def is_send(self, request: web.Request) -> bool:
        """Treat every POST as a send."""
        return request.method == "POST"

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Return 418 for every refusal."""
        return json_response({"refused": status}, status=418)

    def shuffle(self, document: Any, rng: random.Random) -> object:
        """Shuffle the messages."""
        return {"messages": shuffle_entries(document["messages"], rng)}

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
                steps=self.state.apply_pace(STEPS),
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
        """Return a body that is not JSON."""
        return web.Response(text="plain")


@pytest.fixture
def emulators() -> list[type[Emulator]]:
    """Serve only the minimal emulator."""
    return [Echo]


@pytest.fixture
def state(clock: Clock) -> SandboxState:
    """Return a sandbox state without a server."""
    return SandboxState(clock=clock)
