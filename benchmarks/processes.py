"""Start other processes: the sink, and samples in fresh interpreters."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from asyncio.subprocess import PIPE, create_subprocess_exec
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from sample import Work

HERE = Path(__file__).parent

# Seconds after which a sample is considered stuck.
STUCK_SECONDS = 300


@contextmanager
def sink(delay: float = 0.0, *, awake: bool = False, tls: bool = False) -> Iterator[str]:
    """Run a sink and yield its address; it ends with the block, or with this process.

    Set `awake` where CPU time is measured: waking the sink costs the sender CPU time, on a virtual
    machine more than sending does, and a provider across a network would not cost that.
    """
    command = [sys.executable, str(HERE / "sink.py"), "--delay", str(delay)]
    command += ["--awake"] * awake + ["--tls"] * tls
    with subprocess.Popen(  # noqa: S603 - our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            port = running.stdout.readline().strip()
            assert port, "the sink did not start"
            yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        finally:
            running.terminate()


def sampled(script: str, *given: object, python: str = sys.executable) -> dict[str, Any]:
    """Run a script of this folder in a fresh process and return what it printed."""
    command: Sequence[str] = [python, str(HERE / script), *map(str, given)]
    done = subprocess.run(  # noqa: S603 - our own script
        command, stdout=subprocess.PIPE, check=True, text=True, timeout=STUCK_SECONDS
    )
    read: dict[str, Any] = json.loads(done.stdout)
    return read


@asynccontextmanager
async def working_for_us(script: str, *given: str) -> AsyncIterator[Work]:
    """Run a script of this folder that works on request; yield a function that requests work.

    For each line with a number of messages, the script prints how many of them succeeded.
    """
    process = await create_subprocess_exec(
        sys.executable, str(HERE / script), *given, stdin=PIPE, stdout=PIPE
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    async def work(count: int) -> int:
        stdin.write(b"%d\n" % count)
        return int(await stdout.readline())

    try:
        yield work
    finally:
        stdin.close()
        await process.wait()


@contextmanager
def taking_turns(
    script: str, *given: object, gives: str, python: str = sys.executable
) -> Iterator[Callable[[], float]]:
    """Run a script of this folder that measures on request; yield a function that takes a turn.

    The script has warmed up when the block starts, so that its start disturbs no measurement. The
    process ends with the block, with this process, or when it is stuck.
    """
    command: Sequence[str] = [python, str(HERE / script), *map(str, given), "--turns"]
    with subprocess.Popen(  # noqa: S603 - our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        stdin, stdout = running.stdin, running.stdout

        def read_line() -> str:
            stuck = threading.Timer(STUCK_SECONDS, running.kill)
            stuck.start()
            line = stdout.readline()
            stuck.cancel()
            assert line, f"{script} {given[0]} has ended, or was stuck for {STUCK_SECONDS} s"
            return line

        def turn() -> float:
            stdin.write("\n")
            stdin.flush()
            return float(json.loads(read_line())[gives])

        try:
            read_line()
            yield turn
        finally:
            running.kill()
