"""Kill `omnimsg send-many` at random moments, resume it, and compare results and handsets."""

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

# Seconds by which the sandbox delays each answer, so that requests are in flight at each kill.
LATENCY = 0.03


@attrs.frozen(kw_only=True)
class Audit:
    """What the results file and the handsets have after the last run.

    Attributes:
        lines: How many lines the file has.
        kills: How many runs were killed.
        outcomes: How many lines have each outcome in the results file.
        unaccounted: How many lines have no outcome.
        twice: The texts that a handset has received more than once.
        wrong: The lines whose outcome does not agree with the handsets.
        delivered: How many messages all handsets have received.
        exits: The exit code of each run; that of a killed run is negative.
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
    """Send a file through a sandbox, kill this many runs, and count."""
    randomness = random.Random(seed)  # noqa: S311 - repeatable
    file, results = folder / "many.jsonl", folder / "many.jsonl.results.jsonl"
    _write(file, lines)
    with sandbox_in_thread() as sandbox:
        (folder / "omnimsg.toml").write_text(sandbox.config_toml())
        sandbox.faults.add("latency", seconds=LATENCY, probability=1.0)
        exits, killed = [], 0
        while True:
            exists = results.exists()
            resume = ("--resume", *flags) if exists else ()
            process = _start(folder, "send-many", file.name, "--account", account, *resume)
            if killed < kills and _kill(process, results, randomness, resumed=exists):
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
    process: subprocess.Popen[bytes], results: Path, randomness: random.Random, *, resumed: bool
) -> bool:
    """Kill a run a moment after it has written results; false if it ended before that."""
    before = results.stat().st_size if resumed else 0
    # One run in five is killed earlier, while it starts or reads the results file.
    wait_until = time.monotonic() + (
        randomness.uniform(0.2, 0.6) if randomness.random() < 0.2 else 30.0
    )
    while process.poll() is None and time.monotonic() < wait_until:
        if results.exists() and results.stat().st_size > before:
            break
        time.sleep(0.001)
    time.sleep(randomness.uniform(0.0, 0.25))
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
    allowed_copies = {"accepted": (1,), "ambiguous": (0, 1)}
    return Audit(
        lines=lines,
        kills=kills,
        outcomes=dict(outcomes),
        unaccounted=lines - len(last) + outcomes["none"],
        twice=[text for text, times in received.items() if times > 1],
        wrong=[
            line
            for line, entry in last.items()
            if received[_text(line)] not in allowed_copies.get(entry.get("outcome", ""), (0,))
        ],
        delivered=received.total(),
        exits=exits,
    )


if __name__ == "__main__":
    import tempfile

    first, times = int(sys.argv[1]), int(sys.argv[2])
    for seed in range(first, first + times):
        with tempfile.TemporaryDirectory() as folder:
            print(  # noqa: T201 - run by hand
                seed, audit(Path(folder), seed=seed, lines=6000, kills=5, account="clickatell")
            )
