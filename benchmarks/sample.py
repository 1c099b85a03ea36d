"""One sample: a workload in this fresh process, warmed up, then measured.

Run `python benchmarks/sample.py single --messages 4000`. Without `--port` it starts a sink of its
own, which makes it the thing to run a profiler on. Prints one line of JSON.

The figure is the CPU time of this process, all threads of it, user and system. Wall time would
tell how busy the machine's neighbours are.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from importlib import import_module

from loops import new_loop
from places import Place, take
from processes import sink

Work = Callable[[int], Awaitable[int]]
Workload = Callable[[str], AbstractAsyncContextManager[Work]]

# Where each one lives, imported by name so that the floor does not load what it does not use; how
# many messages a sample has, and how many before it are not counted.
WORKLOADS = {
    "floor": ("floor", 4_000, 500),
    "single": ("library", 4_000, 500),
    "awaited": ("library", 4_000, 500),
    "hand": ("hand", 100_000, 10_000),
    "batches": ("library", 100_000, 10_000),
    "callers": ("library", 50_000, 5_000),
    # In their own environment: see `peers.py`.
    "apprise_json": ("peer_apprise", 1_000, 200),
    "messente_api": ("peer_messente", 1_000, 200),
    "twilio_async": ("peer_twilio", 2_000, 300),
}


async def measure(workload: Workload, base_url: str, *, messages: int, warm: int) -> float:
    """Return the CPU seconds that a number of messages cost, after some that are not counted."""
    async with workload(base_url) as work:
        if warm:
            await work(warm)
        gc.collect()
        began = time.process_time()
        accepted = await work(messages)
        taken = time.process_time() - began
    assert accepted == messages, f"{accepted} of {messages} were accepted"
    return taken


def main() -> None:
    """Measure one workload and print what it took."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("workload", choices=WORKLOADS)
    options.add_argument("--port", type=int, help="the sink's; one is started unless given")
    options.add_argument("--messages", type=int, help="as many as make a good sample")
    options.add_argument("--warm", type=int, help="messages that are not counted")
    options.add_argument("--loop", default="asyncio", choices=["asyncio", "uvloop"])
    options.add_argument("--pin", action=argparse.BooleanOptionalAction, default=True)
    given = options.parse_args()
    module, messages, warm = WORKLOADS[given.workload]
    messages = messages if given.messages is None else given.messages
    warm = warm if given.warm is None else given.warm
    workload = getattr(import_module(module), given.workload)
    with ExitStack() as stack:
        base_url = stack.enter_context(sink()) if given.port is None else sink_at(given.port)
        if given.pin:
            take(Place.CLIENT)
        runner = stack.enter_context(asyncio.Runner(loop_factory=new_loop(given.loop)))
        taken = runner.run(measure(workload, base_url, messages=messages, warm=warm))
    print(json.dumps({"cpu_us": taken / messages * 1e6}))


def sink_at(port: int) -> str:
    """Return the address of a sink that runs already."""
    return f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    main()
