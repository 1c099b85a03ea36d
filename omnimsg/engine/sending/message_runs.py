"""An input of a stream that has several messages at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

from omnimsg.domain.message import Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class MessageRuns(AsyncIterable[Message]):
    """Messages that come in runs, such as the lines of one block of a file.

    A stream takes a run as it takes an iterable: handing over each message by itself costs some
    percent of sending it.
    """

    @abstractmethod
    def runs(self) -> AsyncGenerator[Iterator[Message], None]:
        """Yield the messages of each run, to be read before the next run is asked for."""

    async def read_all(self, read: Callable[[Iterator[Message]], Awaitable[None]]) -> None:
        """Read each run, and close the generator of the runs in any case."""
        async with aclosing(self.runs()) as runs:
            async for run in runs:
                await read(run)

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Yield each message by itself."""
        async for run in self.runs():
            for message in run:
                yield message
