"""Fixtures: a sandbox of all providers with callbacks, omnimsg's client of it, and plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
import pytest
from support.callback_target import Target, target
from support.sandbox_fixtures import PACE, clock

from omnimsg import Client
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.sandbox_fixtures import Clock

__all__ = ["clock", "target"]

PHONE = "+27820001000"


@pytest.fixture
async def sandbox(clock: Clock, target: Target) -> AsyncIterator[Sandbox]:
    """Serve all providers, with ten seconds between two steps and callbacks to the target."""
    async with Sandbox(clock=clock, pace=PACE, callbacks=f"{target.url}/callbacks") as served:
        served.open_windows(PHONE)
        yield served


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    """Return an omnimsg client of the sandbox."""
    config = sandbox.config()
    config["accounts"]["bird"]["templates"] = {"table_ready": {"keys": ["name", "time"]}}
    async with Client.from_config(config) as served:
        yield served


@attrs.frozen
class Http:
    """A plain HTTP client of the sandbox."""

    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send a request; return the status and the decoded body."""
        async with self.session.request(method, path, **options) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> Any:
        """Return the JSON of a control route."""
        status, body = await self.call("GET", f"/_sandbox/{path}")
        assert status == 200, body
        return body

    async def entries(self, number: str = PHONE) -> list[dict[str, Any]]:
        """Return the entries of a phone's conversation."""
        shown = await self.get(f"phones/{number.replace('+', '%2B')}")
        return list(shown["entries"])

    async def decide(self, entry: dict[str, Any], outcome: str) -> tuple[int, Any]:
        """Set the outcome of a message."""
        body = {"provider": entry["provider"], "id": entry["id"], "outcome": outcome}
        return await self.call("POST", "/_sandbox/outcomes", json=body)


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[Http]:
    """Return a plain HTTP client."""
    async with aiohttp.ClientSession(sandbox.url) as session:
        yield Http(session)
