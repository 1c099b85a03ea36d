"""Measure memory: the growth over a long stream, a `send` that waits, an account that is not used.

Run `python benchmarks/memory.py stream`, `parked` or `idle`. Prints one line of JSON, in bytes.
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

from accounts import idle_account
from cores import Role, pin_to_core
from omnimsg import Accepted
from plain_sends import in_batches, messages
from processes import sink

if TYPE_CHECKING:
    from omnimsg import Client

WARM = 20_000
STREAM = 1_000_000

# Sends that fill all slots for requests, and the sends after them, which are measured.
FILLING, PARKED = 2_000, 10_000
# Seconds by which the sink delays its answers while waiting sends are measured.
NEVER = 3600.0


async def growth(base_url: str, count: int) -> float:
    """Return the growth of the peak resident memory after a warm-up, in bytes."""
    async with in_batches(base_url) as client:
        await _peak(client, WARM)
        gc.collect()
        start = resident()
        return max(await _peak(client, count), start) - start


async def parked(base_url: str) -> float:
    """Return the size of one waiting `await send` in a task of its own, without its message."""
    client = in_batches(base_url)
    waiting = list(messages(FILLING + PARKED))
    tracemalloc.start()
    tasks = [asyncio.create_task(client.send(each)) for each in waiting[:FILLING]]
    await _let_tasks_block()
    before, _ = tracemalloc.get_traced_memory()
    tasks += [asyncio.create_task(client.send(each)) for each in waiting[FILLING:]]
    await _let_tasks_block()
    after, _ = tracemalloc.get_traced_memory()
    assert not any(task.done() for task in tasks)
    return (after - before) / PARKED


def resident() -> int:
    """Return the resident memory of this process, in bytes."""
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


async def _let_tasks_block() -> None:
    """Run every task until it waits."""
    await asyncio.sleep(1)
    gc.collect()


def main() -> None:
    """Measure one figure and print it."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("what", choices=["stream", "parked", "idle"])
    options.add_argument("--messages", type=int, default=STREAM, help="of the stream")
    given = options.parse_args()
    if given.what == "idle":
        print(json.dumps({"bytes": idle_account()}))
        return
    with sink(delay=0.0 if given.what == "stream" else NEVER) as address:
        pin_to_core(Role.CLIENT)
        work = growth(address, given.messages) if given.what == "stream" else parked(address)
        with asyncio.Runner() as runner:
            print(json.dumps({"bytes": runner.run(work)}), flush=True)
            if given.what == "parked":
                # A normal exit would wait for the delayed answers.
                os._exit(0)


if __name__ == "__main__":
    main()
