"""Faults planted in the product, one at a time: a world fails for each of them.

    pytest tests/simulation/test_planted.py --planted 2000     how many seeds each of them takes

The suite tries those that few seeds find; all of them must fit the product's source.
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

# What a broken product leaves behind in a universe that came to a sudden end.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

# Seeds that the suite tries for a fault that few seeds find.
_FEW = 60


@pytest.fixture(autouse=True)
def left_behind() -> Iterator[None]:
    """Collect here what is left behind, and not during whatever test comes next."""
    yield
    gc.collect()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.name)
def test_a_planted_fault_fits_and_is_taken_out(fault: Fault) -> None:
    """The words that it replaces are there, once, and are there again afterwards."""
    with plant(fault):
        pass

    with plant(fault):
        pass


@pytest.mark.timeout(3600)
def test_a_planted_fault_is_found(
    findable: Fault, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some world breaks the rule that it must break."""
    asked: int = pytestconfig.getoption("--planted")

    count = _find(findable, asked or _FEW)

    if asked:
        with capsys.disabled():
            print(f"\n{_row(findable, count)}")  # noqa: T201 - for the docs
    assert count


def test_a_fault_without_a_name_of_ours_is_refused() -> None:
    """The error lists those that there are."""
    with pytest.raises(LookupError, match="retry-of-doubt"):
        planted("nonsense")


def test_planted_words_that_only_break_down_are_not_found() -> None:
    """Worlds fail for them, and not by the rule that is named."""
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
    """Return how many seeds it takes until a world breaks the rule that the fault must break."""
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
