"""The arithmetic: medians and ranges, and ratios of samples that were taken in the same round."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Self

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence


@attrs.frozen
class Spread:
    """What a number of samples say together.

    Attributes:
        median: The one in the middle.
        low: The least.
        high: The most.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Self:
        """Sum up samples."""
        return cls(statistics.median(samples), min(samples), max(samples))

    def shown(self, digits: int) -> str:
        """Write it as text: the median, and the range behind it."""
        median, low, high = (f"{each:,.{digits}f}" for each in (self.median, self.low, self.high))
        return median if low == high else f"{median} [{low} to {high}]"


def paired(samples: Sequence[float], against: Sequence[float]) -> list[float]:
    """Divide sample by sample: both of a round met the same state of the machine."""
    return [one / other for one, other in zip(samples, against, strict=True)]
