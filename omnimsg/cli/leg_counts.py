"""Count the results of the fallback legs that a command runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from omnimsg.engine.leg_events import LegState
from omnimsg.engine.observers import Observer

if TYPE_CHECKING:
    from omnimsg.engine.leg_events import LegChanged

# The name of the count for each final state of a leg after the first one.
_COUNT_BY_STATE = {
    LegState.ACCEPTED: "sent",
    LegState.NOT_TAKEN: "refused",
    LegState.DOUBTFUL: "doubtful",
}


class LegCounts(Observer):
    """Counts legs after the first one, and messages whose legs went wrong.

    Attributes:
        counts: `sent`, `refused`, `doubtful`: legs after the first one. `left`: messages whose
            next leg was not tried, because the client was closed. `reached_twice`: messages with
            two delivered legs.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._has_legs = False

    def leg_changed(self, event: LegChanged) -> None:
        """Count a change of a leg."""
        self._has_legs = True
        if event.state is LegState.ABANDONED:
            self.counts["left"] += 1
        elif event.state is LegState.REACHED_TWICE:
            self.counts["reached_twice"] += 1
        elif event.leg > 0 and event.state in _COUNT_BY_STATE and not event.next_leg:
            self.counts[_COUNT_BY_STATE[event.state]] += 1

    def summary(self) -> dict[str, int] | None:
        """Return all counts; `None` if no legs were run."""
        names = (*_COUNT_BY_STATE.values(), "left", "reached_twice")
        return {name: self.counts[name] for name in names} if self._has_legs else None
