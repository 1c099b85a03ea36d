"""Measure the tracker: CPU time an event and memory a message, with few known messages and many.

Run `python benchmarks/tracker.py reports`, `sends`, `memory` or `pause`; `--known 1000000` measures
with that number of known messages only. With `--turns` it is a workload of `rounds.py`, which
measures once for each line of standard input.

* `reports`: reports of known messages, spread over all of them, each with its key remembered.
* `sends`: answers to new sends, while the store is full: each evicts the oldest message.
* `memory`: resident memory of a message with two reports.
* `pause`: the longest garbage collection, which holds up the event loop.

The cost is CPU time: a count of instructions would leave out the real cost of many messages, cache
misses.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from callback_server import message_id, reference
from cores import Role, pin_to_core
from memory import resident
from omnimsg import Accepted, Status
from omnimsg.delivery.memory_store import MemoryStore, StoreLimits
from omnimsg.delivery.tracked import Tracked
from omnimsg.delivery.tracker import Tracker
from omnimsg.domain.channel import Channel
from omnimsg.domain.events import StatusEvent
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.status import Evidence, LegStatus, Timeline
from omnimsg.engine.clock import SystemClock
from omnimsg.engine.observers import Observers
from processes import taking_turns
from rounds import interleaved
from spread import Spread, paired

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    Start: TypeAlias = Callable[[], AbstractContextManager[Callable[[], float]]]

KNOWN = (1_000, 10_000, 100_000, 1_000_000)
# Events in a turn, and messages that the reports of all turns are spread over.
EVENTS, SPREAD = 1_000, 16_000
ACCOUNT = "main"
BEGAN = datetime(2026, 11, 29, 10, tzinfo=UTC)
# As in an adapter's table: all messages share these values.
SAID = (Evidence(Status.SENT, "sent"), Evidence(Status.DELIVERED, "delivered"))


async def known(count: int) -> MemoryStore:
    """Return a store with `count` accepted messages."""
    store = MemoryStore(StoreLimits(messages=count, events=count))
    for number in range(count):
        tracked = Tracked.of_accepted(answer(number), f"+372{number:08}", BEGAN)
        await store.update(tracked.names, partial(_known, tracked))
    assert len(store) == count
    return store


def _known(tracked: Tracked, _before: Tracked | None) -> Tracked:
    return tracked


def answer(number: int) -> Accepted:
    """Return the answer to a send."""
    return Accepted(reference=reference(number), account=ACCOUNT, provider_id=message_id(number))


def report(number: int, turn: int) -> StatusEvent:
    """Return a report of a message: "sent" in the first turn, "delivered" in all later ones."""
    at = BEGAN + timedelta(seconds=turn)
    leg = LegStatus(channel=Channel.SMS, timeline=Timeline.of(SAID[min(turn, 1)], at))
    return StatusEvent(
        provider="bird",
        account=ACCOUNT,
        at=at,
        key=f"{turn}-{number}",
        reference=reference(number),
        leg=leg,
        message_id=MessageId.of(ACCOUNT, message_id(number)),
    )


async def cost_of_reports(count: int, turns: Iterator[object]) -> AsyncIterator[float]:
    """Yield the CPU seconds of the reports of a turn.

    Each of the messages is first reported as sent and as delivered, so that no measured report has
    a new status: otherwise, with many known messages more reports would have one than with few.
    """
    store = await known(count)
    tracker = Tracker(store, SystemClock(), Observers(()))
    spread = random.Random(count).sample(range(count), min(count, SPREAD))  # noqa: S311
    for turn in range(2):
        for number in spread:
            await tracker.apply(report(number, turn))
    coming = ((number, turn) for turn in itertools.count(2) for number in spread)
    gc.collect()
    print(flush=True)
    for _ in turns:
        events = [report(*each) for each in itertools.islice(coming, EVENTS)]
        began = time.process_time()
        for event in events:
            assert not await store.is_handled(event.key)
            tracked = await tracker.apply(event)
            await store.set_handled(event.key, BEGAN, BEGAN + timedelta(hours=24))
        taken = time.process_time() - began
        assert tracked.status is not None
        assert tracked.status.status is Status.DELIVERED
        yield taken
    assert len(store) == count


async def cost_of_sends(count: int, turns: Iterator[object]) -> AsyncIterator[float]:
    """Yield the CPU seconds of the answers of a turn, each of which evicts a message."""
    store = await known(count)
    tracker = Tracker(store, SystemClock(), Observers(()))
    numbers = itertools.count(count)
    gc.collect()
    print(flush=True)
    for _ in turns:
        answers = [answer(each) for each in itertools.islice(numbers, EVENTS)]
        before = store.dropped
        began = time.process_time()
        for each in answers:
            await tracker.accept(each, "+37255500001")
        yield time.process_time() - began
        assert store.dropped - before == EVENTS
    assert len(store) == count


async def memory(count: int) -> float:
    """Return the resident memory of a known message with two reports, in bytes."""
    gc.collect()
    before = resident()
    store = await reported(count)
    gc.collect()
    assert len(store) == count
    return (resident() - before) / count


async def pause(count: int) -> float:
    """Return the seconds of a full garbage collection that finds no garbage."""
    store = await reported(count)
    gc.collect()
    began = time.perf_counter()
    gc.collect()
    assert len(store) == count
    return time.perf_counter() - began


async def reported(count: int) -> MemoryStore:
    """Return a store of messages that were reported as sent and as delivered."""
    store = await known(count)
    tracker = Tracker(store, SystemClock(), Observers(()))
    for turn in range(2):
        for number in range(count):
            await tracker.apply(report(number, turn))
    return store


def setups(what: str, counts: Iterable[int] = KNOWN) -> dict[str, Start]:
    """Return the functions that start the workloads, for `rounds.interleaved`."""
    return {
        f"{what} of {count}": partial(
            taking_turns, "tracker.py", what, "--known", count, gives="cpu_us"
        )
        for count in counts
    }


async def _take_turns(what: str, count: int) -> None:
    costs = {"reports": cost_of_reports, "sends": cost_of_sends}[what]
    async for taken in costs(count, iter(sys.stdin.readline, "")):
        print(json.dumps({"cpu_us": taken / EVENTS * 1e6}), flush=True)


def _compare(what: str, counts: Iterable[int], rounds: int) -> None:
    samples = interleaved(setups(what, counts), rounds)
    base = next(iter(samples.values()))
    for name, each in samples.items():
        ratio = Spread.of(paired(each, base)).shown(2)
        print(f"{name:20} {Spread.of(each).shown(2):24} us/event  {ratio} x")


def main() -> None:
    """Measure, and print the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("what", choices=["reports", "sends", "memory", "pause"])
    options.add_argument("--known", type=int, help="known messages; without it, several numbers")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--turns", action="store_true", help="measure once for each line of input")
    given = options.parse_args()
    counts = (given.known,) if given.known else KNOWN
    if given.turns:
        pin_to_core(Role.CLIENT)
        asyncio.run(_take_turns(given.what, *counts))
    elif given.what == "memory":
        print(json.dumps({"bytes": asyncio.run(memory(counts[-1]))}))
    elif given.what == "pause":
        print(json.dumps({"seconds": asyncio.run(pause(counts[-1]))}))
    else:
        _compare(given.what, counts, given.rounds)


if __name__ == "__main__":
    main()
