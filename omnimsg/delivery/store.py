"""The seam for what is known of messages: in memory, or in a shared database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omnimsg.delivery.tracked import Names, Tracked


class Store(Protocol):
    """Keeps one `Tracked` for each message, and the keys of handled events.

    How names find a message:

    * An id finds the message that has it.
    * Otherwise a token finds the message with it of which the id or the send is not known yet; the
      names of an answer (`Names.is_answer`) find no doubtful one.
    * Names without an id find the latest message with the token.
    """

    async def find(self, names: Names) -> Tracked | None:
        """Return what is known of a message; `None` where nothing is."""

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change what is known of a message, and return what is known then.

        Nothing else changes it meanwhile: a database locks the row. Where the names find two
        values, of which one had only reports, they are merged before (`Tracked.merged`).

        Args:
            names: The message's names.
            change: Returns the new value; called with `None` for a message that is not known. It
                is quick and pure, and may be called again.
        """

    async def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first."""

    async def is_handled(self, key: str) -> bool:
        """Return whether an event was handled before."""

    async def set_handled(self, key: str, until: datetime) -> None:
        """Remember that an event was handled, at least until a time."""
