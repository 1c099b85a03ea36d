"""Fixtures and helpers for tests that use a sandbox.

A `conftest.py` imports the fixtures that it wants and defines `emulators`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal

from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from omnimsg.sandbox import Emulator

NOW = 1_700_000_000.0
PACE = 10.0


class Clock:
    """A clock for a sandbox; its time changes only when a test sets `now` (epoch seconds)."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the sandbox's clock."""
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock, emulators: list[type[Emulator]]) -> AsyncIterator[Sandbox]:
    """Serve the emulators, with ten seconds between two steps of a message."""
    async with Sandbox(emulators, clock=clock, pace=PACE) as served:
        yield served


@contextmanager
def sandbox_in_thread(emulators: Iterable[type[Emulator]] | None = None) -> Iterator[Sandbox]:
    """Serve emulators, by default all installed ones, from another thread."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Sandbox(emulators)) as sandbox,
    ):
        yield sandbox
