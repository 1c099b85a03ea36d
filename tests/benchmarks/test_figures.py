"""The tables and the plot of the benchmarks page, generated from results."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
figures: Any = importlib.import_module("figures")
plot: Any = importlib.import_module("plot")

RESULTS = {
    "taken": "2030-05-01",
    "command": "python benchmarks/run.py",
    "machine": {"cores": "2"},
    "versions": {"aiohttp": "3.14"},
    "figures": [
        {"name": "a|b", "must": "<= 2", "aim": "<= 1", "measured": "1.5", "verdict": "must reached"}
    ],
    "costs": [
        {"workload": "floor", "loop": "asyncio", "median": 104.4, "low": 90.0, "high": 130.0},
        {"workload": "hand", "loop": "uvloop", "median": 2.44, "low": 2.0, "high": 3.0},
    ],
}


@pytest.fixture(autouse=True)
def _results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "latest.json"
    written.write_bytes(orjson.dumps(RESULTS))
    monkeypatch.setattr(figures, "RESULTS", written)


def test_goals_are_a_table() -> None:
    """The table of goals has one row for each figure; a bar within a cell is escaped."""
    assert figures.goals_table().splitlines()[2:] == [
        "| a\\|b | <= 2 | <= 1 | 1.5 | must reached |"
    ]


def test_costs_are_a_table() -> None:
    """The table of costs has one row for each workload; a cell without a measurement is empty."""
    rows = figures.costs_table().splitlines()

    assert (
        "| one message a request | bare aiohttp loop, ready bytes | 104 [90.0 to 130] |  |" in rows
    )
    assert "| batches of 100 | hand-written loop of dicts |  | 2.4 [2.0 to 3.0] |" in rows


def test_the_setting_names_versions() -> None:
    """The table of the setting names the measured versions."""
    assert "| versions | aiohttp 3.14 |" in figures.setting_table().splitlines()


def test_the_plot_has_a_dot_for_each_cost() -> None:
    """The plot is well-formed and has a dot for each cost; the cheaper one is further left."""
    drawn = ET.fromstring(plot.svg())  # noqa: S314 - our own text
    dots = [each for each in drawn.iter() if each.tag.endswith("circle")]

    left, right = sorted(dots, key=lambda each: float(each.attrib["cx"]))

    assert ("uvloop", "asyncio") == (left.attrib["class"], right.attrib["class"])
