"""Combine writes into few calls of a thread: requests made during one call share the next.

A call of a thread costs more than the write itself: two thread switches, and a wake-up of the event
loop. So one call serves all requests of one iteration of the loop, or of the time of the call
before.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor


@attrs.frozen(eq=False)
class Wanted:
    """The write that one caller waits for.

    Attributes:
        count: How many lines, from the first that was queued, must be written.
        durable: Whether they must survive a power loss.
    """

    count: int
    durable: bool


# A request and the future of its caller; no future for a caller that does not wait. A caller that
# gives up may set its future's result to `None`.
_Waiter: TypeAlias = "tuple[Wanted, asyncio.Future[bool | None] | None]"


class SharedWrites:
    """Serves all waiting callers with one call of a thread.

    Args:
        thread: Runs one call at a time.
        write: Runs in the thread; returns the error for each request, or `None`.
        is_written: Returns whether a request needs no further call; called between two calls of
            the thread.
    """

    def __init__(
        self,
        thread: Executor,
        write: Callable[[Sequence[Wanted]], Sequence[OSError | None]],
        is_written: Callable[[Wanted], bool] = lambda _: False,
    ) -> None:
        self._thread = thread
        self._write = write
        self._is_written = is_written
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_writing = False
        self._waiting: list[_Waiter] = []
        self._requested: Wanted | None = None

    def begin(self, wanted: Wanted) -> asyncio.Future[bool | None]:
        """Return a future that becomes `True` when the request is written, or has its error."""
        loop = self._running_loop()
        written: asyncio.Future[bool | None] = loop.create_future()
        self._waiting.append((wanted, written))
        self._schedule_call(loop)
        return written

    async def wait(self, wanted: Wanted) -> None:
        """Wait until the request is written.

        Raises:
            OSError: The write failed.
        """
        await self.begin(wanted)

    def request(self, wanted: Wanted) -> None:
        """Request a write without waiting for it; the last such request replaces earlier ones."""
        loop = self._running_loop()
        self._requested = wanted
        self._schedule_call(loop)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # The previous loop has ended, so none of its callers waits any more.
            self._loop, self._is_writing, self._waiting = loop, False, []
        return loop

    def _schedule_call(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_writing:
            self._is_writing = True
            # In the next iteration, so that other callers of this iteration share the call.
            loop.call_soon(self._submit_call, loop)

    def _submit_call(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._waiting = self._waiting, []
        if self._requested is not None:
            group.append((self._requested, None))
            self._requested = None
        try:
            self._thread.submit(self._write_group, loop, group)
        except RuntimeError as error:  # the thread was ended
            self._is_writing = False
            _complete(group, [error] * len(group))

    def _write_group(
        self,
        loop: asyncio.AbstractEventLoop,
        group: Sequence[_Waiter],
    ) -> None:
        """Write for a group, and schedule its completion in the loop; runs in the thread."""
        errors: Sequence[BaseException | None]
        try:
            errors = self._write([wanted for wanted, _ in group])
        except BaseException as error:  # noqa: BLE001 - no caller may wait for ever
            errors = [error] * len(group)
        # One call from thread to loop; the executor's own future would take two and a lock.
        with suppress(RuntimeError):  # the loop was closed, so no caller waits
            loop.call_soon_threadsafe(self._finish_call, loop, group, errors)

    def _finish_call(
        self,
        loop: asyncio.AbstractEventLoop,
        group: Sequence[_Waiter],
        errors: Sequence[BaseException | None],
    ) -> None:
        # A call also writes lines that were queued while it began: complete their requests now.
        served: list[_Waiter] = []
        waiting: list[_Waiter] = []
        for each in self._waiting:
            (served if self._is_written(each[0]) else waiting).append(each)
        self._waiting = waiting
        if self._requested is not None and self._is_written(self._requested):
            self._requested = None
        self._is_writing = bool(self._waiting) or self._requested is not None
        if self._is_writing:
            self._submit_call(loop)
        _complete(group, errors)
        _complete(served, [None] * len(served))


def _complete(
    group: Sequence[_Waiter],
    errors: Sequence[BaseException | None],
) -> None:
    for (_, written), error in zip(group, errors, strict=True):
        if written is None or written.done():  # its caller was cancelled
            continue
        if error is None:
            written.set_result(True)
        else:
            written.set_exception(error)
