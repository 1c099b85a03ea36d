"""Faults planted in the product, one at a time: a world fails for each of them.

    pytest tests/simulation/test_planted.py --planted 2000     the seeds that each of them takes

The suite tries the faults that few seeds find; all of them must fit the product's source.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from simulation.harness import run_seed
from simulation.planted import FAULTS, Fault, plant, planted
from simulation.planted.planting import Change
from simulation.shapes import SHAPES, shape_of
from simulation.story import WorldError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A universe that fails leaves unclosed objects behind.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# The most seeds that the suite tries for one fault.
_FEW = 60


@pytest.fixture(autouse=True)
def left_behind() -> Iterator[None]:
    """Collect garbage after each test here, so that it is not collected during another test."""
    yield
    gc.collect()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.name)
def test_a_planted_fault_fits_and_is_taken_out(fault: Fault) -> None:
    """The text that a fault replaces occurs once, and is restored afterwards."""
    with plant(fault):
        pass

    with plant(fault):
        pass


@pytest.mark.timeout(3600)
def test_a_planted_fault_is_found(
    findable: Fault, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some world breaks the rule that the planted fault must break."""
    asked: int = pytestconfig.getoption("--planted")

    count = _find(findable, asked or _FEW)

    if asked:
        with capsys.disabled():
            print(f"\n{_row(findable, count)}")  # noqa: T201 - a row for the docs
    assert count


def test_a_fault_without_a_name_of_ours_is_refused() -> None:
    """The error for an unknown fault lists the known ones."""
    with pytest.raises(LookupError, match="retry-of-doubt"):
        planted("nonsense")


def test_planted_words_that_only_break_down_are_not_found() -> None:
    """A planted fault that only crashes fails worlds, but does not count as found."""
    words = Change(
        "omnimsg.engine.attempt.runner:AttemptRunner.begin",
        "now = deadline.now()",
        "raise RuntimeError",
    )
    broken = Fault(name="broken", about="breaks down", breaks="twice", changes=(words,))
    with plant(broken):
        error = run_seed(SHAPES[shape_of(0)], 0).error

    count = _find(broken, 10)

    assert error is not None
    assert count is None


def _find(fault: Fault, most: int) -> int | None:
    """Return the number of seeds until a world breaks the fault's rule; `None` if none does."""
    with plant(fault):
        for seed in range(most):
            error = run_seed(SHAPES[fault.shape or shape_of(seed)], seed).error
            if isinstance(error, WorldError) and fault.breaks in error.kinds:
                return seed + 1
    return None


def _row(fault: Fault, count: int | None) -> str:
    """Write a row of the table in docs/reliability.md."""
    seeds = "none" if count is None else f"{count:,}"
    of_shape = f" of `{fault.shape}`" if fault.shape else ""
    mend = "yes" if fault.is_mend else ""
    return f"| {fault.about} | {mend} | {seeds}{of_shape} | {fault.breaks} |"
