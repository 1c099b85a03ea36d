"""Where each line of a file stands, at one byte a line: a million lines are a megabyte."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from omnimsg.domain.reason import Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Mapping


class LineState(IntEnum):
    """What is known of one line.

    Attributes:
        UNTRIED: Nothing; it never left.
        OPEN: It was about to leave, and nothing was heard since.
        ACCEPTED: The provider took it.
        REJECTED: The provider refused it.
        NOT_SENT: Proven not processed, and another attempt would end the same way.
        RETRYABLE: Proven not processed, and another attempt may succeed, if need be after the
            account or the configuration is mended.
        AMBIGUOUS: It may have been sent.
        BAD: It is no message.
    """

    UNTRIED = 0
    OPEN = 1
    ACCEPTED = 2
    REJECTED = 3
    NOT_SENT = 4
    RETRYABLE = 5
    AMBIGUOUS = 6
    BAD = 7


_BY_OUTCOME = {
    "accepted": LineState.ACCEPTED,
    "rejected": LineState.REJECTED,
    "not_sent": LineState.NOT_SENT,
    "ambiguous": LineState.AMBIGUOUS,
}


def line_state_of(outcome: Mapping[str, Any]) -> LineState:
    """Say where an outcome in its JSON form leaves its line.

    A line whose turn did not come before the deadline may be tried again by another run, although
    the run that gave up on it may not. One that outlived its `ttl` may not.

    Raises:
        KeyError: It is no outcome.
    """
    standing = _BY_OUTCOME[outcome["outcome"]]
    if standing is not LineState.NOT_SENT:
        return standing
    failure = outcome["failure"]
    late = failure["reason"] == Reason.DEADLINE_EXCEEDED and failure.get("path") is None
    if late or failure["retry"] in (Retry.SAFE, Retry.AFTER_FIX):
        return LineState.RETRYABLE
    return standing


class LineStates:
    """The standing of every line of one file, by its number."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __getitem__(self, line: int) -> LineState:
        """Return a line's standing."""
        return LineState(self._bytes[line]) if line < len(self._bytes) else LineState.UNTRIED

    def __setitem__(self, line: int, standing: LineState) -> None:
        """Note a line's standing."""
        if line >= len(self._bytes):
            self._bytes.extend(bytes(line + 1 - len(self._bytes)))
        self._bytes[line] = standing

    def count(self, *standings: LineState) -> int:
        """Return how many lines stand in one of these ways; `UNTRIED` cannot be counted."""
        return sum(self._bytes.count(each) for each in standings)
