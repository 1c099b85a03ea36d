"""Request slots for operations that send no message: look-ups, uploads, cancellations."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from omnimsg.domain.reason import Reason
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.limits.rate_limiter import RateLimiter
    from omnimsg.engine.sending.queue import Queue
    from omnimsg.engine.sending.wakeup import Wakeup


class OperationSlots:
    """Gives operations a slot among the requests under way, first come, first served.

    A free slot is taken at once while nothing else waits; otherwise the scheduler gives slots to
    operations and batches by turns. Operations do not get the slot that is kept for messages of
    high priority.

    Args:
        limiter: The limits of the account.
        queue: Where messages wait.
        wakeup: Wakes the scheduler, which calls `admit` when it is the turn of an operation.
        now: Reads the monotonic clock, seconds.
    """

    def __init__(
        self, limiter: RateLimiter, queue: Queue, wakeup: Wakeup, *, now: Callable[[], float]
    ) -> None:
        self._limiter = limiter
        self._queue = queue
        self._wakeup = wakeup
        self._now = now
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_closed = False

    def __bool__(self) -> bool:
        """Return whether operations wait for a slot."""
        return bool(self._waiting)

    async def acquire(self, deadline: Deadline) -> None:
        """Wait for a slot for one request; `release` gives it back.

        Raises:
            TimeoutError: The deadline passed before a slot was free.
            TransportFault: The account is closed.
        """
        # Messages of high priority that are handed over in the same turn of the loop go first.
        await asyncio.sleep(0)
        if self._is_closed:
            raise _closed()
        # Where the scheduler is due, messages may have come that are not queued yet.
        is_alone = not (self._waiting or self._queue or self._wakeup.is_due)
        if is_alone and self._limiter.wait_of_operation() <= 0:
            self._limiter.begin_operation()
            return
        loop = asyncio.get_running_loop()
        slot: asyncio.Future[None] = loop.create_future()
        self._waiting.append(slot)
        self._wakeup.soon()
        timer = loop.call_later(max(0.0, deadline.remaining()), _expire, slot)
        try:
            await slot
        except BaseException:
            if slot.done() and not slot.cancelled() and slot.exception() is None:
                self.release()
            raise
        finally:
            timer.cancel()

    def release(self) -> None:
        """Give a slot back after its request."""
        self._limiter.end()
        if self._waiting or self._queue:
            self._wakeup.soon()

    def admit(self) -> bool:
        """Give a slot to the next operation, if the limits allow it; return whether one was given.

        Where the limits do not allow it, the scheduler is woken when they do.
        """
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        if not self._waiting:
            return False
        wait = self._limiter.wait_of_operation()
        if wait > 0:
            self._wakeup.at(self._now() + wait)
            return False
        self._limiter.begin_operation()
        self._waiting.popleft().set_result(None)
        return True

    def close(self) -> None:
        """Fail the operations that wait, and all later ones: nothing would wake the scheduler."""
        self._is_closed = True
        for slot in self._waiting:
            if not slot.done():
                slot.set_exception(_closed())
        self._waiting.clear()


def _closed() -> TransportFault:
    return TransportFault(Reason.CANCELLED, "the client is closed")


def _expire(slot: asyncio.Future[None]) -> None:
    if not slot.done():
        slot.set_exception(TimeoutError())
