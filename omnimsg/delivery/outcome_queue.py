"""Outcomes that wait for the store: bounded in number, each kept until the store has taken it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from itertools import islice
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
        self._entries: deque[Entry] = deque()
        self._lock = PerLoop(asyncio.Lock)
        self._tasks = PerLoop(EagerTasks)
        self._drops = False

    def __len__(self) -> int:
        """Return the number of outcomes that the store has not taken."""
        return len(self._entries)

    def add(self, outcome: Accepted | Ambiguous, message: Message) -> None:
        """Add an outcome; drop the oldest one if too many wait."""
        self._entries.append((outcome, message))
        if len(self._entries) > _MAX_OUTCOMES:
            self._entries.popleft()
            if not self._drops:
                self._drops = True
                log.warning(
                    "the store of messages is too slow: %d outcomes wait, the oldest are dropped",
                    _MAX_OUTCOMES,
                    extra=log_fields(count=_MAX_OUTCOMES),
                )

    async def store_all(self) -> bool:
        """Store the outcomes that wait now; return whether the store has taken all of them.

        An outcome that another task is storing is waited for. It stays in the queue until it is
        stored, so that nothing is lost if that task is cancelled.
        """
        async with self._lock.here:
            left, failures, has_failed = len(self._entries), 0, False
            while left > 0 and failures < _MAX_FAILURES:
                group = list(islice(self._entries, min(left, _AT_ONCE)))
                left -= len(group)
                failed = await self._store_group(group)
                if failed:
                    has_failed = True
                    # Behind the others, which the store may take.
                    self._entries.extend(each for each in failed if self._remove(each))
                failures = failures + len(failed) if len(failed) == len(group) else 0
            self._drops = self._drops and bool(self._entries)
            return not has_failed

    async def _store_group(self, group: Sequence[Entry]) -> list[Entry]:
        """Store some outcomes, and return those that the store has not taken."""
        tasks = self._tasks.here
        calls = [tasks.start(self._store, each) for each in group]
        waiting = [each.task for each in calls if not each.has_ended]
        try:
            if waiting:
                await asyncio.wait(waiting)
        finally:
            failed: list[Entry] = []
            for entry, call in zip(group, calls, strict=True):
                if not call.has_ended:
                    call.task.cancel()
                elif call.error is None:
                    self._remove(entry)
                else:
                    warn_failed(call.error)  # a store may raise anything
                    failed.append(entry)
        return failed

    def _remove(self, entry: Entry) -> bool:
        """Remove an outcome of the group that is being stored, unless it was dropped meanwhile."""
        for index, each in enumerate(self._entries):
            if each is entry:
                del self._entries[index]
                return True
            if index == _AT_ONCE:
                break
        return False


def warn_failed(error: BaseException) -> None:
    """Log that the store has failed, without the error's text, which may quote a message."""
    kind = type(error).__name__
    log.warning(
        "the store of messages raised %s; the call is repeated", kind, extra=log_fields(error=kind)
    )
