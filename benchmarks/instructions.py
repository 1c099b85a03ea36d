"""Count instructions a message with cachegrind; the count does not depend on the machine's load.

Run `python benchmarks/instructions.py`. The count of a short run is subtracted from that of a long
one, which leaves the messages without the start of the process. Only the client is counted, on
asyncio; two counts differ by a few per mille. `--quick` uses the last count of the floor.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from processes import HERE, STUCK_SECONDS, sink
from sample import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Messages of the short and of the long run: with one message a request, with batches, and for
# workloads that need a hundred times as many instructions for each.
SINGLE, BATCHES = (250, 1250), (2_000, 8_000)
SIZES = {"one_account": (2, 42), "many_accounts": (2, 12)}
# With a thousand accounts, a collection of all objects takes as much as thousands of messages, and
# it is chance whether one falls into the messages that are counted.
WITHOUT_COLLECTOR = frozenset({"ten_accounts", "thousand_accounts"})
_CACHEGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")
_FLOOR = HERE.parent / "build" / "floor-instructions.json"


def has_valgrind() -> bool:
    """Return whether valgrind is installed."""
    return shutil.which("valgrind") is not None


def counted(workloads: list[str], address: str) -> dict[str, float]:
    """Count the instructions a message of several workloads, two runs at a time."""
    for name in workloads:
        # Otherwise one of its two runs would compile missing bytecode, and the other would not.
        _run(name, address, _sizes(name)[0])
    jobs = [(name, messages) for name in workloads for messages in _sizes(name)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        totals = dict(
            zip(
                jobs,
                pool.map(lambda job: _count_instructions(job[0], address, job[1]), jobs),
                strict=True,
            )
        )
    return {name: _per_message(totals, name) for name in workloads}


def _sizes(workload: str) -> tuple[int, int]:
    _, turn, _ = WORKLOADS[workload]
    return SIZES.get(workload, BATCHES if turn > max(SINGLE) else SINGLE)


def _per_message(totals: Mapping[tuple[str, int], int], workload: str) -> float:
    short, long = _sizes(workload)
    return (totals[workload, long] - totals[workload, short]) / (long - short)


def _count_instructions(workload: str, address: str, messages: int) -> int:
    errors = _run(workload, address, messages, under=_CACHEGRIND)
    found = _TOTAL.search(errors)
    assert found is not None, errors[-2000:]
    return int(found[1].replace(",", ""))


def _run(workload: str, address: str, messages: int, *, under: Sequence[str] = ()) -> str:
    """Send messages in a process, and return what it wrote to its standard error."""
    command = [
        *under,
        sys.executable,
        HERE / "sample.py",
        workload,
        "--port",
        address.rpartition(":")[2],
        *["--tls"] * address.startswith("https"),
        "--messages",
        messages,
        "--warm",
        0,
        "--no-pin",
        *["--no-collect"] * (workload in WITHOUT_COLLECTOR),
    ]
    done = subprocess.run(  # noqa: S603 - our own script
        list(map(str, command)),
        capture_output=True,
        check=False,
        text=True,
        timeout=STUCK_SECONDS,
        # Random hashes would change the number of collisions, and with it the count; without
        # bytecode, as many containers want it, each run would compile all modules.
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stderr


def main() -> None:
    """Count the workloads and print the counts."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("workloads", nargs="*", default=["single"])
    options.add_argument("--against", default="floor", help="the workload to compare with")
    options.add_argument("--tls", action="store_true", help="send over TLS")
    options.add_argument("--quick", action="store_true", help="use the floor's last count")
    given = options.parse_args()
    base, may_use_last = given.against, given.against == "floor" and not given.tls
    known = given.quick and may_use_last and _FLOOR.exists()
    with sink(tls=given.tls) as address:
        counts = counted(given.workloads if known else [base, *given.workloads], address)
    if known:
        counts = {"floor": json.loads(_FLOOR.read_text()), **counts}
    elif may_use_last:
        _FLOOR.parent.mkdir(exist_ok=True)
        _FLOOR.write_text(json.dumps(counts["floor"]))
    for name, count in counts.items():
        print(f"{name:16} {count:12,.0f} instructions/message  {count / counts[base]:.4f} x")


if __name__ == "__main__":
    main()
