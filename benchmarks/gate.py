"""Check the figures that no change may make worse: instructions a message, and memory.

Run `python benchmarks/gate.py`; it takes under two minutes. These figures do not depend on the load
of the machine, so a failure is caused by the change. Without valgrind, instructions are not
counted, and a warning says so.
"""

from __future__ import annotations

import argparse
import sys

import attrs

from goals import GOALS, Samples
from instructions import counted, has_valgrind
from processes import sampled, sink
from startup import counted as starts_counted

STREAM = 200_000
WORKLOADS = ["floor", "single", "awaited", "hand", "batches", "options"]
STARTS = ["import aiohttp", "import omnimsg", "omnimsg --version"]

CHECKED_GOALS = (
    GOALS["instructions"],
    # With room for a garbage collection that falls into one of the two counts.
    attrs.evolve(GOALS["awaited"], must=1.12),
    attrs.evolve(
        GOALS["instructions of batches"],
        name="`send_many`, batches of 100, against the hand-written loop: instructions",
    ),
    GOALS["options"],
    GOALS["import"],
    GOALS["version"],
    attrs.evolve(
        GOALS["growth"], name=f"a stream of {STREAM:,} messages: growth of resident memory"
    ),
    GOALS["parked"],
)


def main() -> int:
    """Measure and print the figures; return 1 if one is worse than it must be."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    missed = 0
    samples = _samples()
    for goal in CHECKED_GOALS:
        figure = goal.judged(samples)
        missed += any(not goal.holds(each, goal.must) for each in figure["values"])
        print(f"{figure['measured']:>14}, must be {figure['must']}: {figure['name']}")
    if not has_valgrind():
        print(f"{'!' * 20} NO VALGRIND: INSTRUCTIONS WERE NOT COUNTED {'!' * 20}")
    return min(missed, 1)


def _samples() -> Samples:
    samples: Samples = {
        "growth MB": [sampled("memory.py", "stream", "--messages", STREAM)["bytes"] / 1e6],
        "parked KB": [sampled("memory.py", "parked")["bytes"] / 1e3],
    }
    if has_valgrind():
        with sink() as address:
            counts = counted(WORKLOADS, address)
        samples |= {f"instructions {name}": [count] for name, count in counts.items()}
        starts = starts_counted(STARTS)
        samples |= {f"start {name}": [count] for name, count in starts.items()}
    return samples


if __name__ == "__main__":
    sys.exit(main())
