"""One workload in this fresh process: warmed up, then measured once, or again at every word.

Run `python benchmarks/sample.py single --messages 4000`. Without `--port` it starts a sink of its
own, which makes it the thing to run a profiler on. Prints a line of JSON for each measurement.
With `--turns` there is one for each line that comes in: `rounds.py` has several workloads take
turns, so that a busy moment of the machine is a busy moment for all of them.

The figure is the CPU time of this process, all threads of it, user and system. Wall time would
tell how busy the machine's neighbours are.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from importlib import import_module

from loops import new_loop
from places import Place, take
from processes import sink

Work = Callable[[int], Awaitable[int]]
Workload = Callable[[str], AbstractAsyncContextManager[Work]]

# Where each one lives, imported by name so that the floor does not load what it does not use; how
# many messages a turn has, and how many before the first are not counted.
WORKLOADS = {
    "floor": ("floor", 500, 500),
    "single": ("library", 500, 500),
    "awaited": ("library", 500, 500),
    "hand": ("hand", 12_500, 12_500),
    "batches": ("library", 12_500, 12_500),
    # More, because a turn begins with 1,000 callers who come and ends when they have gone.
    "callers": ("library", 25_000, 12_500),
    # In their own environment: see `peers.py`.
    "apprise_json": ("peer_apprise", 125, 125),
    "messente_api": ("peer_messente", 250, 250),
    "twilio_async": ("peer_twilio", 250, 250),
}


async def measure(
    workload: Workload, base_url: str, *, messages: int, warm: int, turns: AsyncIterator[object]
) -> AsyncIterator[float]:
    """Give the CPU seconds that a number of messages cost, once for each turn.

    Some messages before the first turn are not counted.
    """
    async with workload(base_url) as work:
        if warm:
            await work(warm)
        gc.collect()
        async for _ in turns:
            began = time.process_time()
            accepted = await work(messages)
            taken = time.process_time() - began
            assert accepted == messages, f"{accepted} of {messages} were accepted"
            yield taken


async def once() -> AsyncIterator[object]:
    """Take one turn."""
    yield None


async def called() -> AsyncIterator[object]:
    """Say that all is warm, and take a turn for each line of standard input.

    The loop runs on while there is none.
    """
    print(flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield line


async def report(measured: AsyncIterator[float], messages: int) -> None:
    """Print each measurement as it comes."""
    async for taken in measured:
        print(json.dumps({"cpu_us": taken / messages * 1e6}), flush=True)


def main() -> None:
    """Measure one workload and print what it took."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("workload", choices=WORKLOADS)
    options.add_argument("--port", type=int, help="the sink's; one is started unless given")
    options.add_argument("--messages", type=int, help="in a turn")
    options.add_argument("--warm", type=int, help="messages that are not counted")
    options.add_argument("--loop", default="asyncio", choices=["asyncio", "uvloop"])
    options.add_argument("--turns", action="store_true", help="one for each line that comes in")
    options.add_argument("--pin", action=argparse.BooleanOptionalAction, default=True)
    given = options.parse_args()
    module, messages, warm = WORKLOADS[given.workload]
    messages = messages if given.messages is None else given.messages
    warm = warm if given.warm is None else given.warm
    workload = getattr(import_module(module), given.workload)
    with ExitStack() as stack:
        at = sink_at(given.port) if given.port else stack.enter_context(sink(awake=given.pin))
        if given.pin:
            take(Place.CLIENT)
        runner = stack.enter_context(asyncio.Runner(loop_factory=new_loop(given.loop)))
        turns = called() if given.turns else once()
        measured = measure(workload, at, messages=messages, warm=warm, turns=turns)
        runner.run(report(measured, messages))


def sink_at(port: int) -> str:
    """Return the address of a sink that runs already."""
    return f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    main()
