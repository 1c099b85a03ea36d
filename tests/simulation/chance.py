"""Typed draws from the tape. The first choice is always the simplest, for shrinking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs

T = TypeVar("T")

_STEPS = 64


@attrs.frozen
class Chance:
    """Draws from a tape.

    Attributes:
        draw: Draws a number below a bound, under a label.
    """

    draw: Callable[[str, int], int]

    def one_of(self, label: str, choices: Sequence[T]) -> T:
        """Choose one; the first is the simplest."""
        return choices[self.draw(label, len(choices))]

    def happens(self, label: str, percent: int) -> bool:
        """Return whether an event of this probability (percent) happens."""
        return self.draw(label, 100) >= 100 - percent

    def count(self, label: str, low: int, high: int) -> int:
        """Draw a number from `low` to `high`."""
        return low + self.draw(label, high - low + 1)

    def seconds(self, label: str, low: float, high: float) -> float:
        """Draw a time from `low` to `high`."""
        return low + (high - low) * self.draw(label, _STEPS) / (_STEPS - 1)
