"""A sandbox with the Messente emulator, and a plain HTTP client with its credentials."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from support.sandbox_fixtures import clock, sandbox

from omnimsg.sandbox import Emulator, Sandbox
from omnimsg_messente.emulator import PASSWORD, USERNAME, MessenteEmulator

__all__ = ["clock", "sandbox"]


@pytest.fixture
def emulators() -> list[type[Emulator]]:
    """Serve only Messente."""
    return [MessenteEmulator]


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client with valid credentials."""
    key = {"Authorization": aiohttp.encode_basic_auth(USERNAME, PASSWORD)}
    async with aiohttp.ClientSession(f"{sandbox.url}/messente/v1/", headers=key) as session:
        yield session
