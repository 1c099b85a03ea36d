"""Worlds of routes: three accounts, each of which fails and recovers in turn.

pytest tests/simulation/test_routes.py --seeds 500
"""

from __future__ import annotations

import pytest
from simulation.harness import run_seed
from simulation.report import explain
from simulation.shapes import SHAPES

pytestmark = pytest.mark.timeout(600)


def test_routes(route_seeds: range, pytestconfig: pytest.Config) -> None:
    """Others take over for a failing account, none sends twice, and it is used again later."""
    for seed in route_seeds:
        verdict = run_seed(SHAPES["routed"], seed)
        if verdict.error is not None:
            report = explain(verdict, seed, "routed", None, pytestconfig.rootpath, tape=None)
            pytest.fail(report, pytrace=False)


def test_every_trouble_happens() -> None:
    """Twenty worlds contain every trouble, a take-over and a return to the recovered account."""
    counts: set[str] = set()
    for seed in range(20):
        story = run_seed(SHAPES["routed"], seed).story
        assert story is not None
        counts |= story.counts.keys()

    expected = {f"trouble {each}" for each in ("slow", "refusing", "resetting", "out of funds")}
    assert set() == (expected | {"taken over", "returned to"}) - counts
