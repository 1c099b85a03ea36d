"""The owner of messages that were handed over one by one: each has a caller and a future."""

from __future__ import annotations

from operator import methodcaller
from typing import TYPE_CHECKING

from omnimsg.engine.observers import OutcomeKnown

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.observers import Observers

_is_done = methodcaller("done")


class Callers:
    """Sets the outcomes of messages on their futures, which are their keys.

    Args:
        account: The account's name.
        observers: Told of every last outcome.
    """

    # A future is cancelled with its caller.
    may_abandon = True

    def __init__(self, account: str, observers: Observers) -> None:
        self._account = account
        self._observers = observers

    def finish(
        self,
        keys: Sequence[asyncio.Future[Outcome]],
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
    ) -> None:
        """Set the outcomes."""
        for future, outcome in zip(keys, outcomes, strict=True):
            if not future.done():
                try:
                    future.set_result(outcome)
                except RuntimeError:
                    continue  # its event loop is closed: nobody waits any more
        notify = self._observers.outcome_known
        if notify is not None:
            notify(OutcomeKnown(self._account, tuple(messages), tuple(outcomes)))

    def abandoned(self, keys: Sequence[asyncio.Future[Outcome]]) -> Sequence[int]:
        """Return the indexes of futures that were cancelled."""
        if not any(map(_is_done, keys)):
            return ()
        return [index for index, future in enumerate(keys) if future.done()]
