"""`send_many`: a stream of messages in, a stream of outcomes out, in bounded memory.

A window of workers, each taking as many waiting messages as fit into one request. While the window
is busy messages gather; while it is not, they leave at once. There is no task, future or lock per
message, and nothing grows with the length of the stream.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Hashable, Iterable
from typing import TYPE_CHECKING

import anyio
import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import NotSent, Outcome, Scope, place
from omnimsg.engine.deadline import Deadline

if TYPE_CHECKING:
    from omnimsg.engine.sender import Sender

# Requests under way at once.
WINDOW = 8

# Seconds that the messages of one request may have waited longer than each other, so that what is
# left of a `ttl` is true for all of them.
_SPREAD = 1.0


async def send_stream(
    sender: Sender,
    messages: Iterable[Message] | AsyncIterable[Message],
    *,
    deadline: float,
    window: int = WINDOW,
) -> AsyncIterator[Outcome]:
    """Send a stream of messages.

    Outcomes come as they are known, not in the order of the messages: `position` and `reference`
    say whose they are. An error that the input raises comes after the outcomes of everything that
    was read before it.

    Args:
        sender: The account to send through.
        messages: Any iterable; an asynchronous one may take its time.
        deadline: Seconds of patience for each message, from when it is its turn. A message that
            waits because nobody takes the outcomes does not lose its patience.
        window: Requests under way at once.
    """
    run = _Run(sender, deadline, window)
    run.start(messages)
    try:
        while (outcomes := await run.next()) is not None:
            for outcome in outcomes:
                yield outcome
    finally:
        await run.aclose()


@attrs.frozen
class _Waiting:
    """A message that was read and has not left.

    Attributes:
        position: Where it stood in the input.
        message: What to send.
        group: What may share its request.
        since: When it was read, in monotonic seconds.
    """

    position: int
    message: Message
    group: Hashable
    since: float


class _Run:
    """One call of `send_many`."""

    def __init__(self, sender: Sender, deadline: float, window: int) -> None:
        self._sender = sender
        self._deadline = deadline
        self._window = window
        self._waiting: deque[_Waiting] = deque()
        self._done: deque[list[Outcome]] = deque()
        self._room = asyncio.Event()
        self._work = asyncio.Event()
        self._news = asyncio.Event()
        self._busy = 0
        self._trouble: NotSent | None = None

    def start(self, messages: Iterable[Message] | AsyncIterable[Message]) -> None:
        self._feeder = asyncio.create_task(self._feed(messages))
        self._workers = [asyncio.create_task(self._serve()) for _ in range(self._window)]
        for task in (self._feeder, *self._workers):
            task.add_done_callback(self._wake)

    async def next(self) -> list[Outcome] | None:
        """Return the next outcomes; `None` when every message has had one."""
        while not self._done:
            for worker in self._workers:
                if worker.done():
                    # It has nothing left to do, or it made a mistake: nobody waits for ever.
                    worker.result()
            if self._feeder.done() and not self._waiting and not self._busy:
                await self._feeder  # raises what the input raised
                return None
            self._news.clear()
            await self._news.wait()
        outcomes = self._done.popleft()
        self._room.set()
        return outcomes

    async def aclose(self) -> None:
        """Stop everything and wait until it has stopped."""
        tasks = (self._feeder, *self._workers)
        for task in tasks:
            task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.gather(*tasks, return_exceptions=True)

    def _wake(self, _: object) -> None:
        self._work.set()
        self._news.set()

    def _is_full(self) -> bool:
        """Whether the outcomes wait for the caller; then nothing more is sent or read."""
        return len(self._done) >= self._window * 2

    async def _feed(self, messages: Iterable[Message] | AsyncIterable[Message]) -> None:
        position = 0
        async for message in messages if isinstance(messages, AsyncIterable) else _each(messages):
            refusal = self._sender.refusal(message)
            if refusal is None:
                group = self._sender.group(message)
                self._waiting.append(_Waiting(position, message, group, time.monotonic()))
                self._work.set()
            else:
                self._finished([position], [refusal])
            position += 1
            while self._is_full() or len(self._waiting) >= self._sender.batch_limit * 2:
                self._room.clear()
                await self._room.wait()

    async def _serve(self) -> None:
        while self._waiting or not self._feeder.done():
            if self._waiting and not self._is_full():
                await self._send_next()
                continue
            event = self._room if self._waiting else self._work
            event.clear()
            await event.wait()

    async def _send_next(self) -> None:
        taken = self._take()
        batch = [each.message for each in taken]
        deadline = Deadline.after(self._deadline, started=taken[0].since)
        self._busy += 1
        try:
            outcomes = await self._send(batch, deadline)
            self._finished([each.position for each in taken], outcomes)
        finally:
            self._busy -= 1
            self._wake(None)

    def _finished(self, positions: list[int], outcomes: list[Outcome]) -> None:
        for position, outcome in zip(positions, outcomes, strict=True):
            place(outcome, position)
        self._done.append(outcomes)
        self._news.set()

    def _take(self) -> list[_Waiting]:
        """Take what fits into one request, from the front: one group, no reference twice."""
        first = self._waiting.popleft()
        taken, references, others = [first], {first.message.reference}, []
        while self._waiting and len(taken) < self._sender.batch_limit:
            if self._waiting[0].since > first.since + _SPREAD:
                break
            each = self._waiting.popleft()
            if each.group != first.group or each.message.reference in references:
                others.append(each)
                continue
            taken.append(each)
            references.add(each.message.reference)
        self._waiting.extendleft(reversed(others))
        self._room.set()
        return taken

    async def _send(self, batch: list[Message], deadline: Deadline) -> list[Outcome]:
        """Send a batch, unless the account is known to be in trouble."""
        if self._trouble is not None:
            return [attrs.evolve(self._trouble, reference=each.reference) for each in batch]
        outcomes = await self._sender.send(batch, deadline)
        for outcome in outcomes:
            if isinstance(outcome, NotSent) and outcome.scope is Scope.ACCOUNT:
                self._trouble = outcome
                break
        return outcomes


async def _each(messages: Iterable[Message]) -> AsyncIterator[Message]:
    for message in messages:
        yield message
