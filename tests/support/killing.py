"""Kill `omnimsg send-many` at random moments, resume it, and hold its results to the handsets."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from support.sandbox_fixtures import sandbox_in_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

# Seconds that the sandbox takes for each request, so that kills land while some are under way.
LATENCY = 0.03


@attrs.frozen(kw_only=True)
class Audit:
    """What is left after the last run, and what must be true of it.

    Attributes:
        lines: Lines of the file.
        kills: Processes that were killed while they had the results file.
        outcomes: How many lines ended in each outcome, as the results file has it.
        unaccounted: Lines without an outcome.
        twice: Texts that some handset has more than once.
        wrong: Lines whose outcome is not what the handsets say.
        delivered: Messages on all handsets.
        exits: The exit codes of all runs; a killed one is negative.
    """

    lines: int
    kills: int
    outcomes: dict[str, int]
    unaccounted: int
    twice: list[str]
    wrong: list[int]
    delivered: int
    exits: list[int]


def audit(
    folder: Path, *, seed: int, lines: int, kills: int, account: str, flags: Sequence[str] = ()
) -> Audit:
    """Send a file through the sandbox with so many kills, and count."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    file, results = folder / "many.jsonl", folder / "many.jsonl.results.jsonl"
    _write(file, lines)
    with sandbox_in_thread() as sandbox:
        (folder / "omnimsg.toml").write_text(sandbox.config_toml())
        sandbox.faults.add("latency", seconds=LATENCY, probability=1.0)
        exits, killed = [], 0
        while True:
            begun = results.exists()
            again = ("--resume", *flags) if begun else ()
            process = _start(folder, "send-many", file.name, "--account", account, *again)
            if killed < kills and _kill(process, results, chance, begun=begun):
                killed += 1
                exits.append(process.returncode)
                continue
            exits.append(process.wait(timeout=60))
            break
        received = Counter(each.text for each in sandbox.handsets.all())
    return _count(results, lines, killed, received, exits)


def _write(file: Path, lines: int) -> None:
    with file.open("w") as out:
        for line in range(1, lines + 1):
            content = {"type": "text", "text": _text(line)}
            message = {"to": f"+2782{line:07}", "channel": "sms", "content": content}
            out.write(json.dumps(message) + "\n")


def _text(line: int) -> str:
    return f"This is line {line}"


def _start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "omnimsg", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill(
    process: subprocess.Popen[bytes], results: Path, chance: random.Random, *, begun: bool
) -> bool:
    """Kill a run a moment after it has written something; false where it ended before."""
    before = results.stat().st_size if begun else 0
    # Now and then right away: while it starts, or reads what is there.
    patience = time.monotonic() + (chance.uniform(0.2, 0.6) if chance.random() < 0.2 else 30.0)
    while process.poll() is None and time.monotonic() < patience:
        if results.exists() and results.stat().st_size > before:
            break
        time.sleep(0.001)
    time.sleep(chance.uniform(0.0, 0.25))
    process.kill()
    return process.wait() < 0


def _count(
    results: Path, lines: int, kills: int, received: Counter[str], exits: list[int]
) -> Audit:
    last: dict[int, dict[str, Any]] = {}
    with results.open() as file:
        next(file)
        for entry in map(json.loads, file):
            last[entry["line"]] = entry
    outcomes = Counter(entry.get("outcome", "none") for entry in last.values())
    arrived = {"accepted": (1,), "ambiguous": (0, 1)}
    return Audit(
        lines=lines,
        kills=kills,
        outcomes=dict(outcomes),
        unaccounted=lines - len(last) + outcomes["none"],
        twice=[text for text, times in received.items() if times > 1],
        wrong=[
            line
            for line, entry in last.items()
            if received[_text(line)] not in arrived.get(entry.get("outcome", ""), (0,))
        ],
        delivered=received.total(),
        exits=exits,
    )


if __name__ == "__main__":
    import tempfile

    first, times = int(sys.argv[1]), int(sys.argv[2])
    for seed in range(first, first + times):
        with tempfile.TemporaryDirectory() as place:
            print(  # noqa: T201 - run by hand
                seed, audit(Path(place), seed=seed, lines=6000, kills=5, account="clickatell")
            )
