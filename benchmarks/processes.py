"""Starting what runs beside the script: the sink, and samples in fresh processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HERE = Path(__file__).parent

# Seconds after which a sample is stuck.
PATIENCE = 300


@contextmanager
def sink(delay: float = 0.0, *, awake: bool = False) -> Iterator[str]:
    """Run a sink; gives its address. It ends with this block, or with this process.

    Where CPU time is taken it is to stay awake: to wake it up is the sender's work, and on a
    virtual machine can cost more than to send. Over a network nobody would pay that.
    """
    command = [sys.executable, str(HERE / "sink.py"), "--delay", str(delay)]
    command += ["--awake"] * awake
    with subprocess.Popen(  # noqa: S603 - our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            port = running.stdout.readline().strip()
            assert port, "the sink did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def sampled(script: str, *given: object, python: str = sys.executable) -> dict[str, Any]:
    """Run a script of this folder in a fresh process and return what it printed."""
    command: Sequence[str] = [python, str(HERE / script), *map(str, given)]
    done = subprocess.run(  # noqa: S603 - our own script
        command, stdout=subprocess.PIPE, check=True, text=True, timeout=PATIENCE
    )
    read: dict[str, Any] = json.loads(done.stdout)
    return read


@contextmanager
def taking_turns(
    script: str, *given: object, gives: str, python: str = sys.executable
) -> Iterator[Callable[[], float]]:
    """Run a script of this folder that measures at a word; gives what to call for each turn.

    It is warm when this block begins, so that nobody's start is another's measurement. The process
    ends with the block, or with this one, or when it is stuck.
    """
    command: Sequence[str] = [python, str(HERE / script), *map(str, given), "--turns"]
    with subprocess.Popen(  # noqa: S603 - our own script
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        asking, answering = running.stdin, running.stdout

        def heard() -> str:
            stuck = threading.Timer(PATIENCE, running.kill)
            stuck.start()
            said = answering.readline()
            stuck.cancel()
            assert said, f"{script} {given[0]} has ended, or was stuck for {PATIENCE} s"
            return said

        def turn() -> float:
            asking.write("\n")
            asking.flush()
            return float(json.loads(heard())[gives])

        try:
            heard()
            yield turn
        finally:
            running.kill()
