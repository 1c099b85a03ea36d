"""Rounds of samples: every set-up once a round, so that all of them meet the same weather."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from peers import PEERS, interpreter
from processes import sampled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def interleaved(setups: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Take one sample of each in turn, and so on; gives the samples of each in order.

    Every second round goes backwards, so that nobody always follows the same neighbour.
    """
    samples: dict[str, list[float]] = {name: [] for name in setups}
    for number in range(rounds):
        names = list(setups) if number % 2 == 0 else list(setups)[::-1]
        for name in names:
            samples[name].append(setups[name]())
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return samples


def cpu(workload: str, loop: str, port: str) -> float:
    """Take one sample: CPU microseconds a message."""
    python = interpreter() if workload in PEERS else sys.executable
    said = sampled("sample.py", workload, "--loop", loop, "--port", port, python=python)
    return float(said["cpu_us"])
