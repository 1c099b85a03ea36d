"""Compare workloads with the first one named: CPU time a message, paired in interleaved rounds.

Run `python benchmarks/compare.py floor single awaited --loop uvloop --rounds 7`.
"""

from __future__ import annotations

import argparse
from functools import partial

from processes import sink
from rounds import cpu, interleaved
from sample import WORKLOADS
from spread import Spread, paired


def main() -> None:
    """Measure the workloads and print times and ratios."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("workloads", nargs="+", choices=WORKLOADS)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--loop", default="asyncio", choices=["asyncio", "uvloop"])
    options.add_argument("--tls", action="store_true", help="send over TLS")
    given = options.parse_args()
    with sink(awake=True, tls=given.tls) as address:
        setups = {name: partial(cpu, name, given.loop, address) for name in given.workloads}
        samples = interleaved(setups, given.rounds)
    base = samples[given.workloads[0]]
    for name, each in samples.items():
        ratio = Spread.of(paired(each, base)).shown(2)
        print(f"{name:10} {Spread.of(each).shown(2):32} us/message  {ratio} x")


if __name__ == "__main__":
    main()
