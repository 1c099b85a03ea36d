"""Fixtures that watch every test of the engine and the client."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx
from support.adapters import KEY, TEXT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(autouse=True)
def unblocked() -> Iterator[None]:
    """Fail a test in which omnimsg, or what it calls, blocks the event loop."""
    with blockbuster_ctx("omnimsg"):
        yield


@pytest.fixture(autouse=True)
def discreet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which a key, a text or a number was logged, at any level, by anybody."""
    caplog.set_level(logging.DEBUG)
    yield
    formatter = logging.Formatter("%(message)s")
    said = "\n".join(formatter.format(each) for each in caplog.get_records("call"))
    assert KEY not in said
    assert TEXT not in said
    assert "37255" not in said


@pytest.fixture(autouse=True)
async def no_leaks(anyio_backend: str) -> AsyncIterator[None]:
    """Fail a test that leaves a task behind."""
    yield
    for _ in range(3):
        await asyncio.sleep(0)
    left = [each for each in asyncio.all_tasks() if "TestRunner" not in repr(each.get_coro())]
    assert [] == left
