"""Outcomes that wait for the store: bounded in number, each kept until the store has taken it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from itertools import count, islice
from typing import TYPE_CHECKING, TypeAlias

from omnimsg.delivery.loop_bound import PerLoop
from omnimsg.domain.log_fields import log_fields
from omnimsg.engine.attempt.eager_task import EagerTasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted, Ambiguous

    Entry: TypeAlias = tuple[Accepted | Ambiguous, Message]

log: logging.Logger = logging.getLogger("omnimsg.delivery")

# Outcomes that are stored at once, at most.
_AT_ONCE = 10
# After so many failures in a row the store is down, and the other outcomes wait too.
_MAX_FAILURES = 10
# Outcomes that wait, at most; above that the oldest are dropped.
_MAX_OUTCOMES = 100_000


class OutcomeQueue:
    """Passes outcomes to the store, in groups, and keeps those that it has not taken.

    A message takes a database some milliseconds. One after another, the outcomes of a stream would
    keep every report waiting, because a report comes after all outcomes before it.

    Args:
        store: Stores an outcome.
    """

    def __init__(self, store: Callable[[Entry], Awaitable[object]]) -> None:
        self._store = store
        # By number, the oldest first.
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._numbers = count()
        self._lock = PerLoop(asyncio.Lock)
        self._tasks = PerLoop(EagerTasks)
        self._storing: PerLoop[set[asyncio.Task[None]]] = PerLoop(set)
        self._has_warned = False

    def __len__(self) -> int:
        """Return the number of outcomes that the store has not taken."""
        return len(self._entries)

    def add(self, outcome: Accepted | Ambiguous, message: Message) -> None:
        """Add an outcome; drop the oldest one if too many wait."""
        self._entries[next(self._numbers)] = outcome, message
        if len(self._entries) > _MAX_OUTCOMES:
            self._entries.popitem(last=False)
            if not self._has_warned:
                self._has_warned = True
                log.warning(
                    "the store of messages is too slow: %d outcomes wait, the oldest are dropped",
                    _MAX_OUTCOMES,
                    extra=log_fields(count=_MAX_OUTCOMES),
                )

    async def store_all(self) -> bool:
        """Store the outcomes that wait now; return `False` if the store has failed.

        An outcome that another task is storing is waited for. A caller that is cancelled does not
        interrupt the store, which may have written already: a doubt has no id to be found by, and
        would be tracked twice.
        """
        call = self._tasks.here.start(self._store_waiting)
        if not call.has_ended:
            storing = self._storing.here
            storing.add(call.task)
            call.task.add_done_callback(storing.discard)
            await asyncio.shield(call.task)
        return isinstance(call.error, asyncio.CancelledError) or call.result()

    def cancel(self) -> None:
        """Interrupt the store in this event loop; the outcomes that it has not taken stay here."""
        for each in self._storing.here:
            each.cancel()

    async def _store_waiting(self) -> bool:
        async with self._lock.here:
            left, failures, has_failed = len(self._entries), 0, False
            # Another event loop may take some of them meanwhile.
            while group := list(islice(self._entries.items(), min(left, _AT_ONCE))):
                left -= len(group)
                failed = await self._store_group(group)
                has_failed = has_failed or bool(failed)
                for number in failed:
                    with suppress(KeyError):  # it was dropped meanwhile
                        # Behind the others, which the store may take.
                        self._entries.move_to_end(number)
                failures = failures + len(failed) if len(failed) == len(group) else 0
                if failures >= _MAX_FAILURES:
                    break
            self._has_warned = self._has_warned and bool(self._entries)
            return not has_failed

    async def _store_group(self, group: Sequence[tuple[int, Entry]]) -> list[int]:
        """Store some outcomes, and return the numbers of those that the store has not taken."""
        tasks = self._tasks.here
        calls = [tasks.start(self._store, entry) for _, entry in group]
        waiting = [each.task for each in calls if not each.has_ended]
        try:
            if waiting:
                await asyncio.wait(waiting)
        finally:
            failed: list[int] = []
            for (number, _), call in zip(group, calls, strict=True):
                if not call.has_ended:
                    call.task.cancel()
                elif call.error is None:
                    self._entries.pop(number, None)
                else:
                    warn_failed(call.error)  # a store may raise anything
                    failed.append(number)
        return failed


def warn_failed(error: BaseException) -> None:
    """Log that the store has failed, without the error's text, which may quote a message."""
    kind = type(error).__name__
    log.warning(
        "the store of messages raised %s; the call is repeated", kind, extra=log_fields(error=kind)
    )
