"""The asynchronous client behind the synchronous one; it reports how an interrupted send ended.

A person who presses Ctrl-C, or a task queue whose time limit ends a task, wants to know whether the
message has left.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING

from anyio import CapacityLimiter

from omnimsg import client
from omnimsg.domain.errors import OmnimsgError, error_of
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.redaction import mask_text
from omnimsg.engine.loop_bound import PerLoop
from omnimsg.engine.observers import Observer
from omnimsg.idempotency.repeat_outcomes import known_outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.observers import OutcomeUnclaimed
    from omnimsg.sync.call import Call


class UnclaimedOutcomes(Observer):
    """An observer that catches the outcomes of messages whose callers were cancelled."""

    def __init__(self) -> None:
        self._awaited: dict[str, asyncio.Future[Outcome]] = {}

    @contextmanager
    def watch(self, reference: str) -> Iterator[asyncio.Future[Outcome]]:
        """Yield the future of the outcome of the message with this reference."""
        future = self._awaited.setdefault(reference, asyncio.get_running_loop().create_future())
        try:
            yield future
        finally:
            self._awaited.pop(reference, None)

    def outcome_unclaimed(self, event: OutcomeUnclaimed) -> None:
        """Resolve the future of an outcome that is watched."""
        future = self._awaited.get(event.message.reference)
        if future is not None and not future.done():
            future.set_result(event.outcome)


class LoopClient(client.Client):
    """The asynchronous client that runs in the event loop of the process."""

    async def give_up(self, call: Call[Accepted], message: Message, within: float) -> str:
        """Cancel a send, and return a sentence that says what became of its message.

        Args:
            call: The call that sends the message; it is cancelled here.
            message: The message.
            within: Seconds to wait for the answer, where the message has left.
        """
        reference = message.reference
        what = f"message {mask_text(reference)!r}"
        sending = call.task
        if sending is None:  # callbacks run in order, so it was never posted
            call.drop()
            return f"{what} was not sent"
        with self._fates.watch(reference) as fate:
            sending.cancel()
            await asyncio.wait([sending])
            if not sending.cancelled():
                return _describe(what, sending)
            if self._idempotency.has_caller(reference):
                return f"{what} is sent for another caller, who has handed it over as well"
            # Another caller's answer may have come while this call was cancelled.
            hand_overs = self._idempotency.known.values()
            outcome: Outcome | None = known_outcome(hand_overs, message)
            if outcome is None:
                self._accounts.take_back(reference)
                await asyncio.wait([fate], timeout=within)
                if not fate.done():
                    return (
                        f"{what} may have been sent: it was in flight, and no answer came"
                        f" within {within:g} s; it is not sent again"
                    )
                outcome = fate.result()
        return _accepted(what, outcome) if isinstance(outcome, Accepted) else str(error_of(outcome))

    @cached_property
    def handler_threads(self) -> PerLoop[CapacityLimiter]:
        """Limits how many handlers run at once, each in a thread.

        anyio's default limit is lower, and counts all other work of the process in threads.
        """
        return PerLoop(partial(CapacityLimiter, self._callbacks.concurrency))

    @cached_property
    def _fates(self) -> UnclaimedOutcomes:
        fates = UnclaimedOutcomes()
        self._observers.add(fates)
        return fates


def _describe(what: str, sending: asyncio.Task[Accepted]) -> str:
    """Describe how a send ended."""
    error = sending.exception()
    if error is None:
        return _accepted(what, sending.result())
    return str(error) if isinstance(error, OmnimsgError) else f"{what} was not handed over"


def _accepted(what: str, outcome: Accepted) -> str:
    return f"{what} was accepted: {mask_text(str(outcome.id))}"
