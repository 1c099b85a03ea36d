"""The only interface to simloom: a universe with hosts, a network, virtual time and a tape.

Everything that happens in a universe is drawn from its tape, so that a seed names it, a recorded
tape repeats it, and a tape with fewer draws is a simpler case of the same failure. `corrections`
patches simloom where it differs from a real machine; no other module uses simloom.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import simloom
from simloom import _net as simulated_network
from simulation.corrections import InOrder, end_timers, owner_of, real_machine
from simulation.story import Story

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

Main: TypeAlias = "Callable[[Universe], Awaitable[Story]]"

# The universe's time of day when it begins, seconds since 1970.
EPOCH = 1_900_000_000.0

# The most universes that are tried while a failure is shrunk.
_SHRINK_RUNS = 150


@attrs.frozen
class Verdict:
    """The result of running one universe.

    Attributes:
        error: The failure, or `None`.
        story: The story, if the world reached its end or broke a rule.
        digest: The digest of all draws and of the story: equal for equal universes.
        run: simloom's own record.
    """

    error: BaseException | None
    story: Story | None
    digest: str
    run: Any


@attrs.frozen
class Host:
    """A machine; a power cut stops everything that runs on it.

    Attributes:
        inner: simloom's host.
    """

    inner: Any

    @property
    def name(self) -> str:
        """The name in the network."""
        return str(self.inner.name)

    @property
    def is_up(self) -> bool:
        """Whether the host has power."""
        return not self.inner.crashed

    @property
    def disk(self) -> Any:
        """The disk, on which only `fsync` makes a write durable."""
        return self.inner.disk

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        """Run something on the host, and again after each restart."""
        task: asyncio.Task[Any] = self.inner.spawn(work)
        return task

    def crash(self) -> None:
        """Cut the power: no `finally` runs, and writes without a sync may be lost or torn."""
        self.inner.crash()
        end_timers(self.inner)

    def restart(self) -> None:
        """Restore the power, and run everything again that ran on the host."""
        self.inner.restart()


class Universe:
    """Hosts, the network between them, and the tape.

    Args:
        world: simloom's world.
    """

    def __init__(self, world: Any) -> None:
        self._world = world
        self._loop: Any = asyncio.get_running_loop()

    def now(self) -> float:
        """Return the virtual time, seconds."""
        return float(self._loop.time())

    def draw(self, label: str, bound: int) -> int:
        """Draw a number below a bound from the tape; 0 is the simplest."""
        return int(simloom.draw(label, bound))

    def host(self, name: str) -> Host:
        """Return the host of that name."""
        return Host(self._world.host(name))

    def set_latency(self, low: float, high: float) -> None:
        """Set the range of the network's latency, seconds."""
        self._world.net.set_latency(low, high)

    def slow_down(self, host: Host, low: float, high: float) -> None:
        """Set the latency of data that arrive at a host, as if it reads slowly."""
        self._world.net.clog_node_in(host.inner, latency=(low, high))

    def set_loss(self, percent: int) -> None:
        """Set the percentage of lost packets; each is sent again later."""
        self._world.net.set_loss(percent)

    def cut_off(self, one: Host, other: Host) -> None:
        """Cut the network between two hosts; sent data are held back."""
        self._world.net.partition([one.inner], [other.inner])

    def heal(self) -> None:
        """Restore the network everywhere."""
        self._world.net.heal()

    def reset_connections(self, one: Host, other: Host) -> None:
        """Reset all connections between two hosts."""
        self._world.net.reset_connections(one.inner, other.inner)

    def close_connections(self, host: Host) -> None:
        """Close all connections of a host in order, as a server closes idle ones."""
        for each in self._transports(host):
            each.close()

    def say_unasked(self, host: Host, data: bytes) -> None:
        """Deliver bytes at once to the other ends of all connections of a host."""
        for each in self._transports(host):
            peer = each._peer
            if not peer.is_closing():
                peer._host_ctx.run(peer._deliver, peer._protocol, data)

    def connections(self, host: Host) -> int:
        """Return the number of open connections of a host."""
        return len(self._transports(host))

    def tasks(self, host: Host) -> list[str]:
        """Return the names of the coroutines that run on a host."""
        tasks = host.inner._live_tasks()
        return sorted(str(each.get_coro().__qualname__) for each in tasks)

    def timers(self, host: Host) -> list[str]:
        """Return the callbacks scheduled on a host, without the network's own."""
        current_host = simulated_network.current_host
        return sorted(
            getattr(handle._callback, "__qualname__", "timer")
            for _, _, handle in self._loop._scheduled
            if not handle.cancelled()
            and handle._context.get(current_host, None) is host.inner
            and not isinstance(owner_of(handle), simulated_network.SimTransport)
        )

    def errors(self) -> list[str]:
        """Return the unhandled errors that reached the event loop."""
        return [
            f"{each.get('message')}: {each.get('exception')!r}"
            for each in self._loop.unhandled_exceptions
        ]

    def _transports(self, host: Host) -> list[Any]:
        live = self._world.net._live_transports.values()
        return [each for each in live if each.owner is host.inner and not each.is_closing()]


