"""How long the provider of one account usually takes to answer.

The smoothed mean and deviation of TCP's retransmission timer (RFC 6298, 2).
"""

from __future__ import annotations

import math

_MEAN_WEIGHT = 1 / 8
_DEVIATION_WEIGHT = 1 / 4
_DEVIATIONS = 2

# The cap of the usual time, seconds: a slow hour of the provider must not hold messages back.
_MAX_SECONDS = 5.0


class AnswerTimes:
    """The answer times of one account.

    Attributes:
        usual: Seconds within which nearly all answers come; 0 before the first answer.
        heard_at: When the last answer came, monotonic seconds.
    """

    def __init__(self) -> None:
        self.usual: float = 0.0
        self.heard_at: float = -math.inf
        self._mean = 0.0
        self._deviation = 0.0

    def record(self, seconds: float, now: float) -> None:
        """Record how long an answer took that has come now."""
        self.heard_at = now
        if not self.usual:
            self._mean, self._deviation = seconds, seconds / 2
        else:
            error = seconds - self._mean
            self._mean += _MEAN_WEIGHT * error
            size = error if error > 0 else -error
            self._deviation += _DEVIATION_WEIGHT * (size - self._deviation)
        usual = self._mean + _DEVIATIONS * self._deviation
        self.usual = min(_MAX_SECONDS, usual)
