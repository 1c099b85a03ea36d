"""Worlds of legs: three legs for each message, at three providers that are slow or fail.

pytest tests/simulation/test_legs.py --seeds 300
"""

from __future__ import annotations

import pytest
from simulation.harness import run_seed
from simulation.report import explain
from simulation.shapes import SHAPES

pytestmark = pytest.mark.timeout(600)


def test_legs(leg_seeds: range, pytestconfig: pytest.Config) -> None:
    """No handset has a leg twice, and no leg is sent after another one was delivered."""
    for seed in leg_seeds:
        verdict = run_seed(SHAPES["legged"], seed)
        if verdict.error is not None:
            report = explain(verdict, seed, "legged", None, pytestconfig.rootpath, tape=None)
            pytest.fail(report, pytrace=False)


def test_everything_happens_to_legs() -> None:
    """Twenty worlds contain every state that a leg can have while its client is open."""
    counts: set[str] = set()
    for seed in range(20):
        story = run_seed(SHAPES["legged"], seed).story
        assert story is not None
        counts |= story.counts.keys()

    states = "accepted not_taken doubtful failed overdue reached reached_twice"
    assert set() == {f"leg {each}" for each in states.split()} - counts
