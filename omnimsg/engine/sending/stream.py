"""A stream of messages to one target, with bounded memory whatever its length."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

import anyio
import attrs

from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.outcome import Outcome, set_positions
from omnimsg.engine.deadline import to_seconds
from omnimsg.engine.observers import Observers, OutcomeKnown
from omnimsg.engine.sending.batch import Owner
from omnimsg.engine.sending.stream_input import MessageRuns
from omnimsg.engine.sending.stream_interfaces import StreamAdmission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import NotSent
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.sending.stream_interfaces import StreamLegs

log: logging.Logger = logging.getLogger("omnimsg.engine")

# Seconds that requests under way get to end when the caller stops early, and then the input gets to
# clean up.
CLOSE_TIMEOUT = 5.0

# Outcomes that wake the caller at once, and the seconds for which fewer are collected while others
# are pending: waking a task costs as much as a good part of a request.
_WAKE_AT = 64
_WAKE_AFTER = 0.001

# The least messages that are read before other tasks get a turn: reading must not block the event
# loop, and a turn costs as much as reading some messages.
_MIN_RUN = 64

# The least messages that are read ahead of those under way: waking the reader costs about as much
# as sending one message, so it is woken for many.
_MIN_AHEAD = 256


@attrs.frozen(kw_only=True)
class StreamTarget:
    """Where streams of messages go: one account, or the accounts of routes.

    Attributes:
        account: The account's name, for the log.
        admission: Where messages are handed over.
        withdraw: Ends the queued messages of an owner; requests under way end by themselves.
        observers: Told of every last outcome.
        batch_limit: The most messages of one request.
        slots: Requests that may be under way at once.
    """

    account: str
    admission: StreamAdmission
    withdraw: Callable[[Owner], None]
    observers: Observers
    batch_limit: int
    slots: int

    @property
    def ahead(self) -> int:
        """The most messages that are read and whose outcomes the caller has not taken yet.

        Enough to fill every slot, and the slots that come free while more is read.
        """
        return max((self.slots + 2) * self.batch_limit, self.slots + _MIN_AHEAD)


async def send_stream(
    target: Callable[[], StreamTarget],
    messages: Iterable[Message] | AsyncIterable[Message],
    *,
    deadline: float,
    ahead: int | None = None,
    legs: StreamLegs | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Send a stream of messages.

    Outcomes come as they are known, not in the order of the messages: `position` and `reference`
    say whose they are. An error that the input raises comes after the outcomes of everything that
    was read before it.

    If it is closed early, it reads and sends nothing more. It waits at most `CLOSE_TIMEOUT` seconds
    for requests under way, and as long for the clean-up of an input that is an asynchronous
    generator, which it closes.

    Args:
        target: Returns where the messages go; called in the event loop that reads the stream.
        messages: Any iterable; an asynchronous one may be slow.
        deadline: Seconds that each message may take from its turn on. The time that it waits for a
            limit, or because the caller takes no outcomes, does not count.
        ahead: In place of `StreamTarget.ahead`.
        legs: Runs fallback legs.
    """
    run = _StreamRun(target(), deadline, ahead, legs)
    run.start(messages)
    untaken: Iterable[Outcome] = ()
    try:
        while (outcomes := await run.next()) is not None:
            untaken = iter(outcomes)
            for outcome in untaken:
                yield outcome
    finally:
        await run.aclose(untaken)


