"""The states of the lines of a file, one byte for each: a million lines take a megabyte."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from omnimsg.domain.reason import Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class LineState(IntEnum):
    """The state of one line.

    Attributes:
        UNTRIED: No attempt was recorded; the line was never sent.
        IN_FLIGHT: An attempt was recorded, but no outcome of it.
        ACCEPTED: The provider accepted the message.
        REJECTED: The provider rejected the message.
        NOT_SENT: The message was provably not processed; another attempt would end the same way.
        RETRYABLE: The message was provably not processed; another attempt may succeed, perhaps only
            after the account or the configuration is fixed.
        AMBIGUOUS: The message may have been sent.
        BAD: The line is not a message.
    """

    UNTRIED = 0
    IN_FLIGHT = 1
    ACCEPTED = 2
    REJECTED = 3
    NOT_SENT = 4
    RETRYABLE = 5
    AMBIGUOUS = 6
    BAD = 7


# Indexed by number: calling the enumeration takes many times as long.
_STATES = tuple(LineState)

_BY_OUTCOME = {
    "accepted": LineState.ACCEPTED,
    "rejected": LineState.REJECTED,
    "not_sent": LineState.NOT_SENT,
    "ambiguous": LineState.AMBIGUOUS,
}


def line_state_of(outcome: Mapping[str, Any]) -> LineState:
    """Return the state of a line after an outcome, given in its JSON form.

    A message that was not sent because its deadline passed is retryable: the deadline applied to
    one run only. A message whose `ttl` passed is not.

    Raises:
        KeyError: A key or the kind of the outcome is not valid.
    """
    state = _BY_OUTCOME[outcome["outcome"]]
    if state is not LineState.NOT_SENT:
        return state
    failure = outcome["failure"]
    deadline_passed = failure["reason"] == Reason.DEADLINE_EXCEEDED and failure.get("path") is None
    if deadline_passed or failure["retry"] in (Retry.SAFE, Retry.AFTER_FIX):
        return LineState.RETRYABLE
    return state


class LineStates:
    """The state of every line of one file, by line number."""

    def __init__(self) -> None:
        self._states = bytearray()

    def __getitem__(self, line: int) -> LineState:
        """Return the state of a line; `UNTRIED` if it was never set."""
        return _STATES[self._states[line]] if line < len(self._states) else LineState.UNTRIED

    def __setitem__(self, line: int, state: LineState) -> None:
        """Set the state of a line."""
        states = self._states
        if line >= len(states):
            states.extend(bytes(line + 1 - len(states)))
        states[line] = state

    def known(self) -> Iterator[tuple[int, LineState]]:
        """Yield the number and the state of each line that was tried or found to be bad."""
        for line, state in enumerate(self._states):
            if state:
                yield line, LineState(state)

    def count(self, *states: LineState) -> int:
        """Return how many lines are in one of these states; `UNTRIED` cannot be counted."""
        return sum(self._states.count(each) for each in states)

    def count_after(self, line: int) -> int:
        """Return how many lines after this one were tried or found to be bad."""
        later = self._states[line + 1 :]
        return len(later) - later.count(LineState.UNTRIED)
