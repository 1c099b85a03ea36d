"""The client in the event loop of the process; it tells what became of a send that was interrupted.

A person who presses Ctrl-C, or a task queue whose time limit ends a task, wants to know whether the
message has left.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from omnimsg import client
from omnimsg.domain.errors import OmnimsgError, error_of
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.redaction import mask_text
from omnimsg.engine.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.observers import OutcomeKnown
    from omnimsg.sync.call import Call


class Fates(Observer):
    """Tells the outcomes of messages whose callers are gone."""

    def __init__(self) -> None:
        self._awaited: dict[str, asyncio.Future[Outcome]] = {}

    @contextmanager
    def watch(self, reference: str) -> Iterator[asyncio.Future[Outcome]]:
        """Give the future of an outcome."""
        future = self._awaited.setdefault(reference, asyncio.get_running_loop().create_future())
        try:
            yield future
        finally:
            self._awaited.pop(reference, None)

    def outcome_known(self, event: OutcomeKnown) -> None:
        """Tell the outcomes that are awaited."""
        if self._awaited:
            for outcome in event.outcomes:
                future = self._awaited.get(outcome.reference)
                if future is not None and not future.done():
                    future.set_result(outcome)


class LoopClient(client.Client):
    """The client in the event loop of the process."""

    async def give_up(self, call: Call[Accepted], message: Message, within: float) -> str:
        """Give up a send, and say what became of its message.

        Args:
            call: The call that sends it; cancelled.
            message: The message.
            within: Seconds to wait for the answer, where the message has left.
        """
        what = f"message {mask_text(message.reference)!r}"
        sending = call.task
        if sending is None:  # the event loop keeps the order of calls: it was never told
            call.drop()
            return f"{what} was not sent"
        if sending.done():
            return _sentence(what, sending)
        waits = any(each.waits(message) for each in self._accounts.engines.values())
        with self._fates.watch(message.reference) as fate:
            sending.cancel()
            if waits:
                return f"{what} was not sent: it still waited to leave"
            try:
                async with asyncio.timeout(within):
                    outcome = await asyncio.shield(fate)
            except TimeoutError:
                return (
                    f"{what} may have been sent: it was under way, and nothing was heard of it"
                    f" within {within:g} s; it is not sent again"
                )
        if isinstance(outcome, Accepted):
            return _accepted(what, outcome)
        return str(error_of(outcome))

    @cached_property
    def _fates(self) -> Fates:
        # Not before it is needed: an observer of outcomes costs a little for each of them.
        fates = Fates()
        self._observers.add(fates)
        return fates


def _sentence(what: str, sending: asyncio.Task[Accepted]) -> str:
    """Describe how a send ended."""
    if sending.cancelled():
        return f"{what} may have been sent"
    error = sending.exception()
    if error is None:
        return _accepted(what, sending.result())
    return str(error) if isinstance(error, OmnimsgError) else f"{what} was not handed over"


def _accepted(what: str, outcome: Accepted) -> str:
    return f"{what} was accepted: {mask_text(str(outcome.id))}"
