"""A sandbox that serves Bird alone, and a plain HTTP client with its access key."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from omnimsg.sandbox import Sandbox
from omnimsg_bird.emulator import ACCESS_KEY, WORKSPACE, BirdEmulator


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    """Serve Bird with ten seconds between two statuses."""
    async with Sandbox([BirdEmulator], clock=clock, pace=10.0) as served:
        yield served


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """Talk to the workspace with the right access key."""
    base = f"{sandbox.url}/bird/workspaces/{WORKSPACE}/"
    key = {"Authorization": f"AccessKey {ACCESS_KEY}"}
    async with aiohttp.ClientSession(base, headers=key) as session:
        yield session
