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

# Messages that are read, at most, and whose outcomes the caller has not taken: more than an account
# with batches of 100 has under way and ahead.
AHEAD = 2048


class Feed:
    """Messages on their way from the thread that reads them to the event loop."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._wakeup = asyncio.Event()
        self._is_awaited = False
        self._is_over = False

    def __len__(self) -> int:
        """Return the number of messages that nobody has taken."""
        return len(self._messages)

    def put(self, message: Message) -> None:
        """Add a message; called in the thread."""
        self._messages.append(message)
        self._wake()

    def end(self) -> None:
        """Say that there are no more; called in the thread."""
        self._is_over = True
        self._wake()

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Go through the messages; in the event loop."""
        while True:
            while self._messages:
                yield self._messages.popleft()
            if self._is_over and not self._messages:
                return
            self._wakeup.clear()
            self._is_awaited = True
            # The thread looks at the flag after it has added, this looks again after setting it.
            if not self._messages and not self._is_over:
                await self._wakeup.wait()
            self._is_awaited = False

    def _wake(self) -> None:
        if self._is_awaited and LOOP_THREAD.loop is not None:
            self._is_awaited = False
            LOOP_THREAD.loop.call_soon_threadsafe(self._wakeup.set)


class Outcomes:
    """The outcomes of a stream on their way from the event loop to the thread that takes them.

    Args:
        stream: The stream of the asynchronous client; closed at its end, or by `close`.

    Attributes:
        is_over: Whether no more will come. Ask it before whether there are outcomes: the last ones
            may come between two questions, and are there when it is set.
        error: What ended the stream before its end, if anything did.
    """

    def __init__(self, stream: AsyncGenerator[Outcome, None]) -> None:
        self._stream = stream
        # Both threads change it, also at once where Python has no lock for all of them.
        self._outcomes: deque[Outcome] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiter: Signal | None = None
        self._ended = Signal()
        self.is_over: bool = False
        self.error: BaseException | None = None

    def __bool__(self) -> bool:
        """Return whether there are outcomes to take."""
        return bool(self._outcomes)

    @property
    def is_inherited(self) -> bool:
        """Whether a parent of this process has begun it, and goes on with it."""
        return self._loop is not None and self._loop is not LOOP_THREAD.loop

    def begin(self) -> None:
        """Have the event loop send the stream."""
        self._loop = LOOP_THREAD.start()
        self._loop.call_soon_threadsafe(self._begin)

    def take(self) -> Outcome:
        """Return the first of the outcomes that are there."""
        return self._outcomes.popleft()

    def take_all(self) -> list[Outcome]:
        """Return all outcomes that are there."""
        return [self._outcomes.popleft() for _ in range(len(self._outcomes))]

    def wait(self) -> None:
        """Wait until there are outcomes, or no more will come."""
        signal = self._waiter = Signal()
        # The event loop looks for a signal after it has added an outcome, this for an outcome
        # after it has left a signal.
        if not self._outcomes and not self.is_over:
            signal.wait()

    def close(self) -> None:
        """End the stream, and wait for that where the thread may wait."""
        if self.is_over or self._loop is None:
            return
        with suppress(RuntimeError):  # the process is ending, and its loop closes what is open
            self._loop.call_soon_threadsafe(self._cancel)
            # A generator that nobody holds any more is closed by whichever thread collects it.
            if not runs_event_loop():
                self._ended.wait()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._collect())
        # Not at the end of what it runs: one that is cancelled before its first step runs nothing.
        self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        else:  # the event loop keeps the order of calls: it was never told to begin
            self._signal_end()

    async def _collect(self) -> None:
        async with aclosing(self._stream) as stream:
            async for outcome in stream:
                self._outcomes.append(outcome)
                if self._waiter is not None:
                    # After all that are known now: each switch of threads costs.
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
        feed: What the stream reads.
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
                    "this process was forked amid a stream, which its parent goes on to send"
                )
            # What is known is given before more is read: the input may take its time.
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
                    # Raised behind the outcomes of what was read before.
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
            "a stream was left early by its thread: nobody took %d more outcomes (%s);"
            " %d messages were read and not sent",
            len(outcomes),
            ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
            unsent,
            extra=log_fields(count=len(outcomes), unsent=unsent),
        )
