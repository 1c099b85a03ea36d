"""Asynchronous iterators that a thread reads: when their source is closed."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from omnimsg.sync.iteration import iterate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Source:
    """Yields numbers, and notes that it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    async def numbers(self) -> AsyncIterator[int]:
        """Yield 0 and 1; with time between the end of the reader and the end of this."""
        try:
            for number in range(2):
                yield number
        finally:
            await asyncio.sleep(0.001)
            self.closed.set()


@pytest.mark.parametrize("read", [1, 2])
def test_a_source_that_is_left_is_closed(read: int) -> None:
    """Its end is waited for, wherever the reader has left it."""
    source = Source()
    found = iterate(source.numbers())

    seen = [next(found) for _ in range(read)]
    found.close()

    assert [*range(read)] == seen
    assert source.closed.is_set()


def test_a_source_that_is_left_in_an_event_loop_is_closed_soon() -> None:
    """In a thread that runs an event loop nothing is waited for."""
    source = Source()
    numbers = source.numbers()  # the garbage collector would close it too
    found = iterate(numbers)
    next(found)

    async def leave() -> None:
        found.close()

    asyncio.run(leave())

    assert source.closed.wait(10)
