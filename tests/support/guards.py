"""Fixtures that check every test of the engine and the client for leaks and blocking."""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

import blockbuster.blockbuster
import pytest
from blockbuster import BlockingError, blockbuster_ctx
from coverage import Coverage
from support.adapters import KEY, TEXT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@contextmanager
def no_blocking() -> Iterator[None]:
    """Fail at the end if omnimsg, or code that it calls, has blocked the event loop.

    Raising is not enough: the engine turns every error into an outcome, so the test would pass.
    """
    calls: list[str] = []

    class NotedError(BlockingError):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            calls.append(name)

    with (
        patch.object(blockbuster.blockbuster, "BlockingError", NotedError),
        blockbuster_ctx("omnimsg") as watched,
    ):
        # The application chooses its log handlers; pytest's own one writes to a file.
        for name in ("io.BufferedWriter.write", "io.TextIOWrapper.write"):
            watched.functions[name].can_block_in("logging/__init__.py", {"emit", "flush"})
        # A fork holds the event loop of the synchronous client.
        watched.functions["threading.Lock.acquire"].can_block_in(
            "omnimsg/sync/loop_thread.py", {"_hold", "before_fork"}
        )
        if Coverage.current() is not None:
            # Coverage takes a lock at each line that is new to a thread.
            watched.functions["threading.Lock.acquire"].deactivate()
        yield
    assert not calls, f"the event loop was blocked by {', '.join(calls)}"


@pytest.fixture(autouse=True)
def unblocked() -> Iterator[None]:
    """Fail a test in which omnimsg, or code that it calls, blocks the event loop."""
    with no_blocking():
        yield


@pytest.fixture(autouse=True)
def discreet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test that logs a key, a text or a number, at any level and by any logger."""
    caplog.set_level(logging.DEBUG)
    yield
    formatter = logging.Formatter("%(message)s")
    said = "\n".join(formatter.format(each) for each in caplog.get_records("call"))
    assert KEY not in said
    assert TEXT not in said
    # The whole number, because a port may be its first five digits.
    assert not re.search(r"37255\d{6}", said)


@pytest.fixture(autouse=True)
async def no_leaks(anyio_backend: str) -> AsyncIterator[None]:
    """Fail a test that leaves a task behind."""
    yield
    for _ in range(3):
        await asyncio.sleep(0)
    left = [each for each in asyncio.all_tasks() if "TestRunner" not in repr(each.get_coro())]
    assert [] == left
