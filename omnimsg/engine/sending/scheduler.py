"""One account's way out: everything that is sent through it waits, shares requests and ends here.

Messages join batches as they come (`intake`, `queue`), a batch leaves when the limits allow it
(`limiter`), and what comes back is settled (`settler`). While there is room, requests leave in the
next turn of the event loop; while there is none, messages gather. Nothing here is paid per message:
tasks and timers are one a request, or fewer.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import time
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from omnimsg.domain.message import Priority
from omnimsg.engine.attempt.runner import Interrupted, Split
from omnimsg.engine.sending.admission import Admission
from omnimsg.engine.sending.completion import Completion
from omnimsg.engine.sending.queue import Queue
from omnimsg.transport.timeouts import CLEANUP_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.limits.rate_limiter import RateLimiter
    from omnimsg.engine.policy import Policy
    from omnimsg.engine.sending.batch import Batch, Owner
    from omnimsg.engine.sending.message_checks import MessageChecks
    from omnimsg.engine.sending.retry import Retrier


class Scheduler:
    """Sends everything of one account.

    Args:
        sender: Checks messages and sends a batch once.
        limiter: Says when the next request may leave.
        policy: What is decided for the account.
        retrier: Its retries.
        clock: The monotonic clock, seconds.

    Attributes:
        account: The account's name.
        batch_limit: The most messages of one request.
        intake: Where messages are handed over.
    """

    def __init__(
        self,
        sender: MessageChecks,
        limiter: RateLimiter,
        policy: Policy,
        retrier: Retrier,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account: str = sender.account
        self.batch_limit: int = sender.batch_limit
        self._sender = sender
        self._limiter = limiter
        self._clock = clock
        self._linger = policy.limits.linger
        self._settler = Completion(sender, limiter, policy, retrier, self, clock=clock)
        self._queue = Queue(sender.batch_limit, clock=clock)
        self.intake: Admission = Admission(
            sender, self._queue, policy.limits.queue, self.wake, clock=clock
        )
        self._turns: deque[asyncio.Future[None]] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._retries: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = math.inf
        self._woken = False
        self._closed = False
        # A request serves many callers, so it runs in the context of none of them.
        self._context = contextvars.copy_context()

    @asynccontextmanager
    async def turn(self, deadline: Deadline) -> AsyncIterator[None]:
        """Hold a place among the requests under way, for a request that sends no message.

        Somebody waits for its answer, so it goes before messages.

        Raises:
            TimeoutError: The deadline passed before there was a place.
        """
        if self._turns or self._limiter.wait(urgent=True) > 0:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._turns.append(place)
            self.wake()
            try:
                async with asyncio.timeout(max(0.0, deadline.remaining())):
                    await place
            except BaseException:
                if place.done() and not place.cancelled():
                    self._over()
                raise
        else:
            self._limiter.begin(0)
        try:
            yield
        finally:
            self._over()

    def withdraw(self, owner: Owner) -> None:
        """Take back what waits for an owner; what is on its way comes back by itself."""
        for batch in self._queue.withdraw(owner):
            self._give_up(batch)
            self.intake.let_in(batch.line)

    def wake(self) -> None:
        """Look, in the next turn of the loop, what may leave."""
        if not self._woken:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._pump, context=self._context)

    def put_back(self, batches: Sequence[Batch]) -> None:
        """Let batches of one priority wait in front of all others."""
        if self._closed:
            for batch in batches:
                self._give_up(batch)
            return
        self._queue.put_back(batches)
        self.wake()

    def run_retry(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a retry in the background; closing waits for it."""
        self._start(self._retries, work)

    async def aclose(self, deadline: Deadline) -> None:
        """Send what waits, until the deadline; then give up, with an outcome for everybody.

        Nothing can be handed over from the beginning on.
        """
        self.intake.close()
        self.wake()
        try:
            with anyio.move_on_after(max(0.0, deadline.remaining())):
                while self._workers or self._retries or self._queue or self._settler.held:
                    self._idle.clear()
                    await self._idle.wait()
        finally:
            # From here on nothing comes back to wait, neither a retry nor the parts of a batch.
            self._closed = True
            held, self._settler.held = self._settler.held, []
            for batch in (*held, *self._queue.clear()):
                self._give_up(batch)
            # The workers first: what they learn is what the retries then know.
            await _ended(self._workers)
            await _ended(self._retries)
            if self._timer is not None:
                self._timer.cancel()

    async def _work(self, batch: Batch | None) -> None:
        """Send a batch, and the next, for as long as there is one."""
        attempt, limiter = self._sender.attempt, self._limiter
        while batch is not None:
            try:
                found = await attempt(batch.messages, batch, batch.doubts)
            except Interrupted as end:
                batch.owner.finish(batch.keys, end.outcomes)
                raise
            except Exception as error:  # noqa: BLE001 - whatever breaks, there are outcomes
                found = self._sender.broken(batch.messages, error)
            finally:
                limiter.under_way -= 1
            if isinstance(found, Split):
                self.put_back(batch.split(found.parts))
            else:
                self._settler.concluded(batch, found)
            if self._turns:
                # Others go first.
                self._pump()
            batch = self._next()

    def _pump(self) -> None:
        """Let everything leave that may."""
        self._woken = False
        self.intake.take_in()
        now = self._clock()
        if now >= self._queue.earliest:
            for late in self._queue.expired(now):
                self._settler.cleared(late)
                self.intake.let_in(late.line)
        if now >= self._settler.release_at:
            self._settler.release()
        self._admit()
        while (batch := self._next()) is not None:
            self._start(self._workers, self._work(batch))
        if self._queue:
            self._wake_at(min(self._queue.earliest, self._settler.release_at))
        self._idle.set()

    def _admit(self) -> None:
        """Give a place to those that wait for one without a message."""
        while self._turns:
            wait = self._limiter.wait(urgent=True)
            if wait > 0:
                self._wake_at(self._clock() + wait)
                return
            place = self._turns.popleft()
            if not place.done():
                self._limiter.begin(0)
                place.set_result(None)

    def _next(self) -> Batch | None:
        """Return the batch that leaves now, if one may; otherwise come back when one may."""
        limiter, queue = self._limiter, self._queue
        while True:
            if limiter.timed or limiter.under_way >= limiter.room or self._linger:
                wait = self._wait()
                if wait > 0:
                    self._wake_at(self._clock() + wait)
                    break
            batch = queue.pop()
            if batch is None:
                break
            if batch.line.producers:
                self.intake.let_in(batch.line)
            batch = self._settler.cleared(batch)
            if batch is not None:
                limiter.under_way += 1
                if limiter.timed:
                    limiter.spend(len(batch.messages))
                return batch
        if self._settler.held:
            self._wake_at(self._settler.release_at)
        return None

    def _wait(self) -> float:
        """Return the seconds until the first batch may leave; 0 where none waits."""
        line = self._queue.first()
        if line is None:
            return 0.0
        first = line.batches[0]
        urgent = line.priority is Priority.HIGH
        wait = self._limiter.wait(urgent=urgent)
        if wait <= 0 and first.references is not None and not urgent:
            wait = first.started + self._linger - self._clock()
        return wait

    def _give_up(self, batch: Batch) -> None:
        outcomes = [self._sender.closed(each) for each in batch.messages]
        batch.finish(range(len(outcomes)), outcomes)

    def _over(self) -> None:
        self._limiter.end()
        self.wake()

    def _wake_at(self, when: float) -> None:
        """Look at some time too, in monotonic seconds; infinity is never."""
        if when == math.inf:
            return
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._rings_at <= when:
                return
            self._timer.cancel()
        self._rings_at = when
        delay = max(0.0, when - self._clock())
        self._timer = loop.call_later(delay, self._ring, context=self._context)

    def _ring(self) -> None:
        self._timer = None
        self._pump()

    def _start(self, group: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        def left(task: asyncio.Task[None]) -> None:
            group.discard(task)
            self._idle.set()

        # One each: what a request sets in it must not be seen by another.
        context = self._context.copy()
        task = asyncio.get_running_loop().create_task(work, context=context)
        group.add(task)
        task.add_done_callback(left)


async def _ended(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks and what they start, and give them a while to say what they know."""
    until = time.monotonic() + 2 * CLEANUP_SECONDS
    while tasks and (left := until - time.monotonic()) > 0:
        for task in tasks:
            # After the loop's turn in which it was made: a task that is cancelled before its first
            # step never takes it, and what it was given would have no outcome.
            asyncio.get_running_loop().call_soon(task.cancel)
        with anyio.CancelScope(shield=True):
            await asyncio.wait(list(tasks), timeout=left)
