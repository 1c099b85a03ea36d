"""Share the writes of one thread: who asks while one is under way gets the next, together.

A call of a thread costs more than what it writes here: a switch there, a switch back, and a wake-up
of the event loop. So the callers of one turn of the loop, and those that ask during a write, are
answered by one call of the thread.
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
    """What one caller waits for.

    Attributes:
        count: So many lines, from the first that was queued, must be written.
        durable: Whether they must survive a loss of power.
    """

    count: int
    durable: bool


# What a caller wants, and its future, unless it does not wait. `None` as a result is another's.
_Waiter: TypeAlias = "tuple[Wanted, asyncio.Future[bool | None] | None]"


class SharedWrites:
    """Calls a thread once for all that wait.

    Args:
        thread: Runs one call at a time.
        write: Runs in the thread; returns for each caller its error, or `None`.
        is_written: Whether something is written already, so that it takes no call; called between
            two calls of the thread.
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
        """Return a future that is `True` when what is wanted is written, or has its `OSError`."""
        loop = self._running_loop()
        written: asyncio.Future[bool | None] = loop.create_future()
        self._waiting.append((wanted, written))
        self._schedule_call(loop)
        return written

    async def wait(self, wanted: Wanted) -> None:
        """Return when what is wanted is written.

        Raises:
            OSError: It is not.
        """
        await self.begin(wanted)

    def request(self, wanted: Wanted) -> None:
        """Have something written as soon as for one who waits; the last request is enough."""
        loop = self._running_loop()
        self._requested = wanted
        self._schedule_call(loop)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Nobody waits in the loop before, which has ended.
            self._loop, self._is_writing, self._waiting = loop, False, []
        return loop

    def _schedule_call(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_writing:
            self._is_writing = True
            # Not at once: others of this turn of the loop may want the same.
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
        """Write for a group and have it answered; runs in the thread."""
        errors: Sequence[BaseException | None]
        try:
            errors = self._write([wanted for wanted, _ in group])
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            errors = [error] * len(group)
        # One call from thread to loop; a future of the thread's would take two and a lock.
        with suppress(RuntimeError):  # the loop was closed: nobody waits
            loop.call_soon_threadsafe(self._finish_call, loop, group, errors)

    def _finish_call(
        self,
        loop: asyncio.AbstractEventLoop,
        group: Sequence[_Waiter],
        errors: Sequence[BaseException | None],
    ) -> None:
        # A call takes along what is queued while it begins; who wants that came for the next one.
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
