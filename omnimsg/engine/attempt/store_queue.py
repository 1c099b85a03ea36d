"""Values that wait for a store: bounded in number, each kept until the store has taken it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from omnimsg.engine.attempt.eager_task import EagerTasks
from omnimsg.engine.loop_bound import PerLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

T = TypeVar("T")

# Values that are stored at once, at most.
_AT_ONCE = 10
# After so many failures in a row the store is down, and the other values wait too.
_MAX_FAILURES = 10
# Values that wait, at most; above that the oldest are dropped.
_MAX_WAITING = 100_000


@attrs.define(eq=False)
class _Waiting(Generic[T]):
    """A value that waits, and how many times the store has failed to take it."""

    value: T
    failures: int = 0


class StoreQueue(Generic[T]):
    """Passes values to a store of the application, in groups, and keeps those it has not taken.

    A database takes some milliseconds for each. One after another, the outcomes of a stream would
    keep every report waiting, because a report comes after all outcomes before it.

    Its owner logs: the docs list each line with its logger, as the calls of the owner have it.

    Args:
        store: Stores a value.
        failed: Called with the error of the store the first time that it does not take a value, and
            the second, fourth, eighth time: a value that it never takes does not fill the log.
        overflows: Called with the limit when the first of several values is dropped.
    """

    def __init__(
        self,
        store: Callable[[T], Awaitable[object]],
        *,
        failed: Callable[[BaseException], None],
        overflows: Callable[[int], None],
    ) -> None:
        self._store = store
        self._failed = failed
        self._overflows = overflows
        # By number, or by the key of the value; the oldest first.
        self._values: OrderedDict[object, _Waiting[T]] = OrderedDict()
        self._numbers = count()
        self._lock = PerLoop(asyncio.Lock)
        self._tasks = PerLoop(EagerTasks)
        self._storing: PerLoop[set[asyncio.Task[None]]] = PerLoop(set)
        self._has_warned = False

    def __len__(self) -> int:
        """Return the number of values that the store has not taken."""
        return len(self._values)

    def add(self, value: T, key: object = None) -> None:
        """Add a value; drop the oldest one if too many wait.

        Args:
            value: The value.
            key: Stands for the value, which is not added if one with its key waits.
        """
        key = next(self._numbers) if key is None else key
        if key in self._values:
            return
        self._values[key] = _Waiting(value)
        if len(self._values) > _MAX_WAITING:
            self._values.popitem(last=False)
            if not self._has_warned:
                self._has_warned = True
                self._overflows(_MAX_WAITING)

    async def store_all(self) -> bool:
        """Store the values that wait now; return `False` if the store has failed.

        A value that another task is storing is waited for. A caller that is cancelled does not
        interrupt the store, which may have written already.
        """
        call = self._tasks.here.start(self._store_waiting)
        if not call.has_ended:
            storing = self._storing.here
            storing.add(call.task)
            call.task.add_done_callback(storing.discard)
            await asyncio.shield(call.task)
        return isinstance(call.error, asyncio.CancelledError) or call.result()

    async def aclose(
        self,
        last: Coroutine[Any, Any, object] | asyncio.Task[Any],
        seconds: float,
        running: asyncio.Task[Any] | None,
    ) -> None:
        """Let the store take the last values, then interrupt it in this event loop.

        Args:
            last: The call of `store_all`.
            seconds: Seconds that it may take; the values that the store has not taken stay here.
            running: A call that may have begun before.
        """
        storing = asyncio.ensure_future(last)
        try:
            # Not within a timeout, which would wait for a store that ignores its cancellation.
            await asyncio.wait([storing], timeout=seconds)
        finally:
            loop = asyncio.get_running_loop()
            for each in (storing, running, *self._storing.here):
                if each is not None and each.get_loop() is loop:
                    each.cancel()

    async def _store_waiting(self) -> bool:
        async with self._lock.here:
            left, failures, has_failed = len(self._values), 0, False
            # Another event loop may take some of them meanwhile.
            while group := list(islice(self._values.items(), min(left, _AT_ONCE))):
                left -= len(group)
                failed = await self._store_group(group)
                has_failed = has_failed or bool(failed)
                for key in failed:
                    with suppress(KeyError):  # it was dropped meanwhile
                        # Behind the others, which the store may take.
                        self._values.move_to_end(key)
                failures = failures + len(failed) if len(failed) == len(group) else 0
                if failures >= _MAX_FAILURES:
                    break
            self._has_warned = self._has_warned and bool(self._values)
            return not has_failed

    async def _store_group(self, group: Sequence[tuple[object, _Waiting[T]]]) -> list[object]:
        """Store some values, and return the keys of those that the store has not taken."""
        tasks = self._tasks.here
        calls = [tasks.start(self._store, each.value) for _, each in group]
        waiting = [each.task for each in calls if not each.has_ended]
        try:
            if waiting:
                await asyncio.wait(waiting)
        finally:
            failed: list[object] = []
            for (key, each), call in zip(group, calls, strict=True):
                if not call.has_ended:
                    call.task.cancel()
                elif call.error is None:
                    self._values.pop(key, None)
                else:
                    each.failures += 1
                    if each.failures.bit_count() == 1:  # a power of two
                        self._failed(call.error)  # a store may raise anything
                    failed.append(key)
        return failed
