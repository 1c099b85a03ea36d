"""Medians, ranges and paired ratios."""

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
    """The one in the middle, the least and the most, in whatever order they came."""
    assert Spread(2.0, 1.0, 9.0) == Spread.of([9.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("samples", "shown"),
    [([1.0, 2.0, 3.0], "2.0 [1.0 to 3.0]"), ([1234.5], "1,234.5")],
    ids=["several", "one"],
)
def test_a_spread_is_shown_with_its_range(samples: list[float], shown: str) -> None:
    """A single sample has no range to show."""
    assert shown == Spread.of(samples).shown(1)


def test_ratios_are_taken_within_a_round() -> None:
    """A slow round is slow for both, and leaves the ratio alone."""
    assert [2.0, 2.0] == paired([20.0, 60.0], [10.0, 30.0])


def test_a_round_that_one_has_missed_is_a_mistake() -> None:
    """Ratios across rounds would mean nothing."""
    with pytest.raises(ValueError, match="argument 2"):
        paired([1.0, 2.0], [1.0])


def test_rounds_take_turns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each set-up starts afresh in a round; a sample is the mean of turns that go to and fro."""
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


def test_a_workload_measures_at_every_word() -> None:
    """It stays ready between its turns, in a process of its own."""
    with sink() as address, cpu("floor", "asyncio", address.rpartition(":")[2]) as turn:
        taken = [turn() for _ in range(2)]

    assert [True, True] == [each > 0 for each in taken]
