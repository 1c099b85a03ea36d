"""Fixtures that every test may use."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio only: aiohttp has no other loop."""
    return "asyncio"
