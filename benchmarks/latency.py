"""Measure the wait of a caller under low load: `await send` against one bare POST a message.

Run `python benchmarks/latency.py send`, or `direct`. 200 messages a second, or `--rate`, arrive at
random (a Poisson process, with the same arrivals for both) at a provider that takes 20 ms to
answer. The figures are wall time, which depends on the machine's load, so no check uses them.
Prints one line of JSON, in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import orjson

from cores import Role, pin_to_core
from handwritten_loop import HEADERS
from omnimsg import Message
from plain_sends import in_batches
from processes import sink
from texts import Line, lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Send = Callable[[Line], Awaitable[None]]

RATE = 200
DELAY = 0.020
SEED = 20
WARM = 100


async def waits(send: Send, count: int, rate: float) -> list[float]:
    """Send messages as they arrive and return how long each caller waited, in milliseconds."""
    arrivals = random.Random(SEED)  # noqa: S311 - not used for security
    loop = asyncio.get_running_loop()
    taken: list[float] = []

    async def call(line: Line) -> None:
        began = time.perf_counter()
        await send(line)
        taken.append((time.perf_counter() - began) * 1e3)

    due = loop.time()
    async with asyncio.TaskGroup() as group:
        for line in lines(count):
            due += arrivals.expovariate(rate)
            await asyncio.sleep(due - loop.time())
            group.create_task(call(line))
    return taken[WARM:]


def quantiles(taken: list[float]) -> dict[str, float]:
    """Return the median wait and the wait that 99 of 100 callers did not exceed."""
    ordered = sorted(taken)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100]}


@asynccontextmanager
async def direct(base_url: str) -> AsyncIterator[Send]:
    """Post each message with aiohttp directly."""
    url = f"{base_url}/v1/message"
    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def post(line: Line) -> None:
            to, text, reference = line
            document = {"channel": "sms", "to": to, "content": text, "clientMessageId": reference}
            data = orjson.dumps({"messages": [document]})
            async with session.post(url, data=data, allow_redirects=False) as response:
                assert orjson.loads(await response.read())["messages"][0]["accepted"]

        yield post


@asynccontextmanager
async def send(base_url: str) -> AsyncIterator[Send]:
    """Send each message with `await Client.send`."""
    async with in_batches(base_url) as client:

        async def send_one(line: Line) -> None:
            to, text, reference = line
            await client.send(Message(to, text, reference=reference))

        yield send_one


async def _measured(way: str, base_url: str, count: int, rate: float) -> dict[str, float]:
    async with WAYS[way](base_url) as sending:
        return quantiles(await waits(sending, count, rate))


WAYS = {"direct": direct, "send": send}


def main() -> None:
    """Measure one way to send and print its figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("way", choices=WAYS)
    options.add_argument("--messages", type=int, default=1_500)
    options.add_argument("--rate", type=float, default=RATE, help="messages a second")
    given = options.parse_args()
    with sink(delay=DELAY) as address:
        pin_to_core(Role.CLIENT)
        print(json.dumps(asyncio.run(_measured(given.way, address, given.messages, given.rate))))


if __name__ == "__main__":
    main()
