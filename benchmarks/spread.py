"""Medians and ranges of samples, and ratios of samples that were taken in the same round."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Self

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence


@attrs.frozen
class Spread:
    """The median and the range of samples.

    Attributes:
        median: The median.
        low: The lowest sample.
        high: The highest sample.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Self:
        """Compute the spread of samples."""
        return cls(statistics.median(samples), min(samples), max(samples))

    def shown(self, digits: int) -> str:
        """Return the median as text, followed by the range."""
        median, low, high = (f"{each:,.{digits}f}" for each in (self.median, self.low, self.high))
        return median if low == high else f"{median} [{low} to {high}]"


def paired(samples: Sequence[float], against: Sequence[float]) -> list[float]:
    """Divide sample by sample: the two of a round were taken under the same load."""
    return [one / other for one, other in zip(samples, against, strict=True)]