class _StreamRun:
    """One call of `send_many`; a key is the position of a message in the input."""

    # Failover is decided by the routed stream, the owner between the account and this one.
    fails_over = None

    def __init__(
        self, target: StreamTarget, timeout: float, ahead: int | None, legs: StreamLegs | None
    ) -> None:
        self._target = target
        self._legs = legs
        self._settle = target.admission.settle
        self._timeout = to_seconds(timeout)
        self._ahead = ahead = target.ahead if ahead is None else ahead
        # Whole batches, two at least: a batch that is not full leaves when other tasks get a turn.
        limit = target.batch_limit
        self._run_length = limit * max(2, -(-_MIN_RUN // limit))
        # Reading resumes when this many messages fit. Not for every message, because waking the
        # reader costs as much as sending some; nor for very many, because such bursts set off the
        # garbage collector.
        self._resume_at = min(self._run_length, ahead // 2)
        self._position = 0
        self._done: list[Outcome] = []
        self._has_room = asyncio.Event()
        self._has_news = asyncio.Event()
        self._untaken = 0
        self._pending = 0
        self._wake_is_scheduled = False
        self.may_abandon: bool = False

    def start(self, messages: Iterable[Message] | AsyncIterable[Message]) -> None:
        self._reader = asyncio.create_task(self._read_all(messages))
        self._reader.add_done_callback(lambda _: self._has_news.set())

    def finish(
        self,
        keys: Sequence[int],
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
        deadline: Deadline | None = None,
    ) -> None:
        if self._settle is not None:
            self._settle(messages, outcomes)
        set_positions(outcomes, keys)
        # Before the legs, because each of them is a message with an outcome of its own.
        notify = self._target.observers.outcome_known
        if notify is not None:
            notify(OutcomeKnown(outcomes[0].account, tuple(messages), tuple(outcomes)))
        if self._legs is not None and self._legs.pending:
            outcomes = self._legs.keep(keys, outcomes)
            if not outcomes:
                return
        self._conclude(outcomes)

    def conclude_legs(self, position: int, outcome: Outcome) -> None:
        set_positions([outcome], [position])
        self._conclude([outcome])

    def _conclude(self, outcomes: Sequence[Outcome]) -> None:
        self._pending -= len(outcomes)
        self._done += outcomes
        if not self._pending or len(self._done) >= _WAKE_AT:
            self._has_news.set()
        elif not self._wake_is_scheduled:
            self._wake_is_scheduled = True
            asyncio.get_running_loop().call_later(_WAKE_AFTER, self._wake)

    def abandoned(self, keys: Sequence[int]) -> Sequence[int]:
        return range(len(keys)) if self.may_abandon else ()

    def first_leg(self, message: Message, key: int) -> Message | NotSent:
        return message if self._legs is None else self._legs.first_leg(message, key, self)

    def count_read(self, count: int) -> None:
        self._position += count
        self._untaken += count
        self._pending += count

    async def next(self) -> list[Outcome] | None:
        """Return the next outcomes; `None` when every message has had one."""
        while not self._done:
            if self._reader.done() and not self._pending:
                await self._reader  # raises what the input raised
                return None
            self._has_news.clear()
            await self._has_news.wait()
        outcomes, self._done = self._done, []
        self._untaken -= len(outcomes)
        if self._ahead - self._untaken >= self._resume_at:
            self._has_room.set()
        return outcomes

    async def aclose(self, untaken: Iterable[Outcome]) -> None:
        """Stop, wait for requests under way, and log the outcomes that the caller did not take.

        Args:
            untaken: Outcomes that `next` returned and the caller did not take.
        """
        self.may_abandon = True
        self._reader.cancel()
        untaken = [*untaken, *self._done]
        pending = self._pending
        self._target.withdraw(self)
        unsent = pending - self._pending
        self._done.clear()
        try:
            with anyio.move_on_after(CLOSE_TIMEOUT, shield=True):
                while self._pending:
                    self._has_news.clear()
                    await self._has_news.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await self._end_reader()
            self._log_untaken(Counter(each.kind for each in chain(untaken, self._done)), unsent)

    async def _end_reader(self) -> None:
        """Wait for the input's own clean-up, at most `CLOSE_TIMEOUT` seconds."""
        _, running = await asyncio.wait([self._reader], timeout=CLOSE_TIMEOUT)
        if running:
            self._reader.add_done_callback(lambda task: task.cancelled() or task.exception())
            log.warning(
                "the input of a stream through account %r still cleans up %g s after the stream was"
                " left early; nobody waits for it any more",
                self._target.account,
                CLOSE_TIMEOUT,
                extra=log_fields(account=self._target.account, seconds=CLOSE_TIMEOUT),
            )

    def _wake(self) -> None:
        self._wake_is_scheduled = False
        self._has_news.set()

    def _log_untaken(self, kinds: Counter[str], unsent: int) -> None:
        if not kinds and not unsent and not self._pending:
            return
        account, count = self._target.account, kinds.total()
        log.warning(
            "a stream through account %r was left early: %d outcomes were not taken (%s);"
            " %d more messages are still on their way, %d were read and not sent",
            account,
            count,
            ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
            self._pending,
            unsent,
            extra=log_fields(account=account, count=count, pending=self._pending, unsent=unsent),
        )

    async def _read_all(self, messages: Iterable[Message] | AsyncIterable[Message]) -> None:
        if isinstance(messages, MessageRuns):
            await messages.read_all(self._read_run)
        elif isinstance(messages, AsyncIterable):
            try:
                async for message in messages:
                    self._read(iter((message,)), 1)
                    if self._untaken >= self._ahead or not self._position % self._run_length:
                        await self._pause()
            except (Exception, asyncio.CancelledError):
                # In this task, to which whatever the input holds open may belong.
                if isinstance(messages, AsyncGenerator):
                    await messages.aclose()
                raise
        else:
            await self._read_run(iter(messages))

    async def _read_run(self, source: Iterator[Message]) -> None:
        while self._read(source, min(self._run_length, self._ahead - self._untaken)):
            await self._pause()

    def _read(self, source: Iterator[Message], count: int) -> bool:
        """Hand over at most so many messages, and return whether there may be more."""
        keys = range(self._position, self._position + count)
        return self._target.admission.read_stream(source, self, keys, self._timeout)

    async def _pause(self) -> None:
        """Give other tasks a turn, and wait until there is room for more."""
        if self._untaken >= self._ahead:
            self._has_room.clear()
            await self._has_room.wait()
        else:
            await asyncio.sleep(0)
