"""`Callers`: the owner of messages that were handed over one by one, each with a future."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Outcome
from omnimsg.engine.observers import Observers, OutcomeKnown, OutcomeUnclaimed
from omnimsg.engine.sending.batch import FailsOver

if TYPE_CHECKING:
    from omnimsg.engine.deadline import Deadline

_is_done = methodcaller("done")


@attrs.define(eq=False)
class Callers:
    """Sets the outcomes of messages on their futures, which are their keys.

    Args:
        account: The account's name.
        observers: Told of every last outcome.
        fails_over: Returns whether an outcome is not the last, as the caller tries another account.
        settle: Called with every outcome, where there are budgets.

    Attributes:
        fails_over: See above.
    """

    # A caller that is cancelled cancels its future.
    may_abandon = True

    _account: str
    _observers: Observers
    fails_over: FailsOver | None
    _settle: Callable[[Sequence[Message], Sequence[Outcome]], None] | None

    def finish(
        self,
        keys: Sequence[asyncio.Future[Outcome]],
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
        deadline: Deadline | None = None,
    ) -> None:
        """Set the outcomes on the futures."""
        unclaimed: list[int] = []
        for future, outcome in zip(keys, outcomes, strict=True):
            try:
                future.set_result(outcome)
            except (asyncio.InvalidStateError, RuntimeError):
                # It was cancelled, or its event loop is closed: nobody waits any more.
                unclaimed.append(keys.index(future))
        if unclaimed:
            self._notify_unclaimed([(messages[each], outcomes[each]) for each in unclaimed])
        if self._settle is not None:
            self._settle(messages, outcomes)
        notify = self._observers.outcome_known
        if notify is None:
            return
        if self.fails_over is not None:
            # Nobody tries another account for a caller that is gone.
            last = [
                index
                for index, outcome in enumerate(outcomes)
                if index in unclaimed or not self.fails_over(outcome)
            ]
            messages = [messages[index] for index in last]
            outcomes = [outcomes[index] for index in last]
        if outcomes:
            notify(OutcomeKnown(self._account, tuple(messages), tuple(outcomes)))

    def _notify_unclaimed(self, ended: Sequence[tuple[Message, Outcome]]) -> None:
        notify = self._observers.outcome_unclaimed
        if notify is not None:
            for message, outcome in ended:
                notify(OutcomeUnclaimed(account=self._account, message=message, outcome=outcome))

    def abandoned(self, keys: Sequence[asyncio.Future[Outcome]]) -> Sequence[int]:
        """Return the indexes of futures that were cancelled."""
        if not any(map(_is_done, keys)):
            return ()
        return [index for index, future in enumerate(keys) if future.done()]
