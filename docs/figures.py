"""The tables of "benchmarks", from the results that `benchmarks/run.py` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from tables import table

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results" / "latest.json"

# The workloads in the order they are shown, in two groups, and what each is.
SINGLE = {
    "floor": "bare aiohttp loop, ready bytes",
    "single": "omnimsg `send_many`",
    "awaited": "omnimsg `await send`, 16 callers",
    "twilio_async": "Twilio async client",
    "messente_api": "messente-api, 16 threads",
    "apprise_json": "Apprise `json://`",
}
BATCHES = {
    "hand": "hand-written loop of dicts",
    "batches": "omnimsg `send_many`",
    "hand_callers": "hand-written sender, 1,000 callers",
    "callers": "omnimsg `await send`, 1,000 callers",
}
GROUPS = {"one message a request": SINGLE, "batches of 100": BATCHES}
LOOPS = ("asyncio", "uvloop")


def results() -> dict[str, Any]:
    """Read what was measured last."""
    read: dict[str, Any] = orjson.loads(RESULTS.read_bytes())
    return read


def costs(said: dict[str, Any]) -> dict[tuple[str, str], dict[str, float]]:
    """Return what each workload cost on each loop, in microseconds a message."""
    return {(each["workload"], each["loop"]): each for each in said["costs"]}


def goals_table() -> str:
    """Set what was measured beside what it must be."""
    return table(
        ("figure", "must", "aim", "measured, median [range]", "verdict"),
        (
            (each["name"], each["must"], each["aim"], each["measured"], each["verdict"])
            for each in results()["figures"]
        ),
    )


def costs_table() -> str:
    """Say what a message costs, whatever way it goes."""
    found = costs(results())
    rows = []
    for group, members in GROUPS.items():
        for workload, title in members.items():
            cells = (_cost(found.get((workload, loop))) for loop in LOOPS)
            rows.append((group, title, *cells))
    return table(("", "what", *(f"{loop}, us" for loop in LOOPS)), rows)


def setting_table() -> str:
    """Say where and with what it was measured."""
    said = results()
    versions = ", ".join(f"{name} {number}" for name, number in said["versions"].items())
    rows = [("date", said["taken"]), ("command", f"`{said['command']}`")]
    rows += [(name, value) for name, value in said["machine"].items()]
    return table(("", ""), [*rows, ("versions", versions)])


def shown(value: float) -> str:
    """Write microseconds with as many digits as mean something."""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _cost(each: dict[str, float] | None) -> str:
    if each is None:
        return ""
    return f"{shown(each['median'])} [{shown(each['low'])} to {shown(each['high'])}]"
