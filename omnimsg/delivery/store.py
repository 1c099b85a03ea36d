"""The seam for what is known of messages: in memory, or in a shared database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.tracked import Names, Tracked


class Store(Protocol):
    """Keeps one `Tracked` for each message, and the keys of handled events.

    How names find messages:

    * Ids find the messages that have them.
    * A token also finds one with it of which the own id or the hand-over is not known yet
      (`Tracked.is_open`), if `Names.may_mean` allows that; one that was accepted before a doubtful
      one.
    * Where that finds nothing, names without an id, and not of an answer, find the message with the
      token that came last.
    """

    async def find(self, names: Names) -> Tracked | None:
        """Return what is known of a message; `None` where nothing is."""

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change what is known of a message, and return what is known then.

        Nothing else changes it meanwhile: a database locks the row. Where the names find several
        values, they are merged before (`Tracked.merged`), and only what `change` returns is kept.

        Args:
            names: The message's names.
            change: Returns the new value; called with `None` for a message that is not known. It
                is quick and pure, and may be called again.
        """

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first."""

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        """Make the messages that are in doubt since a time, or longer, `UNRESOLVED`.

        Returns:
            Those that were in doubt until now.
        """

    async def is_handled(self, key: str) -> bool:
        """Return whether an event was handled before."""

    async def set_handled(self, key: str, at: datetime, until: datetime) -> None:
        """Remember that an event was handled.

        Args:
            key: The event's key.
            at: The time: keys whose own `until` is over may be forgotten.
            until: Until when it must be remembered; the provider repeats no event later.
        """
