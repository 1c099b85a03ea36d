"""Worlds made of the real client, the real emulators and a simulated network, each from a seed.

pytest tests/simulation --seeds 10000     run more seeds
pytest tests/simulation --seed 4711       repeat one seed
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from simulation.harness import run_seed, run_tape
from simulation.planted import planted
from simulation.providers import FAULT_KINDS
from simulation.report import explain
from simulation.shapes import SHAPES, shape_of

# A world takes a twentieth of a second, but shrinking a failure takes long.
pytestmark = pytest.mark.timeout(600)


def test_everything_happens() -> None:
    """The first hundred worlds contain every kind of fault, outcome, state and operation."""
    counts: Counter[str] = Counter()
    for seed in range(100):
        story = run_seed(SHAPES[shape_of(seed)], seed).story
        assert story is not None
        counts.update(story.counts)

    outcomes = {"accepted", "rejected", "not_sent", "ambiguous"}
    in_the_end = {"in the end accepted", "in the end ambiguous"}
    states = {"held", "paused", "circuit opens", "circuit closes"}
    operations = {"status", "upload", "cancel"}
    expected = outcomes | in_the_end | states | operations
    assert set() == (expected | {f"fault {each}" for each in FAULT_KINDS}) - counts.keys()


def test_worlds(seeds: range, pytestconfig: pytest.Config) -> None:
    """Each message has one outcome, in time, and the handset does not contradict it."""
    forced, plant = pytestconfig.getoption("--shape"), pytestconfig.getoption("--plant")
    tape: str | None = pytestconfig.getoption("--tape")
    with planted(plant):
        for seed in seeds:
            shape = forced or shape_of(seed)
            main = SHAPES[shape]
            verdict = run_tape(main, Path(tape)) if tape else run_seed(main, seed)
            if verdict.error is not None:
                report = explain(verdict, seed, shape, plant, pytestconfig.rootpath, tape=tape)
                pytest.fail(report, pytrace=False)
