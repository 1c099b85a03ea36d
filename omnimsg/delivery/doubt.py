"""The doubtful outcome of a send, on its way to the store."""

from __future__ import annotations

import attrs

from omnimsg.delivery.tracked import Tracked


@attrs.define(eq=False)
class Doubt:
    """A doubtful send that is given to the store, again if that fails.

    Attributes:
        state: Its state, from its outcome alone.
        ends_early: Whether reports that came before its outcome prove the send, and the observers
            are still to be told. A report that comes later tells them itself.
    """

    state: Tracked
    ends_early: bool = False

    def joined_with(self, known: Tracked | None) -> Tracked:
        """Return its state, joined with what is known of the message."""
        joined = self.state.joined_with(known)
        if known is not None and known.doubt_key is None:  # the store has not taken it before
            self.ends_early = not joined.handover.is_doubtful
        return joined
