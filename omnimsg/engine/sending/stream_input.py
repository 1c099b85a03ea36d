"""`MessageRuns`: the input of a stream that yields several messages at a time."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import aclosing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator

    from omnimsg.domain.message import Message


class MessageRuns(AsyncIterable["Message"]):
    """Messages that come in runs, such as the lines of one block of a file.

    A stream reads a whole run as it reads an iterable: handing over each message by itself would
    cost some percent of sending it.

    Args:
        runs: Yields the messages of each run, to be read before the next run is requested.
    """

    def __init__(self, runs: Callable[[], AsyncGenerator[Iterator[Message], None]]) -> None:
        self._runs = runs

    async def read_all(self, read: Callable[[Iterator[Message]], Awaitable[None]]) -> None:
        """Read each run, and close the generator of the runs in any case."""
        async with aclosing(self._runs()) as runs:
            async for run in runs:
                await read(run)

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Yield each message by itself."""
        async for run in self._runs():
            for message in run:
                yield message
