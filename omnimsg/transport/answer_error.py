"""The error of received bytes that are no usable answer."""

from __future__ import annotations


class AnswerError(Exception):
    """The received bytes are not a usable answer.

    Args:
        what: The problem, as a predicate after the host's name; it quotes nothing received.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
