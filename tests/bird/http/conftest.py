"""Bird's sandbox over HTTP, with every request recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.provider_http import (
    account,
    client,
    config,
    lenient,
    options,
    pace,
    recorder,
    sandbox,
)
from support.sandbox_fixtures import clock

from omnimsg_bird.emulator import BirdEmulator

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

__all__ = [
    "account",
    "client",
    "clock",
    "config",
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


@pytest.fixture
def emulator(sandbox: Sandbox) -> BirdEmulator:
    """Return the emulator that is served."""
    return sandbox.emulator(BirdEmulator)
