"""Send callbacks in the background, and repeat those that were not answered with success.

One task per sandbox waits until a callback is due by the sandbox's clock. It makes a few concurrent
requests, but only one at a time about the same message or phone, so that callbacks arrive in order
unless one of them has to be repeated.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import aiohttp
import anyio
import attrs
from yarl import URL

from omnimsg.sandbox.callbacks.draft import CallbackDraft, SignedCallback
from omnimsg.sandbox.callbacks.signer import CallbackSigner
from omnimsg.sandbox.message_records import utc_timestamp

Carrier: TypeAlias = Callable[[SignedCallback], Awaitable[int]]
"""Delivers a callback to an application without HTTP; returns the status of the answer."""

ATTEMPTS: Final = 20
"""The maximum number of attempts for a callback."""
FIRST_WAIT: Final = 0.1
"""Seconds before the second attempt in a sandbox without a pace; each further wait is doubled."""
LONGEST_WAIT: Final = 300
"""The longest wait between two attempts, as a multiple of the first wait."""
ANSWER_SECONDS: Final = 10.0
"""The timeout of an attempt. No provider publishes its own."""

_MAX_CONCURRENT: Final = 8
_POLL_SECONDS: Final = 0.05


@attrs.define(eq=False, kw_only=True)
class Delivery:
    """A callback in the queue.

    Attributes:
        signed: The request of every attempt; a repetition keeps the time and the signature of the
            first attempt.
        first: The request of the first attempt, if it differs.
        faults: The faults that hit the callback.
        attempts: How many attempts were made.
        tried: Is set after the first attempt, or once there will be none.
    """

    signer: CallbackSigner
    draft: CallbackDraft
    signed: SignedCallback
    first: SignedCallback | None = None
    faults: tuple[str, ...] = ()
    attempts: int = 0
    tried: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def lane(self) -> tuple[str, str]:
        """The key within which callbacks keep their order: provider, and message or phone."""
        return self.signer.provider, self.draft.about


if TYPE_CHECKING:
    Job: TypeAlias = Delivery | Callable[[], object]


async def post(
    session: aiohttp.ClientSession, signed: SignedCallback
) -> tuple[int | None, str | None]:
    """Send a request; return the HTTP status, or the name of the error instead."""
    try:
        async with session.post(
            URL(signed.url, encoded=True),
            data=signed.body,
            headers=signed.headers,
            allow_redirects=False,
        ) as response:
            return response.status, None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return None, type(error).__name__


async def carry(carrier: Carrier, signed: SignedCallback) -> tuple[int | None, str | None]:
    """Deliver a request through a carrier; return the status, or the name of the error instead."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await carrier(signed), None
    except Exception as error:  # noqa: BLE001 - an application may raise anything
        return None, type(error).__name__


