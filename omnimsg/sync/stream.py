"""`send_many` from a thread: its input is read in that thread, its outcomes are taken there.

The input often belongs to the thread: a cursor of a database, a query of an ORM. So it is read
there, between two outcomes, and what was read waits in a feed until the event loop takes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from omnimsg.domain.log_fields import log_fields
from omnimsg.sync.call import Signal, refuse_in_event_loop, runs_event_loop
from omnimsg.sync.loop_thread import LOOP_THREAD
from omnimsg.sync.signal_handlers import is_from_signal_handler

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Generator,
        Iterable,
        Sequence,
    )

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

log: logging.Logger = logging.getLogger("omnimsg.sync")

# The most messages that are read before the caller takes their outcomes: more than an account with
# batches of 100 has in flight and queued.
AHEAD = 2048


class Feed:
    """A queue of messages from the thread that reads them to the event loop."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._wakeup = asyncio.Event()
        self._is_awaited = False
        self._is_over = False

    def __len__(self) -> int:
        """Return the number of messages that the event loop has not taken."""
        return len(self._messages)

    def put(self, message: Message) -> None:
        """Add a message; called in the thread."""
        self._messages.append(message)
        self._wake()

    def end(self) -> None:
        """Mark the end of the messages; called in the thread."""
        self._is_over = True
        self._wake()

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate over the messages; in the event loop."""
        while True:
            while self._messages:
                yield self._messages.popleft()
            if self._is_over and not self._messages:
                return
            self._wakeup.clear()
            self._is_awaited = True
            # No wake-up is lost: the thread reads the flag after adding, this looks after setting.
            if not self._messages and not self._is_over:
                await self._wakeup.wait()
            self._is_awaited = False

    def _wake(self) -> None:
        if self._is_awaited and LOOP_THREAD.loop is not None:
            self._is_awaited = False
            LOOP_THREAD.loop.call_soon_threadsafe(self._wakeup.set)


class Outcomes:
    """A queue of the outcomes of a stream from the event loop to the thread that takes them.

    Args:
        stream: The stream of the asynchronous client; closed at its end, or by `close`.

    Attributes:
        is_over: Whether no more outcomes will come. Check it before you check for outcomes: the
            last ones may arrive between the two checks, and have arrived once it is set.
        error: The error that ended the stream early, if any.
    """

    def __init__(self, stream: AsyncGenerator[Outcome, None]) -> None:
        self._stream = stream
        # Both threads change it, at the same time in a Python without a global lock.
        self._outcomes: deque[Outcome] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiter: Signal | None = None
        self._ended = Signal()
        self.is_over: bool = False
        self.error: BaseException | None = None

    def __bool__(self) -> bool:
        """Return whether outcomes have arrived."""
        return bool(self._outcomes)

    @property
    def is_inherited(self) -> bool:
        """Whether a parent of this process began the stream, and goes on to send it."""
        return self._loop is not None and self._loop is not LOOP_THREAD.loop

    def begin(self) -> None:
        """Start the stream in the event loop."""
        self._loop = LOOP_THREAD.start()
        self._loop.call_soon_threadsafe(self._begin)

    def take(self) -> Outcome:
        """Remove and return the first outcome that has arrived."""
        return self._outcomes.popleft()

    def take_all(self) -> list[Outcome]:
        """Remove and return all outcomes that have arrived."""
        return [self._outcomes.popleft() for _ in range(len(self._outcomes))]

    def wait(self) -> None:
        """Wait until there are outcomes, or no more will come."""
        signal = self._waiter = Signal()
        # No wake-up is lost: the event loop looks for a signal after adding an outcome, this looks
        # for an outcome after setting the signal.
        if not self._outcomes and not self.is_over:
            signal.wait()

    def close(self) -> None:
        """End the stream, and wait for that unless an event loop runs in this thread."""
        if self.is_over or self._loop is None:
            return
        with suppress(RuntimeError):  # the process is ending, and its loop closes open connections
            self._loop.call_soon_threadsafe(self._cancel)
            # The garbage collector may call this in any thread, also in that of an event loop.
            if not runs_event_loop():
                self._ended.wait()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._collect())
        # A callback: a task that is cancelled before its first step runs nothing of `_collect`.
        self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        else:  # callbacks run in order, so `_begin` was never posted
            self._signal_end()

    async def _collect(self) -> None:
        async with aclosing(self._stream) as stream:
            async for outcome in stream:
                self._outcomes.append(outcome)
                if self._waiter is not None:
                    # After all outcomes that are ready now: each switch of threads costs.
                    waiter, self._waiter = self._waiter, None
                    asyncio.get_running_loop().call_soon(waiter.set)

    def _end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.error = task.exception()
        self._signal_end()

    def _signal_end(self) -> None:
        self.is_over = True
        if self._waiter is not None:
            self._waiter.set()
        self._ended.set()


def outcomes_of(
    messages: Iterable[Message], feed: Feed, stream: AsyncGenerator[Outcome, None]
) -> Generator[Outcome, None, None]:
    """Yield the outcomes of a stream whose input is read in this thread.

    Args:
        messages: The input.
        feed: The queue that the stream reads.
        stream: The stream of the asynchronous client.
    """
    refuse_in_event_loop()
    source, outcomes = iter(messages), Outcomes(stream)
    error: Exception | None = None
    ahead, is_open = 0, True
    try:
        outcomes.begin()
        while not outcomes.is_over or outcomes:
            if outcomes.is_inherited:
                raise RuntimeError(
                    "this process was forked during a stream, which its parent goes on sending"
                )
            # Outcomes are yielded before more is read: the input may be slow.
            if outcomes:
                ahead -= 1
                yield outcomes.take()
            elif not is_open or ahead >= AHEAD:
                outcomes.wait()
            else:
                try:
                    message = next(source)
                except StopIteration:
                    is_open = False
                    feed.end()
                except Exception as raised:
                    if is_from_signal_handler(raised):
                        raise
                    # Raised after the outcomes of the messages that were read before.
                    error, is_open = raised, False
                    feed.end()
                else:
                    feed.put(message)
                    ahead += 1
        for each in (outcomes.error, error):
            if each is not None:
                raise each
    finally:
        if not outcomes.is_inherited:
            outcomes.close()
            _log_untaken(outcomes.take_all(), len(feed))


def _log_untaken(outcomes: Sequence[Outcome], unsent: int) -> None:
    if outcomes or unsent:
        kinds = Counter(each.kind for each in outcomes)
        log.warning(
            "a stream was left early by its thread: %d more outcomes were not taken (%s);"
            " %d messages were read and not sent",
            len(outcomes),
            ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
            unsent,
            extra=log_fields(count=len(outcomes), unsent=unsent),
        )
