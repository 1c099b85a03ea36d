"""What earlier runs did, and the messages that one of them may have sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.bulk.line_state import LineState
from omnimsg.bulk.results_format import state_after
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Ambiguous, Outcome
from omnimsg.domain.reason import Reason, Retry
from omnimsg.fallback.conclusion import conclusion_of

if TYPE_CHECKING:
    from omnimsg.bulk.line_state import LineStates
    from omnimsg.bulk.results_format import Entries


class EarlierDoubts:
    """The messages in flight that an earlier run may have sent, and that are sent again on purpose.

    Only an acceptance replaces such a doubt: that this run has not sent the message proves nothing
    about the earlier one. Otherwise the next run would send it once more without being asked to,
    and so would whoever corrects the failed lines.
    """

    def __init__(self) -> None:
        self._references: set[str] = set()

    def note(self, reference: str, state: LineState) -> None:
        """Note a message that is handed over, with the state in which its line is."""
        if state is LineState.AMBIGUOUS:
            self._references.add(reference)

    def keep(self, outcome: Outcome) -> Outcome:
        """Return the outcome of a message over all runs, from that of this run."""
        if outcome.reference not in self._references or isinstance(outcome, (Accepted, Ambiguous)):
            return outcome
        why = f"an earlier run may have sent it; now it was not: {outcome.failure.sentence()}"
        return conclusion_of([_in_doubt(outcome.reference, outcome.account, why)], outcome)

    def end(self, outcome: Outcome) -> Outcome:
        """Do the same for the final outcome, and forget the message."""
        kept = self.keep(outcome)
        self._references.discard(outcome.reference)
        return kept


def replay(entries: Entries, states: LineStates) -> dict[int, tuple[str, str]]:
    """Set the state of each line from the entries of earlier runs.

    Returns:
        By line, the reference and the account of each intent that no entry follows. These are at
        most what one run had in flight, because each run settles those of the run before.
    """
    unsettled: dict[int, tuple[str, str]] = {}
    for entry in entries:
        state = state_after(entry)
        if state is None:
            continue
        line = entry["line"]
        states[line] = state
        if state is LineState.IN_FLIGHT:
            unsettled[line] = entry["intent"], entry["account"]
        else:
            unsettled.pop(line, None)
    return unsettled


def killed_during(reference: str, account: str) -> Ambiguous:
    """Return the outcome of a message whose intent is the last record of a run."""
    why = "the process that was sending it ended before an answer was recorded"
    return _in_doubt(reference, account, why)


def _in_doubt(reference: str, account: str, why: str) -> Ambiguous:
    failure = Failure(reason=Reason.CONNECTION_LOST, retry=Retry.UNSAFE, detail=why)
    return Ambiguous(reference=reference, account=account, failure=failure)
