"""The fixture that all end-to-end tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Serve all installed emulators."""
    async with Sandbox() as served:
        yield served
