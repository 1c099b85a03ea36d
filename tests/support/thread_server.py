"""A server in a thread of its own, for tests whose event loops end before it."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import orjson
from support.adapters import result
from support.servers import Act, Server, Visit, answer

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def server_in_thread(*acts: Act) -> Iterator[Server]:
    """Serve in another thread until the end of the block."""
    started, running = threading.Event(), []

    async def serve() -> None:
        stop = asyncio.Event()
        async with Server(*acts) as server:
            running.append((server, asyncio.get_running_loop(), stop))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="server")
    thread.start()
    started.wait()
    server, loop, stop = running[0]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


async def accept(visit: Visit) -> None:
    """Accept every message of a batch; the id contains its reference."""
    messages = orjson.loads(visit.received.body)["messages"]
    document = {"results": [result(each["ref"], "ok") for each in messages]}
    await answer(200, orjson.dumps(document))(visit)


def accept_after(go_on: threading.Event) -> Act:
    """Return an act that accepts every message once an event of another thread is set."""

    async def accept_later(visit: Visit) -> None:
        await asyncio.to_thread(go_on.wait)
        await accept(visit)

    return accept_later


def wait_for(event: asyncio.Event) -> None:
    """Wait for an event of another thread's event loop."""
    while not event.is_set():
        time.sleep(0.001)
