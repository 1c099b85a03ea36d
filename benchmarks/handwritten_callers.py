"""Callers without omnimsg: messages handed over in one turn of the event loop share requests.

The requests are those of `handwritten_loop.py`. Each caller waits for a future of its own. There
are no deadlines and no retries, and sent messages are not remembered.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from floor import CALLERS
from handwritten_loop import BATCH, WORKERS, documents, posts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from handwritten_loop import Post
    from sample import Work


class Sender:
    """Sends the messages of many callers in batches.

    Args:
        post: Sends documents, and returns the ids by reference.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[str]]] = []
        self._workers: set[asyncio.Task[None]] = set()
        self._is_scheduled = False

    async def send(self, document: dict[str, Any]) -> str:
        """Send a message, and return its id."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        self._waiting.append((document, future))
        if not self._is_scheduled:
            self._is_scheduled = True
            loop.call_soon(self._start)
        return await future

    def _start(self) -> None:
        """Start a worker for each waiting batch, up to `WORKERS` at a time."""
        self._is_scheduled = False
        batches = -(-len(self._waiting) // BATCH)
        for _ in range(min(batches, WORKERS - len(self._workers))):
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        """Send batches until no message waits."""
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            ids = await self._post([each for each, _ in batch])
            for each, future in batch:
                future.set_result(ids[each["clientMessageId"]])
            # Let the callers that have their ids hand over their next messages.
            await asyncio.sleep(0)


@asynccontextmanager
async def hand_callers(base_url: str) -> AsyncIterator[Work]:
    """Send by as many callers as the workload `callers` has."""
    async with posts(base_url) as post:
        sender = Sender(post)

        async def work(count: int) -> int:
            waiting = documents(count)
            accepted = 0

            async def call() -> None:
                nonlocal accepted
                for document in waiting:
                    await sender.send(document)
                    accepted += 1

            await asyncio.gather(*(call() for _ in range(CALLERS)))
            return accepted

        yield work
