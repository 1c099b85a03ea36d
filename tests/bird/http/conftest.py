"""Bird's sandbox over HTTP, with every request recorded."""

from __future__ import annotations

import pytest
from support.provider_http import (
    account,
    client,
    config,
    emulator,
    lenient,
    options,
    pace,
    recorder,
    sandbox,
)
from support.sandbox_fixtures import clock

from omnimsg_bird.emulator import BirdEmulator

__all__ = [
    "account",
    "client",
    "clock",
    "config",
    "emulator",
    "lenient",
    "options",
    "pace",
    "recorder",
    "sandbox",
]


@pytest.fixture
def emulator_class() -> type[BirdEmulator]:
    """Return the emulator to serve."""
    return BirdEmulator
