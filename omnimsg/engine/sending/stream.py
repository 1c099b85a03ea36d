"""A stream of messages through one account, with bounded memory whatever its length."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

import anyio

from omnimsg.domain.outcome import Outcome, set_positions
from omnimsg.engine.deadline import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.engine.sending.scheduler import Scheduler

log: logging.Logger = logging.getLogger("omnimsg.engine")

# Seconds that requests under way get to come back when the caller stops early.
CLOSING = 5.0

# Outcomes for which the caller is woken at once, and the seconds that fewer may gather while others
# are under way: waking somebody costs as much as a good part of a request.
_MANY = 64
_SOON = 0.001

# Messages that are read, at least, before others get a turn: reading must not hold up the event
# loop, and a turn costs as much as reading some.
_STINT = 64


async def send_stream(
    batcher: Scheduler,
    messages: Iterable[Message] | AsyncIterable[Message],
    *,
    deadline: float,
    ahead: int,
) -> AsyncGenerator[Outcome, None]:
    """Send a stream of messages.

    Outcomes come as they are known, not in the order of the messages: `position` and `reference`
    say whose they are. An error that the input raises comes after the outcomes of everything that
    was read before it.

    Closed early, it reads and sends nothing more, and waits for what is under way at most
    `CLOSING` seconds.

    Args:
        batcher: The account to send through.
        messages: Any iterable; an asynchronous one may take its time.
        deadline: Seconds of patience for each message, from when it is its turn. A message that
            waits for a limit, or because nobody takes the outcomes, does not lose its patience.
        ahead: The most messages that are read and whose outcomes nobody has taken.
    """
    run = _Run(batcher, deadline, ahead)
    run.start(messages)
    untaken: Iterable[Outcome] = ()
    try:
        while (outcomes := await run.next()) is not None:
            untaken = iter(outcomes)
            for outcome in untaken:
                yield outcome
    finally:
        await run.aclose(untaken)


class _Run:
    """One call of `send_many`; a key is the position of a message in the input."""

    def __init__(self, batcher: Scheduler, patience: float, ahead: int) -> None:
        self._batcher = batcher
        self._patience = seconds(patience)
        self._ahead = ahead
        # Whole batches, two at least: what is left open when others get their turn leaves as it is.
        self._stint = batcher.batch_limit * max(2, -(-_STINT // batcher.batch_limit))
        # Room for which reading goes on: not for every message, because waking the reader costs as
        # much as sending some; nor for very many, because garbage is collected after such bursts.
        self._enough = min(self._stint, ahead // 2)
        self._position = 0
        self._done: list[Outcome] = []
        self._room = asyncio.Event()
        self._news = asyncio.Event()
        self._load = 0
        self._pending = 0
        self.may_leave: bool = False
        self._telling = False

    def start(self, messages: Iterable[Message] | AsyncIterable[Message]) -> None:
        self._feeder = asyncio.create_task(self._feed(messages))
        self._feeder.add_done_callback(lambda _: self._news.set())

    def finish(self, keys: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        set_positions(outcomes, keys)
        self._pending -= len(keys)
        self._done += outcomes
        if not self._pending or len(self._done) >= _MANY:
            self._news.set()
        elif not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_later(_SOON, self._tell)

    def _tell(self) -> None:
        self._telling = False
        self._news.set()

    def gone(self, keys: Sequence[int]) -> Sequence[int]:
        return range(len(keys)) if self.may_leave else ()

    async def next(self) -> list[Outcome] | None:
        """Return the next outcomes; `None` when every message has had one."""
        while not self._done:
            if self._feeder.done() and not self._pending:
                await self._feeder  # raises what the input raised
                return None
            self._news.clear()
            await self._news.wait()
        outcomes, self._done = self._done, []
        self._load -= len(outcomes)
        if self._ahead - self._load >= self._enough:
            self._room.set()
        return outcomes

    async def aclose(self, untaken: Iterable[Outcome]) -> None:
        """Stop, give what is under way a while to come back, and say what nobody will hear of.

        Args:
            untaken: Outcomes that were handed over and not looked at.
        """
        self.may_leave = True
        self._feeder.cancel()
        untaken = [*untaken, *self._done]
        pending = self._pending
        self._batcher.withdraw(self)
        unsent = pending - self._pending
        self._done.clear()
        try:
            with anyio.move_on_after(CLOSING, shield=True):
                while self._pending:
                    self._news.clear()
                    await self._news.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await asyncio.wait([self._feeder])
            self._report(Counter(each.kind for each in chain(untaken, self._done)), unsent)

    def _report(self, kinds: Counter[str], unsent: int) -> None:
        if not kinds and not unsent and not self._pending:
            return
        log.warning(
            "a stream through account %r was left early: nobody took %d outcomes (%s);"
            " %d more messages are still on their way, %d were read and not sent",
            self._batcher.account,
            kinds.total(),
            ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
            self._pending,
            unsent,
        )

    def took(self, count: int) -> None:
        self._position += count
        self._load += count
        self._pending += count

    async def _feed(self, messages: Iterable[Message] | AsyncIterable[Message]) -> None:
        if isinstance(messages, AsyncIterable):
            async for message in messages:
                self._read(iter((message,)), 1)
                if self._load >= self._ahead or not self._position % self._stint:
                    await self._pause()
        else:
            source = iter(messages)
            while self._read(source, min(self._stint, self._ahead - self._load)):
                await self._pause()

    def _read(self, source: Iterator[Message], most: int) -> bool:
        """Hand over some messages, and say whether there may be more."""
        keys = range(self._position, self._position + most)
        return self._batcher.intake.read(source, self, keys, self._patience)

    async def _pause(self) -> None:
        """Give others a turn, and wait until there is room for more."""
        if self._load >= self._ahead:
            self._room.clear()
            await self._room.wait()
        else:
            await asyncio.sleep(0)
