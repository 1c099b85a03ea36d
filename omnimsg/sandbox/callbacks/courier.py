"""Send callbacks in the background, and send again what was not taken.

One task per sandbox waits until something is due by the sandbox's clock. It makes a few requests at
once, but only one at a time about the same message or phone, so that callbacks arrive in their
order unless one of them has to be repeated.
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
"""Takes a callback to an application in another way than HTTP; returns the status of its answer."""

ATTEMPTS: Final = 20
"""How often a callback is sent before it is given up."""
FIRST_WAIT: Final = 0.1
"""Seconds before the second attempt, of a sandbox without a pace; each further wait is doubled."""
LONGEST_WAIT: Final = 300
"""The longest wait between two attempts, in first waits."""
ANSWER_SECONDS: Final = 10.0
"""How long an attempt waits for its answer. No provider publishes its own limit."""

_MAX_CONCURRENT: Final = 8
_POLL_SECONDS: Final = 0.05


@attrs.define(eq=False, kw_only=True)
class Delivery:
    """A callback on its way.

    Attributes:
        signed: What every attempt sends; a repetition keeps the time and the signature of the
            first attempt.
        first: What the first attempt sends instead.
        faults: The faults that hit it.
        attempts: How often it was sent.
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
        """What must not be overtaken: the provider, and the message or the phone."""
        return self.signer.provider, self.draft.about


if TYPE_CHECKING:
    Job: TypeAlias = Delivery | Callable[[], None]


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
    """Let a carrier take a request; return the status, or the name of the error instead."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await carrier(signed), None
    except Exception as error:  # noqa: BLE001 - an application may raise anything
        return None, type(error).__name__


def new_session() -> aiohttp.ClientSession:
    """Return a client for callbacks, which remembers no cookies."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    )


class Courier:
    """The queue of a sandbox's callbacks, and the task that works it off.

    Args:
        clock: Returns epoch seconds.
        pace: Seconds between two steps of a message; the first wait of a repetition.
        capacity: How many callbacks may wait; a further one is dropped and counted.
        log_size: How many attempts ``log`` remembers.

    Attributes:
        carrier: Takes callbacks in the place of HTTP; None for HTTP.
        log: The latest attempts, oldest first.
        counts: How many callbacks were ``attempts``, ``taken``, ``given_up``, ``lost`` by a fault,
            and ``dropped``.
    """

    def __init__(
        self, clock: Callable[[], float], *, pace: float, capacity: int, log_size: int
    ) -> None:
        self._clock = clock
        self._first_wait = pace or FIRST_WAIT
        self._capacity = capacity
        # A test's clock says nothing when it is set: only asking tells.
        self._polls = clock is not time.time
        # No job: everything before it is forgotten.
        self._inbox: deque[tuple[float, Job | None]] = deque()
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

    @property
    def unit(self) -> float:
        """Seconds of the first wait."""
        return self._first_wait

    def start(self) -> None:
        """Begin to send, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        if self._inbox:
            self._wake_task()

    async def stop(self) -> None:
        """Stop sending, and wait until nothing is being sent."""
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
        """Send a callback, or call a function, at a time. Any thread may do so.

        Args:
            job: The callback or the function, which must not wait.
            due: Epoch seconds; what is due at the same time keeps its order.
        """
        if not callable(job):
            if len(self._pending) >= self._capacity:
                self.counts["dropped"] += 1
                job.tried.set()
                return
            self._pending.add(job)
        self._inbox.append((due, job))
        self._idle.clear()
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
        """Forget what waits; what is being sent is not repeated."""
        self._pending.clear()
        if self._task is None:
            self._inbox.clear()
            return
        # Only the task may touch what is due: it would be in the middle of it.
        self._inbox.append((0.0, None))
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake_task)

    def reset(self) -> None:
        """Forget what waits, the log and the counts."""
        self.clear()
        self.log.clear()
        self.counts.clear()

    async def flush(self) -> None:
        """Wait until nothing is due: all that is has been sent once, and answered.

        A callback that waits to be repeated is not waited for.
        """
        self._wake_task()
        task = self._task
        if task is None:
            return
        await self._idle.wait()
        if task.done() and not task.cancelled():
            task.result()

    def _wake_task(self) -> None:
        """Let the task look again; begin it with the first callback."""
        if self._loop is None:
            return
        if self._task is None and self._inbox:
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
                    if not self._lanes and not self._inbox:
                        self._idle.set()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._pause()):
                            await self._wake.wait()
        finally:
            self._idle.set()

    def _pause(self) -> float | None:
        """Return the seconds until something may be due; None if only an event can change that."""
        if len(self._lanes) >= _MAX_CONCURRENT:
            return None
        if self._inbox:
            return 0
        if not self._due:
            return None
        return _POLL_SECONDS if self._polls else max(0.0, self._due[0][0] - self._clock())

    def _start_due(self, session: aiohttp.ClientSession, group: asyncio.TaskGroup) -> None:
        """Begin everything that is due, as far as not too much is being sent."""
        while len(self._lanes) < _MAX_CONCURRENT:
            while self._inbox:
                due, waiting = self._inbox.popleft()
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
        """Send callbacks about the same message, one after the other."""
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
            return  # forgotten by a reset
        self.counts["attempts"] += 1
        self.note(delivery, status, error)
        signer = delivery.signer
        if status is not None and signer.succeeds(status):
            self._finish(delivery, "taken")
        elif delivery.attempts >= ATTEMPTS or (status is not None and not signer.repeats(status)):
            self._finish(delivery, "given_up")
        else:
            wait = self._first_wait * min(2 ** (delivery.attempts - 1), LONGEST_WAIT)
            self._inbox.append((self._clock() + wait, delivery))

    def _finish(self, delivery: Delivery, count: str) -> None:
        self._pending.discard(delivery)
        self.counts[count] += 1
