"""`send_many`: a stream of messages in, a stream of outcomes out, in bounded memory.

A window of workers, each taking as many waiting messages as fit into one request. While the window
is busy messages gather; while it is not, they leave at once. There is no task, future or lock per
message, and nothing grows with the length of the stream.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Hashable, Iterable
from itertools import chain
from typing import TYPE_CHECKING

import anyio
import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Outcome, place
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.trouble import Trouble

if TYPE_CHECKING:
    from omnimsg.engine.sender import Sender

log: logging.Logger = logging.getLogger("omnimsg.engine")

# Requests under way at once.
WINDOW = 8

# Seconds that requests under way get to come back when the caller stops early.
CLOSING = 5.0

# Seconds that the messages of one request may have waited longer than each other, so that what is
# left of a `ttl` is true for all of them.
_SPREAD = 1.0


async def send_stream(
    sender: Sender,
    messages: Iterable[Message] | AsyncIterable[Message],
    *,
    deadline: float,
    window: int = WINDOW,
) -> AsyncGenerator[Outcome, None]:
    """Send a stream of messages.

    Outcomes come as they are known, not in the order of the messages: `position` and `reference`
    say whose they are. An error that the input raises comes after the outcomes of everything that
    was read before it.

    Closed early, it reads and sends nothing more, and waits for the requests under way until their
    deadline, at most `CLOSING` seconds. Then they are cancelled.

    Args:
        sender: The account to send through.
        messages: Any iterable; an asynchronous one may take its time.
        deadline: Seconds of patience for each message, from when it is its turn. A message that
            waits because nobody takes the outcomes does not lose its patience.
        window: Requests under way at once.
    """
    run = _Run(sender, deadline, window)
    run.start(messages)
    untaken: Iterable[Outcome] = ()
    try:
        while (outcomes := await run.next()) is not None:
            untaken = iter(outcomes)
            for outcome in untaken:
                yield outcome
    finally:
        await run.aclose(untaken)


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
        self._stopping = False
        self._given_up = 0
        self._trouble = Trouble(sender)

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

    async def aclose(self, untaken: Iterable[Outcome]) -> None:
        """Stop, give what is under way a while to come back, and say what nobody will hear of.

        Args:
            untaken: Outcomes that were handed over and not looked at.
        """
        self._stopping = True
        self._feeder.cancel()
        self._room.set()
        self._work.set()
        try:
            with anyio.CancelScope(shield=True):
                await asyncio.wait(self._workers, timeout=CLOSING)
        finally:
            # A cancellation of asyncio's own kind passes every shield: then nothing is waited for.
            for worker in self._workers:
                worker.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.gather(self._feeder, *self._workers, return_exceptions=True)
            self._report(Counter(each.kind for each in chain(untaken, *self._done)))

    def _report(self, kinds: Counter[str]) -> None:
        if not kinds and not self._given_up:
            return
        log.warning(
            "a stream through account %r was left early: nobody took %d outcomes (%s);"
            " %d more messages were given up on the way, %d were read and not sent",
            self._sender.account,
            kinds.total(),
            ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
            self._given_up,
            len(self._waiting),
        )

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
        while not self._stopping and (self._waiting or not self._feeder.done()):
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
        except asyncio.CancelledError:
            self._given_up += len(taken)
            raise
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
        """Send a batch, but for what the account is known to refuse."""
        held = self._trouble.held_back(batch)
        asked = [message for message, no in zip(batch, held, strict=True) if no is None]
        outcomes = await self._sender.send(asked, deadline) if asked else []
        self._trouble.learn(asked, outcomes)
        sent = iter(outcomes)
        return [no or next(sent) for no in held]


async def _each(messages: Iterable[Message]) -> AsyncIterator[Message]:
    for message in messages:
        yield message
