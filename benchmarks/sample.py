"""Measure one workload in this process: warm up, then measure once, or once for each line of input.

Run `python benchmarks/sample.py single --messages 4000`. Without `--port` it starts a sink of its
own, which makes it the script to profile. Prints a line of JSON for each measurement. With
`--turns` it measures once for each line of standard input: `rounds.py` lets several workloads take
turns, so that the machine's load affects all of them alike.

The figure is the CPU time of this process, user and system, of all threads. Wall time would depend
on the machine's load.
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

from cores import Role, pin_to_core
from loops import new_loop
from processes import sink

Work = Callable[[int], Awaitable[int]]
Workload = Callable[[str], AbstractAsyncContextManager[Work]]

# The module of each workload, imported by name so that the floor does not load omnimsg; the number
# of messages in a turn; and the number of messages to warm up.
WORKLOADS = {
    "floor": ("floor", 500, 500),
    "single": ("plain_sends", 500, 500),
    "awaited": ("plain_sends", 500, 500),
    "hand": ("handwritten_loop", 12_500, 12_500),
    "batches": ("plain_sends", 12_500, 12_500),
    # More, as for `callers`.
    "hand_callers": ("handwritten_callers", 25_000, 12_500),
    "get": ("look_ups", 500, 500),
    "status": ("look_ups", 500, 500),
    # Longer, because each turn starts with a client and a results file of its own.
    "file": ("message_file", 1_250, 500),
    "sandbox": ("sandbox_cpu", 500, 500),
    # Clients, not messages; the first of each process pays for the work that is done once.
    "one_account": ("accounts", 20, 2),
    "many_accounts": ("accounts", 10, 2),
    # Through ten of ten accounts, and through ten of a thousand.
    "ten_accounts": ("accounts", 12_500, 12_500),
    "thousand_accounts": ("accounts", 12_500, 12_500),
    # More, because each turn starts and ends with starting and ending 1,000 callers.
    "callers": ("plain_sends", 25_000, 12_500),
    # Over omnimsg's own transport.
    "single_protocol": ("plain_sends", 500, 500),
    "awaited_protocol": ("plain_sends", 500, 500),
    "batches_protocol": ("plain_sends", 12_500, 12_500),
    "callers_protocol": ("plain_sends", 25_000, 12_500),
    # The same through ten rules.
    "routed": ("routed", 12_500, 12_500),
    "routed_callers": ("routed", 25_000, 12_500),
    "options": ("sends_with_options", 12_500, 12_500),
    "templates": ("sends_with_options", 12_500, 12_500),
    "deadlines": ("sends_with_options", 25_000, 12_500),
    "journal": ("sends_with_options", 500, 500),
    "journal_batches": ("sends_with_options", 12_500, 12_500),
    # Reports that a provider makes, not messages.
    **{
        name: (module, 500, 500)
        for provider in ("bird", "clickatell", "messente")
        for name, module in (
            (f"bare_{provider}", "bare_reports"),
            (f"bare_{provider}_uvicorn", "bare_reports"),
            (f"{provider}_reports", "reports"),
            (f"{provider}_reports_uvicorn", "reports"),
        )
    },
    # In their own environment: see `peers.py`.
    "apprise_json": ("peer_apprise", 125, 125),
    "messente_api": ("peer_messente", 250, 250),
    "twilio_async": ("peer_twilio", 250, 250),
}


async def measure(
    workload: Workload, base_url: str, *, messages: int, warm: int, turns: AsyncIterator[object]
) -> AsyncIterator[float]:
    """Yield the CPU seconds that a number of messages took, once for each turn.

    `warm` messages are sent before the first turn and not counted.
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


async def on_request() -> AsyncIterator[object]:
    """Print an empty line when warmed up, and take a turn for each line of standard input.

    The event loop keeps running while it waits for a line.
    """
    print(flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield line


async def report(measured: AsyncIterator[float], messages: int) -> None:
    """Print each measurement."""
    async for taken in measured:
        print(json.dumps({"cpu_us": taken / messages * 1e6}), flush=True)


def main() -> None:
    """Measure one workload and print the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("workload", choices=WORKLOADS)
    options.add_argument("--port", type=int, help="of a running sink; without it one is started")
    options.add_argument("--tls", action="store_true", help="whether the sink has a certificate")
    options.add_argument("--messages", type=int, help="in a turn")
    options.add_argument("--warm", type=int, help="messages that are not counted")
    options.add_argument("--loop", default="asyncio", choices=["asyncio", "uvloop"])
    options.add_argument("--turns", action="store_true", help="measure once for each line of input")
    options.add_argument("--pin", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument(
        "--collect",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether the garbage collector runs",
    )
    given = options.parse_args()
    if not given.collect:
        gc.disable()
    module, messages, warm = WORKLOADS[given.workload]
    messages = messages if given.messages is None else given.messages
    warm = warm if given.warm is None else given.warm
    workload = getattr(import_module(module), given.workload)
    keep_memory_of_reads()
    with ExitStack() as stack:
        at = (
            sink_at(given.port, tls=given.tls)
            if given.port
            else stack.enter_context(sink(awake=given.pin, tls=given.tls))
        )
        if given.pin:
            pin_to_core(Role.CLIENT)
        runner = stack.enter_context(asyncio.Runner(loop_factory=new_loop(given.loop)))
        turns = on_request() if given.turns else once()
        measured = measure(workload, at, messages=messages, warm=warm, turns=turns)
        runner.run(report(measured, messages))


def keep_memory_of_reads() -> None:
    """Let glibc reuse the memory of each read, as in a process that has run for some time.

    asyncio allocates 256 KiB for each read from a socket. glibc has the system map and unmap a
    block of that size every time, until the process has freed a larger one. Whether a workload has
    done so while it started is chance, and the system calls would count as its own.
    """
    bytearray(1024 * 1024)


def sink_at(port: int, *, tls: bool = False) -> str:
    """Return the address of a running sink."""
    return f"{'https' if tls else 'http'}://127.0.0.1:{port}"


if __name__ == "__main__":
    main()
