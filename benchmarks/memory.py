"""What omnimsg holds: how much a long stream grows, and what a waiting `send` weighs.

Run `python benchmarks/memory.py stream`, or `parked`. Prints one line of JSON, in bytes.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

from library import in_batches, messages
from omnimsg import Accepted
from places import Place, take
from processes import sink

if TYPE_CHECKING:
    from omnimsg import Client

WARM = 20_000
STREAM = 1_000_000

# Sends that fill the window of requests first, and those that are weighed, which come after.
FILLING, PARKED = 2_000, 10_000
# Seconds that no answer takes while something is weighed.
NEVER = 3600.0


async def growth(base_url: str, count: int) -> float:
    """Return by how many bytes the resident memory grew at its peak, from after a warm-up."""
    async with in_batches(base_url) as client:
        await _peak(client, WARM)
        gc.collect()
        start = resident()
        return max(await _peak(client, count), start) - start


async def parked(base_url: str) -> float:
    """Return the bytes of one `await send` in a task of its own, without its message."""
    client = in_batches(base_url)
    waiting = list(messages(FILLING + PARKED))
    tracemalloc.start()
    tasks = [asyncio.create_task(client.send(each)) for each in waiting[:FILLING]]
    await _settled()
    before, _ = tracemalloc.get_traced_memory()
    tasks += [asyncio.create_task(client.send(each)) for each in waiting[FILLING:]]
    await _settled()
    after, _ = tracemalloc.get_traced_memory()
    assert not any(task.done() for task in tasks)
    return (after - before) / PARKED


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def _peak(client: Client, count: int) -> int:
    most = accepted = 0
    async for outcome in client.send_many(messages(count)):
        accepted += isinstance(outcome, Accepted)
        if accepted % 1000 == 0:
            most = max(most, resident())
    assert accepted == count
    return most


async def _settled() -> None:
    """Let every task come to where it waits."""
    await asyncio.sleep(1)
    gc.collect()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("what", choices=["stream", "parked"])
    options.add_argument("--messages", type=int, default=STREAM, help="of the stream")
    given = options.parse_args()
    with sink(delay=0.0 if given.what == "stream" else NEVER) as address:
        take(Place.CLIENT)
        work = growth(address, given.messages) if given.what == "stream" else parked(address)
        with asyncio.Runner() as runner:
            print(json.dumps({"bytes": runner.run(work)}), flush=True)
            if given.what == "parked":
                # A proper end would wait for answers that never come.
                os._exit(0)


if __name__ == "__main__":
    main()
