"""Take samples in rounds: the workloads take turns, so that the load affects all alike."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from statistics import fmean
from typing import TYPE_CHECKING

from peers import PEERS, interpreter
from processes import taking_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    Turn = Callable[[], float]

# How many turns make a sample. Each takes some tenths of a second at most: much longer than filling
# the processor's caches, and shorter than most changes of the machine's load.
TURNS = 16


def interleaved(
    setups: Mapping[str, Callable[[], AbstractContextManager[Turn]]], rounds: int
) -> dict[str, list[float]]:
    """Take a sample of each workload in every round; return the samples of each, in order.

    A round starts fresh processes, which take short turns; a sample is the mean of its turns. Every
    second turn is in reverse order, so that no workload always follows the same one.
    """
    samples: dict[str, list[float]] = {name: [] for name in setups}
    for number in range(rounds):
        taken: dict[str, list[float]] = {name: [] for name in setups}
        with ExitStack() as stack:
            ready = {name: stack.enter_context(start()) for name, start in setups.items()}
            for turn in range(TURNS):
                for name in list(ready)[:: 1 if turn % 2 == 0 else -1]:
                    taken[name].append(ready[name]())
        for name, turns in taken.items():
            samples[name].append(fmean(turns))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return samples


def cpu(workload: str, loop: str, address: str) -> AbstractContextManager[Turn]:
    """Start a workload in a fresh process; each turn returns CPU microseconds a message."""
    python = interpreter() if workload in PEERS else sys.executable
    scheme, _, port = address.rpartition(":")
    given = (workload, "--loop", loop, "--port", port, *["--tls"] * scheme.startswith("https"))
    return taking_turns("sample.py", *given, python=python, gives="cpu_us")
