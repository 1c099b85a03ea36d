"""The simulation's own tests: a seed is one universe in every process, and a tape repeats it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
from simulation.harness import run_seed, run_tape, shrink
from simulation.shapes import SHAPES, shape_of
from simulation.story import Story, WorldError

from omnimsg.transport.tcp_keepalive import enable_keepalive

if TYPE_CHECKING:
    from simulation.harness import Universe

_DIGESTS = """
from simulation.harness import run_seed
from simulation.shapes import SHAPES
print([run_seed(SHAPES[shape], seed).digest for shape in SHAPES for seed in range(8)])
"""


def test_a_seed_is_one_universe_in_every_process() -> None:
    """The same seed gives the same universe in another process and with another hash seed."""
    said = []
    for hash_seed in ("0", "4711"):
        folder = str(Path(__file__).parents[1])
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-W", "ignore", "-c", _DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        said.append(done.stdout)

    assert said[0] == said[1]


@pytest.mark.parametrize("seed", range(4))
def test_a_seed_repeats_itself(seed: int) -> None:
    """A second run of a seed in the same process gives the same universe."""
    main = SHAPES[shape_of(seed)]

    assert run_seed(main, seed).digest == run_seed(main, seed).digest


async def _broken(universe: Universe) -> Story:
    """A world that fails if the third of five draws is large."""
    story = Story(universe.now)
    drawn = [universe.draw("any", 100) for _ in range(5)]
    await asyncio.sleep(float(sum(drawn)))
    if drawn[2] > 40:
        story.slip("large", " ".join(map(str, drawn)))
        raise WorldError(story.slips, story)
    return story


def test_a_failure_is_shrunk_and_left_as_a_tape(tmp_path: Path) -> None:
    """A shrunk failure keeps only the draw that it needs, and its tape repeats it."""
    failed = next(each for seed in range(20) if (each := run_seed(_broken, seed)).error)

    path, _ = shrink(_broken, failed, tmp_path / "tape.json")
    again = run_tape(_broken, path)

    assert isinstance(again.error, WorldError)
    (_, drawn) = again.error.slips[0]
    assert ["0", "0", "0", "0"] == [each for each in drawn.split() if each == "0"]


async def _crashing(universe: Universe) -> Story:
    story, host = Story(universe.now), universe.host("a")

    async def work() -> None:
        try:
            asyncio.get_running_loop().call_later(5.0, story.tell, "a timer")
            host.disk.write("synced", b"1")
            host.disk.fsync("synced")
            host.disk.write("lost", b"2" * 100)
            story.tell("begins")
            await asyncio.sleep(2.0)
            story.tell("goes on")
        finally:
            story.tell("cleans up")

    host.run(work)
    await asyncio.sleep(1.0)
    host.crash()
    story.counts["synced"] = host.disk.read("synced") == b"1"
    story.counts["kept"] = len(host.disk.read("lost")) if host.disk.exists("lost") else 0
    await asyncio.sleep(0.5)
    host.restart()
    await asyncio.sleep(1.0)
    story.counts["tasks"] = len(universe.tasks(host))
    await asyncio.sleep(10.0)
    return attrs.evolve(story, lines=list(story.lines))


def test_a_power_cut_cleans_nothing_up() -> None:
    """A power cut runs no `finally` and ends all timers; synced data stay, others may be torn."""
    stories = [run_seed(_crashing, seed).story for seed in range(20)]

    assert all(each is not None for each in stories)
    told = {tuple(line.strip() for line in each.lines) for each in stories if each}
    kept = {each.counts["kept"] for each in stories if each}
    assert {
        (
            "0.000  begins",
            "1.500  begins",
            "3.500  goes on",
            "3.500  cleans up",
            "6.500  a timer",  # scheduled after the restart
        )
    } == told
    assert {True} == {bool(each.counts["synced"]) for each in stories if each}
    assert 0 in kept
    assert 100 in kept
    assert len(kept) > 2


async def _cut_while_answering(universe: Universe) -> Story:
    """A server answers and closes, or resets, while the network is cut."""
    story = Story(universe.now)
    server, client = universe.host("server"), universe.host("client")
    resets = universe.draw("resets", 2) == 1

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        universe.cut_off(server, client)
        writer.write(b"the answer")
        if resets:
            writer.transport.abort()
        else:
            writer.close()

    async def serve() -> None:
        async with await asyncio.start_server(answer, "server", 80):
            await asyncio.Event().wait()

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("server", 80)
        writer.write(b"the question\n")
        try:
            async with asyncio.timeout(50.0):
                story.tell((await reader.read()).decode())
        except (ConnectionError, TimeoutError) as error:
            story.tell(type(error).__name__)
        writer.close()

    server.run(serve)
    await asyncio.sleep(1.0)
    asking = client.run(ask)
    await asyncio.sleep(5.0)
    universe.heal()
    await asyncio.wait([asking])
    return story


def test_a_network_that_was_cut_delivers_what_was_closed_and_loses_a_reset() -> None:
    """A healed network delivers the data of a closed connection, but no reset."""
    told = set()
    for seed in range(10):
        story = run_seed(_cut_while_answering, seed).story
        assert story is not None
        told.add(story.lines[-1].split("  ")[-1])

    assert {"the answer", "TimeoutError"} == told


async def _losing_its_power(universe: Universe) -> Story:
    """A server loses its power while its client waits, sends keepalive probes, or writes again."""
    story = Story(universe.now)
    server, client = universe.host("server"), universe.host("client")
    kind = ("waits", "asks for signs", "writes again")[universe.draw("kind", 3)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        await asyncio.Event().wait()

    async def serve() -> None:
        async with await asyncio.start_server(answer, "server", 80):
            await asyncio.Event().wait()

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        (family, *_, address), *_ = await loop.getaddrinfo("server", 80)
        sock = socket.socket(family)
        sock.setblocking(False)
        if kind == "asks for signs":
            enable_keepalive(sock)
        await loop.sock_connect(sock, address)
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(b"the question\n")
        await asyncio.sleep(20.0)
        if kind == "writes again":
            writer.write(b"another question\n")
        began = story.now()
        try:
            async with asyncio.timeout(500.0):
                await reader.read()
        except (ConnectionError, TimeoutError) as error:
            story.tell(f"{kind}, {type(error).__name__} after {story.now() - began:.0f} s")

    server.run(serve)
    await asyncio.sleep(1.0)
    asking = client.run(ask)
    await asyncio.sleep(5.0)
    server.crash()
    await asyncio.sleep(5.0)
    server.restart()
    await asyncio.wait([asking])
    return story


def test_a_machine_that_loses_its_power_says_nothing() -> None:
    """Peers of a host without power notice it by keepalive probes or by writing again only."""
    told = set()
    for seed in range(20):
        story = run_seed(_losing_its_power, seed).story
        assert story is not None
        told.add(story.lines[-1].split("  ")[-1].strip())

    assert {
        "waits, TimeoutError after 500 s",
        "asks for signs, ConnectionResetError after 45 s",
        "writes again, ConnectionResetError after 0 s",
    } == told
