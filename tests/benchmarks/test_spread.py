"""Medians, ranges, paired ratios, and samples taken in rounds."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from processes import sink
from rounds import cpu, interleaved
from spread import Spread, paired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_a_spread_is_median_and_range() -> None:
    """A spread has the median, the minimum and the maximum of unordered samples."""
    assert Spread(2.0, 1.0, 9.0) == Spread.of([9.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("samples", "shown"),
    [([1.0, 2.0, 3.0], "2.0 [1.0 to 3.0]"), ([1234.5], "1,234.5")],
    ids=["several", "one"],
)
def test_a_spread_is_shown_with_its_range(samples: list[float], shown: str) -> None:
    """Several samples are shown as the median with the range, a single one without a range."""
    assert shown == Spread.of(samples).shown(1)


def test_ratios_are_taken_within_a_round() -> None:
    """Ratios pair the samples of the same round, so that a slow round does not change them."""
    assert [2.0, 2.0] == paired([20.0, 60.0], [10.0, 30.0])


def test_ratios_of_different_numbers_of_rounds_are_an_error() -> None:
    """Ratios of two workloads with different numbers of rounds raise an error."""
    with pytest.raises(ValueError, match="argument 2"):
        paired([1.0, 2.0], [1.0])


def test_rounds_take_turns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round starts each workload once; a sample is the mean of turns in alternating order."""
    monkeypatch.setattr("rounds.TURNS", 2)
    turns = iter(range(20))
    started: list[str] = []

    @contextmanager
    def start(name: str) -> Iterator[Callable[[], float]]:
        started.append(name)
        yield lambda: float(next(turns))

    samples = interleaved({name: partial(start, name) for name in "ab"}, 2)

    assert {"a": [1.5, 5.5], "b": [1.5, 5.5]} == samples
    assert ["a", "b", "a", "b"] == started
    assert "round 2 of 2" in capsys.readouterr().err


def test_a_workload_process_measures_once_per_turn() -> None:
    """A workload keeps its process between turns, and each turn returns a measurement."""
    with sink() as address, cpu("floor", "asyncio", address.rpartition(":")[2]) as turn:
        taken = [turn() for _ in range(2)]

    assert [True, True] == [each > 0 for each in taken]