def new_session() -> aiohttp.ClientSession:
    """Return an HTTP client for callbacks, without a cookie store."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    )


class Courier:
    """The queue of a sandbox's callbacks, and the task that processes it.

    Args:
        clock: Returns epoch seconds.
        pace: Seconds between two steps of a message; also the wait before the second attempt.
        capacity: How many callbacks may wait; a further one is dropped and counted.
        log_size: How many attempts ``log`` keeps.

    Attributes:
        first_wait: Seconds before the second attempt.
        carrier: Delivers callbacks in place of HTTP; None for HTTP.
        log: The latest attempts, oldest first.
        counts: How many callbacks were ``attempts``, ``taken``, ``given_up``, ``lost`` by a fault,
            and ``dropped``.
    """

    def __init__(
        self, clock: Callable[[], float], *, pace: float, capacity: int, log_size: int
    ) -> None:
        self._clock = clock
        self.first_wait: float = pace or FIRST_WAIT
        self._capacity = capacity
        # A test's clock sends no notice when it is set, so it has to be polled.
        self._polls = clock is not time.time
        # Jobs from any thread; None discards all jobs before it.
        self._incoming: deque[tuple[float, Job | None]] = deque()
        self._due: list[tuple[float, int, Job]] = []
        self._numbers = itertools.count()
        self._pending: set[Delivery] = set()
        self._lanes: dict[tuple[str, str], deque[Delivery]] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self.carrier: Carrier | None = None
        self.log: deque[dict[str, Any]] = deque(maxlen=log_size)
        self.counts: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many callbacks wait for an attempt or its answer."""
        return len(self._pending)

    def start(self) -> None:
        """Start sending, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        if self._incoming:
            self._wake_task()

    async def stop(self) -> None:
        """Stop sending, and wait until the task has ended."""
        self._loop = None
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    def put(self, job: Job, due: float) -> None:
        """Schedule a callback, or a call of a function. Thread-safe.

        Args:
            job: The callback, or the function, which must not block.
            due: Epoch seconds; jobs that are due at the same time keep their order.
        """
        if not callable(job):
            if len(self._pending) >= self._capacity:
                self.counts["dropped"] += 1
                job.tried.set()
                return
            self._pending.add(job)
        self._incoming.append((due, job))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake_task)

    def note(self, delivery: Delivery, status: int | None, error: str | None = None) -> None:
        """Add a line to the log."""
        self.log.append(
            {
                "at": utc_timestamp(self._clock()),
                "provider": delivery.signer.provider,
                "kind": delivery.draft.kind,
                "id": delivery.draft.id,
                "attempt": delivery.attempts,
                "status": status,
                "error": error,
                "faults": list(delivery.faults),
            }
        )

    def clear(self) -> None:
        """Discard waiting jobs; a callback in flight is not repeated."""
        self._pending.clear()
        if self._task is None:
            self._incoming.clear()
            return
        # Only the task may change `_due`, because it may be working on it.
        self._incoming.append((0.0, None))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake_task)

    def reset(self) -> None:
        """Discard waiting jobs, the log and the counts."""
        self.clear()
        self.log.clear()
        self.counts.clear()

    async def flush(self) -> None:
        """Wait until every due callback was attempted once, and its answer has arrived.

        A callback that waits for its repetition is not waited for.
        """
        self._wake_task()
        task = self._task
        if task is None:
            return
        await self._idle.wait()
        if task.done() and not task.cancelled():
            task.result()

    def _wake_task(self) -> None:
        """Wake the task so that it checks for due jobs; start it for the first job."""
        if self._loop is None:
            return
        if self._task is None and self._incoming:
            self._task = self._loop.create_task(self._run())
        if self._task is not None and not self._task.done():
            self._idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        try:
            async with new_session() as session, asyncio.TaskGroup() as group:
                while True:
                    self._wake.clear()
                    self._start_due(session, group)
                    if not self._lanes and not self._incoming:
                        self._idle.set()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._pause()):
                            await self._wake.wait()
        finally:
            self._idle.set()

    def _pause(self) -> float | None:
        """Return the seconds until a job may be due; None to wait for `_wake`."""
        if len(self._lanes) >= _MAX_CONCURRENT:
            return None
        if self._incoming:
            return 0
        if not self._due:
            return None
        return _POLL_SECONDS if self._polls else max(0.0, self._due[0][0] - self._clock())

    def _start_due(self, session: aiohttp.ClientSession, group: asyncio.TaskGroup) -> None:
        """Start all due jobs, while fewer than `_MAX_CONCURRENT` lanes are being sent."""
        while len(self._lanes) < _MAX_CONCURRENT:
            while self._incoming:
                due, waiting = self._incoming.popleft()
                if waiting is None:
                    self._due.clear()
                else:
                    heapq.heappush(self._due, (due, next(self._numbers), waiting))
            if not self._due or self._due[0][0] > self._clock():
                return
            _, _, job = heapq.heappop(self._due)
            if callable(job):
                job()
            elif job.lane in self._lanes:
                self._lanes[job.lane].append(job)
            else:
                self._lanes[job.lane] = deque([job])
                group.create_task(self._send_lane(job.lane, session))

    async def _send_lane(self, lane: tuple[str, str], session: aiohttp.ClientSession) -> None:
        """Send the callbacks of one lane, one after the other."""
        queue = self._lanes[lane]
        try:
            while queue:
                delivery = queue[0]
                if delivery in self._pending:
                    await self._attempt(delivery, session)
                queue.popleft()
        finally:
            del self._lanes[lane]
            self._wake.set()

    async def _attempt(self, delivery: Delivery, session: aiohttp.ClientSession) -> None:
        delivery.attempts += 1
        first = delivery.first if delivery.attempts == 1 else None
        signed, carrier = first or delivery.signed, self.carrier
        try:
            status, error = await (
                post(session, signed) if carrier is None else carry(carrier, signed)
            )
        finally:
            delivery.tried.set()
        if delivery not in self._pending:
            return  # discarded meanwhile by `clear`
        self.counts["attempts"] += 1
        self.note(delivery, status, error)
        signer = delivery.signer
        if status is not None and signer.succeeds(status):
            self._finish(delivery, "taken")
        elif delivery.attempts >= ATTEMPTS or (status is not None and not signer.repeats(status)):
            self._finish(delivery, "given_up")
        else:
            wait = self.first_wait * min(2 ** (delivery.attempts - 1), LONGEST_WAIT)
            self._incoming.append((self._clock() + wait, delivery))

    def _finish(self, delivery: Delivery, count: str) -> None:
        self._pending.discard(delivery)
        self.counts[count] += 1
