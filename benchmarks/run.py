"""Run all benchmarks, write `results/latest.json`, and update the docs; takes about twelve minutes.

Run `python benchmarks/run.py` on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from itertools import product

import machine
import peers
import startup
import tracker
from goals import Samples, judged
from instructions import counted, has_valgrind
from processes import HERE, sampled, sink
from rounds import cpu, interleaved
from spread import Spread

RESULTS = HERE / "results" / "latest.json"
LOOPS = ("asyncio", "uvloop")
OURS = (
    *("floor", "single", "awaited"),
    *("hand", "batches", "hand_callers", "callers", "deadlines"),
)
REPORTS = (
    *("bare_bird", "bird_reports", "bare_messente", "messente_reports"),
    *("bare_clickatell", "clickatell_reports"),
)
ON_UVICORN = ("bare_bird_uvicorn", "bird_reports_uvicorn")
# Counted once, because counts repeat to a few per mille.
COUNTED = [
    *("floor", "single", "awaited", "journal"),
    *("hand", "batches", "options", "templates", "journal_batches"),
    *("routed", "ten_accounts", "thousand_accounts"),
    *REPORTS,
]

# Messages a second for the waits of callers.
RATES = (200, 1000)
# On asyncio alone.
OTHERS = (
    *("file", "get", "status", "sandbox", "one_account", "many_accounts"),
    *("ten_accounts", "thousand_accounts", "routed", "routed_callers"),
    *REPORTS,
    *ON_UVICORN,
)
OVER_TLS = ("floor", "single", "hand", "batches")

# Samples of the figures that need no rounds.
MEMORY, LATENCY, TRACKER = 3, 5, 3
# As many messages as the store keeps by default.
KNOWN = 100_000


def main() -> None:
    """Measure everything, write the results, and update the docs."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    samples: Samples = {}
    for part in (_instructions, _starts, _memory, _latency, _tracker):
        print(part.__name__.strip("_"), file=sys.stderr)
        samples |= part()
    times = _cpu(given.rounds) | _over_tls(given.rounds)
    results = {
        "taken": datetime.now(UTC).date().isoformat(),
        "command": f"python benchmarks/run.py --rounds {given.rounds}",
        "machine": machine.kind(),
        "versions": {**machine.versions(), **peers.versions()},
        "figures": judged(samples | times),
        "costs": _costs(times),
        "samples": _rounded(samples | times),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    subprocess.run([sys.executable, HERE.parent / "docs" / "generate.py"], check=True)  # noqa: S603
    for figure in judged(samples | times):
        print(f"{figure['measured']:40} {figure['verdict']:14} {figure['name']}")


def _instructions() -> Samples:
    if not has_valgrind():
        print("NO VALGRIND: instructions are not counted", file=sys.stderr)
        return {}
    samples: Samples = {}
    for names, tls in ((COUNTED, False), (OVER_TLS, True)):
        with sink(tls=tls) as address:
            counts = counted([*names], address)
        suffix = " TLS" if tls else ""
        samples |= {f"instructions {name}{suffix}": [count] for name, count in counts.items()}
    return samples


def _starts() -> Samples:
    if not has_valgrind():
        return {}
    return {f"start {name}": [float(count)] for name, count in startup.counted().items()}


def _memory() -> Samples:
    return {
        "growth MB": [_bytes("stream") / 1e6 for _ in range(MEMORY)],
        "parked KB": [_bytes("parked") / 1e3 for _ in range(MEMORY)],
    }


def _bytes(what: str) -> float:
    return float(sampled("memory.py", what)["bytes"])


def _tracker() -> Samples:
    least, *_, most = tracker.KNOWN
    samples: Samples = {}
    for what in ("reports", "sends"):
        samples |= interleaved(tracker.setups(what, (least, most)), TRACKER)
    sizes = [sampled("tracker.py", "memory", "--known", KNOWN) for _ in range(MEMORY)]
    return samples | {"known message KB": [each["bytes"] / 1e3 for each in sizes]}


def _latency() -> Samples:
    samples: Samples = {}
    for _ in range(LATENCY):
        for way, rate in product(("direct", "send"), RATES):
            at = "" if rate == RATES[0] else f" {rate}/s"
            for name, value in sampled("latency.py", way, "--rate", rate).items():
                samples.setdefault(f"{name} {way}{at}", []).append(value)
    return samples


def _cpu(rounds: int) -> Samples:
    peers.interpreter()
    with sink(awake=True) as address:
        wanted = [(name, loop) for loop in LOOPS for name in OURS]
        wanted += [(name, "asyncio") for name in (*OTHERS, *peers.PEERS)]
        setups = {f"{name}/{loop}": partial(cpu, name, loop, address) for name, loop in wanted}
        return interleaved(setups, rounds)


def _over_tls(rounds: int) -> Samples:
    with sink(awake=True, tls=True) as address:
        setups = {
            f"{name}/asyncio TLS": partial(cpu, name, "asyncio", address) for name in OVER_TLS
        }
        return interleaved(setups, rounds)


def _costs(times: Samples) -> list[dict[str, object]]:
    """Summarize the CPU time of each way to send on each loop, in microseconds a message."""
    costs: list[dict[str, object]] = []
    for name, each in times.items():
        workload, _, loop = name.partition("/")
        if workload in OTHERS or loop not in LOOPS:
            continue
        spread = Spread.of(each)
        figures = {"median": spread.median, "low": spread.low, "high": spread.high}
        costs.append(
            {"workload": workload, "loop": loop, **{k: round(v, 2) for k, v in figures.items()}}
        )
    return costs


def _rounded(samples: Samples) -> Samples:
    return {name: [round(each, 3) for each in taken] for name, taken in samples.items()}


if __name__ == "__main__":
    main()
