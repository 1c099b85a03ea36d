"""A sandbox that serves Messente alone, and a plain HTTP client with its credentials."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from omnimsg.sandbox import Sandbox
from omnimsg_messente.emulator import PASSWORD, USERNAME, MessenteEmulator


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
    """Serve Messente with ten seconds between two statuses."""
    async with Sandbox([MessenteEmulator], clock=clock, pace=10.0) as served:
        yield served


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """Talk to Messente with the right credentials."""
    key = {"Authorization": aiohttp.encode_basic_auth(USERNAME, PASSWORD)}
    async with aiohttp.ClientSession(f"{sandbox.url}/messente/v1/", headers=key) as session:
        yield session
