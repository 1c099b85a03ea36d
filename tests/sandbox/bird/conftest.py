"""A sandbox with the Bird emulator, and a plain HTTP client with its access key."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from support.sandbox_fixtures import clock, sandbox

from omnimsg.sandbox import Emulator, Sandbox
from omnimsg_bird.emulator import ACCESS_KEY, WORKSPACE, BirdEmulator

__all__ = ["clock", "sandbox"]


@pytest.fixture
def emulators() -> list[type[Emulator]]:
    """Serve only Bird."""
    return [BirdEmulator]


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client for the workspace with a valid access key."""
    base = f"{sandbox.url}/bird/workspaces/{WORKSPACE}/"
    key = {"Authorization": f"AccessKey {ACCESS_KEY}"}
    async with aiohttp.ClientSession(base, headers=key) as session:
        yield session
