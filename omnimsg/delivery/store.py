"""The interface of stores for the state of messages: in memory, or in a shared database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.tracked import Names, Tracked


class Store(Protocol):
    """Keeps one `Tracked` for each message, and the keys of handled events.

    `omnimsg.testing.StoreConformance` tests whether a store keeps these rules.

    Calls overlap. One that raises must have changed nothing: it is repeated, or its callback is
    answered with an error. Give them a time limit of their own: one that never ends holds up all
    reports.

    How names find messages:

    * Each id finds the message that has it.
    * A token also finds one message that has it and is still open: its own id or its hand-over is
      not known yet, or it was in doubt (`Tracked.is_open`), and `Names.may_mean` allows it. A
      message that is not doubtful is preferred to a doubtful one.
    * If nothing was found so far, a token finds the latest message that has it, unless the names
      contain an id or are those of an answer.
    """

    async def find(self, names: Names) -> Tracked | None:
        """Return the state of a message; `None` if it is not tracked."""

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change the state of a message atomically, and return the new state.

        Nothing else may change it meanwhile: a database locks the row. If the names find several
        values, they are merged first (`Tracked.merged`), and only what `change` returns is kept.

        Args:
            names: The message's names.
            change: Returns the new value; called with `None` for a message that is not tracked. It
                is fast, and may be called again and in another thread; the last call counts.
        """

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first."""

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        """Make messages `UNRESOLVED` that have been in doubt since a time, or longer.

        Returns:
            The messages that this call has changed.
        """

    async def is_handled(self, key: str) -> bool:
        """Return whether an event was handled before."""

    async def set_handled(self, key: str, at: datetime, until: datetime) -> None:
        """Remember that an event was handled; two callbacks that have brought it both say so.

        Args:
            key: The event's key.
            at: The current time: keys whose own `until` is earlier may be evicted.
            until: Until when the key must be kept; the provider does not repeat the event later.
        """
