"""Medians, ranges and paired ratios."""

from __future__ import annotations

import pytest

from rounds import interleaved
from spread import Spread, paired


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


def test_rounds_take_turns(capsys: pytest.CaptureFixture[str]) -> None:
    """Each set-up has one sample a round, every second round backwards."""
    turns = iter(range(10))

    samples = interleaved(dict.fromkeys("ab", lambda: float(next(turns))), 3)

    assert {"a": [0.0, 3.0, 4.0], "b": [1.0, 2.0, 5.0]} == samples
    assert "round 3 of 3" in capsys.readouterr().err
