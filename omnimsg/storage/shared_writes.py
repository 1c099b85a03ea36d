"""Share the writes of one thread: who asks while one is under way gets the next, together.

A call of a thread costs more than what it writes here: a switch there, a switch back, and a wake-up
of the event loop. So the callers of one turn of the loop, and those that ask during a write, are
answered by one call of the thread.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor


@attrs.frozen
class Wanted:
    """What one caller waits for.

    Attributes:
        count: So many lines, from the first that was queued, must be written.
        durable: Whether they must survive a loss of power.
    """

    count: int
    durable: bool


class SharedWrites:
    """Calls a thread once for all that wait.

    Args:
        thread: Runs one call at a time.
        write: Runs in the thread; returns for each caller its error, or `None`.
    """

    def __init__(
        self, thread: Executor, write: Callable[[Sequence[Wanted]], Sequence[OSError | None]]
    ) -> None:
        self._thread = thread
        self._write = write
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_writing = False
        self._waiting: list[tuple[Wanted, asyncio.Future[None]]] = []

    async def wait(self, wanted: Wanted) -> None:
        """Return when what is wanted is written.

        Raises:
            OSError: It is not.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Nobody waits in the loop before, which has ended.
            self._loop, self._is_writing, self._waiting = loop, False, []
        written: asyncio.Future[None] = loop.create_future()
        self._waiting.append((wanted, written))
        if not self._is_writing:
            self._is_writing = True
            # Not at once: others of this turn of the loop may want the same.
            loop.call_soon(self._begin, loop)
        await written

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._waiting = self._waiting, []
        try:
            call = self._thread.submit(self._write, [wanted for wanted, _ in group])
        except RuntimeError as error:  # the thread was ended
            self._is_writing = False
            _answer(group, [error] * len(group))
            return

        def end(call: asyncio.Future[Sequence[OSError | None]]) -> None:
            self._is_writing = bool(self._waiting)
            if self._waiting:
                self._begin(loop)
            error = call.exception()
            _answer(group, call.result() if error is None else [error] * len(group))

        asyncio.wrap_future(call, loop=loop).add_done_callback(end)


def _answer(
    group: Sequence[tuple[Wanted, asyncio.Future[None]]], errors: Sequence[BaseException | None]
) -> None:
    for (_, written), error in zip(group, errors, strict=True):
        if written.done():  # its caller was cancelled
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
