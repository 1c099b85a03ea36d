"""`send_many`: a stream of messages in, a stream of outcomes out, in bounded memory.

A window of workers, each taking as many waiting messages as fit into one request. While the window
is busy messages gather; while it is not, they leave at once. There is no task, future or lock per
message, and nothing grows with the length of the stream.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.outcome import NotSent, Outcome, Scope, place
from omnimsg.engine.deadline import Deadline

if TYPE_CHECKING:
    from omnimsg.domain.message import Message
    from omnimsg.engine.sender import Sender

# Requests under way at once.
WINDOW = 8


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
        deadline: Seconds of patience for each message, from when it is read.
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


class _Run:
    """One call of `send_many`."""

    def __init__(self, sender: Sender, deadline: float, window: int) -> None:
        self._sender = sender
        self._deadline = deadline
        self._window = window
        self._waiting: deque[tuple[int, Message, Deadline]] = deque()
        self._done: deque[list[Outcome]] = deque()
        self._room = asyncio.Event()
        self._work = asyncio.Event()
        self._news = asyncio.Event()
        self._busy = 0
        self._read_all = False
        self._error: Exception | None = None
        self._trouble: NotSent | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, messages: Iterable[Message] | AsyncIterable[Message]) -> None:
        self._tasks = [asyncio.create_task(self._feed(messages))]
        self._tasks += [asyncio.create_task(self._serve()) for _ in range(self._window)]

    async def next(self) -> list[Outcome] | None:
        """Return the next outcomes; `None` when every message has had one."""
        while not self._done:
            if self._read_all and not self._waiting and not self._busy:
                if self._error is not None:
                    raise self._error
                return None
            self._news.clear()
            await self._news.wait()
        outcomes = self._done.popleft()
        self._room.set()
        return outcomes

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _feed(self, messages: Iterable[Message] | AsyncIterable[Message]) -> None:
        most = self._sender.batch_limit * 2
        position = 0
        try:
            async for message in _each(messages):
                deadline = Deadline.after(self._deadline)
                refusal = self._sender.refusal(message, deadline)
                if refusal is None:
                    self._waiting.append((position, message, deadline))
                    self._work.set()
                else:
                    place(refusal, position)
                    self._done.append([refusal])
                    self._news.set()
                position += 1
                while len(self._waiting) >= most or len(self._done) >= self._window * 2:
                    self._room.clear()
                    await self._room.wait()
        except Exception as error:  # noqa: BLE001 - whatever the input raises reaches the caller
            self._error = error
        self._read_all = True
        self._work.set()
        self._news.set()

    async def _serve(self) -> None:
        while self._waiting or not self._read_all:
            if not self._waiting:
                self._work.clear()
                await self._work.wait()
            elif len(self._done) >= self._window * 2:
                self._room.clear()
                await self._room.wait()
            else:
                await self._send_next()

    async def _send_next(self) -> None:
        positions, batch, deadline = self._take()
        self._busy += 1
        try:
            outcomes = await self._send(batch, deadline)
            for position, outcome in zip(positions, outcomes, strict=True):
                place(outcome, position)
            self._done.append(outcomes)
        except Exception as error:  # noqa: BLE001 - reaches the caller, who must not wait for ever
            self._error = error
        finally:
            self._busy -= 1
            self._news.set()
            self._work.set()

    def _take(self) -> tuple[list[int], list[Message], Deadline]:
        """Take what fits into one request, from the front: one group, no reference twice."""
        position, first, deadline = self._waiting.popleft()
        positions, batch, references = [position], [first], {first.reference}
        group = self._sender.group(first)
        others: list[tuple[int, Message, Deadline]] = []
        while self._waiting and len(batch) < self._sender.batch_limit:
            position, message, later = self._waiting.popleft()
            if message.reference in references or self._sender.group(message) != group:
                others.append((position, message, later))
                continue
            positions.append(position)
            batch.append(message)
            references.add(message.reference)
        self._waiting.extendleft(reversed(others))
        self._room.set()
        return positions, batch, deadline

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


async def _each(messages: Iterable[Message] | AsyncIterable[Message]) -> AsyncIterator[Message]:
    if isinstance(messages, AsyncIterable):
        async for message in messages:
            yield message
    else:
        for number, message in enumerate(messages, 1):
            yield message
            if number % 100 == 0:
                # A long list is read without ever waiting; let requests and answers move.
                await asyncio.sleep(0)