def run_seed(main: Main, seed: int) -> Verdict:
    """Run a world in the universe of a seed."""
    with real_machine():
        run = simloom.run(_entry(main), seed=seed, raise_on_error=False, **_OPTIONS)
    return _verdict(run)


def run_tape(main: Main, tape: Path) -> Verdict:
    """Run a world in the universe of a recorded tape; after its end every draw is 0."""
    draws = simloom.Tape.draws_from_dict(json.loads(tape.read_text(encoding="utf-8")))
    with real_machine():
        run = simloom.replay(
            _entry(main),
            tape=draws,
            policy=simloom.MisalignmentPolicy.FALLBACK,
            fallback="zero",
            raise_on_error=False,
            **_OPTIONS,
        )
    return _verdict(run)


def shrink(main: Main, failed: Verdict, path: Path) -> tuple[Path, str]:
    """Search for a simpler universe with the same failure, and write its tape to a file.

    Returns:
        The file, and a sentence about the length of the tape.
    """

    def is_same(run: Any) -> bool:
        return run.outcome == "error" and _kind(run.error) == _kind(failed.error)

    # `simloom.shrink` reads the scheduler from the run, which has only its name.
    run = dataclasses.replace(failed.run, scheduler=_OPTIONS["scheduler"])
    options = {name: value for name, value in _OPTIONS.items() if name != "scheduler"}
    with real_machine():
        result = simloom.shrink(
            _entry(main), run, max_runs=_SHRINK_RUNS, interesting=is_same, **options
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    draws = [[each.label, each.value, each.bound] for each in result.tape]
    document = {"format": "simloom-tape", "version": 1, "seed": None, "draws": draws}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path, str(result.describe().splitlines()[0])


def _kind(error: BaseException | None) -> object:
    return type(error), getattr(error, "kinds", None)


def _entry(main: Main) -> Callable[[Any], Coroutine[Any, Any, Story]]:
    async def entry(world: Any) -> Story:
        return await main(Universe(world))

    return entry


def _verdict(run: Any) -> Verdict:
    story = run.value or getattr(run.error, "story", None)
    said = "\n".join(
        [*(() if story is None else story.lines), *map(str, run.tape), repr(run.error)]
    )
    return Verdict(run.error, story, hashlib.sha256(said.encode()).hexdigest(), run)


# `gc_interval`: collecting garbage once, at the end of a universe, is as repeatable.
# `on_unhandled`: the oracles read the errors, because a host without power cleans nothing up.
_OPTIONS: dict[str, Any] = {
    "virtual_time": True,
    "seed_randomness": True,
    "scheduler": InOrder,
    "gc_interval": 0,
    "on_unhandled": "record",
    "wall_epoch": EPOCH,
    "max_steps_per_instant": 100_000,
}
