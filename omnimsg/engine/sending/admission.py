"""Where messages of one account are handed over: checked, and put into the queue.

Most messages are plain texts, and dealing with them one by one costs more than all that is done for
them together. So a stream is read in runs, and callers who come in one turn of the event loop are
queued together at its end.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Outcome
from omnimsg.engine.deadline import to_seconds
from omnimsg.engine.observers import HandedOver, Observers
from omnimsg.engine.sending.batch import Owner
from omnimsg.engine.sending.callers import Callers
from omnimsg.engine.sending.local_outcomes import LocalOutcomes
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.engine.sending.plain_text import PlainTexts
from omnimsg.engine.sending.queue import Queue
from omnimsg.engine.sending.wakeup import Wakeup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class StreamOwner(Owner, Protocol):
    """Reads a stream of messages and is told their outcomes."""

    def count_read(self, count: int) -> None:
        """Count messages that were read; called before an error of their source is raised."""


@attrs.frozen
class _Arrivals:
    """Plain texts of equal timeout that were handed over in one turn of the loop.

    Attributes:
        messages: The messages.
        futures: The futures of their outcomes.
        started: When the first came, monotonic seconds; the others lose the little they came later.
        timeout: Seconds.
    """

    messages: list[Message]
    futures: list[asyncio.Future[Outcome]]
    started: float
    timeout: float


_NO_ARRIVALS = _Arrivals([], [], 0.0, 0.0)


@attrs.define(kw_only=True, eq=False)
class Admission:
    """Takes messages in while the account is open.

    Args:
        checks: Asks the adapter about a message.
        local: Builds the outcomes of messages that cannot be taken.
        queue: Where messages wait.
        wakeup: Called when there is something new to send.
        now: Reads the monotonic clock, seconds.
        observers: Told of every message that is handed over.
    """

    _checks: MessageChecks
    _local: LocalOutcomes
    _queue: Queue
    _wakeup: Wakeup
    _now: Callable[[], float]
    _observers: Observers
    _is_plain: Callable[[Message], bool] = attrs.field(init=False)
    _callers: Callers = attrs.field(init=False)
    _handed_over: Callable[[HandedOver], None] | None = attrs.field(init=False)
    _arrivals: _Arrivals = attrs.field(init=False)
    _is_closed: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        """Build what follows from the rest."""
        self._is_plain = PlainTexts(self._checks.adapter).include
        self._callers = Callers(self._checks.account, self._observers)
        self._handed_over = self._observers.handed_over
        self._arrivals = _NO_ARRIVALS

    def submit(self, message: Message, timeout: float) -> asyncio.Future[Outcome]:
        """Hand over one message, and return the future of its outcome.

        Messages wait in the order in which they were handed over, however many wait. Cancelling the
        future takes the message back, unless it has left.

        Args:
            message: The message.
            timeout: Seconds until the caller gives up.

        Raises:
            TypeError: It is no message.
            InvalidValue: The timeout is not a number.
        """
        if type(timeout) is not float or math.isnan(timeout):
            timeout = to_seconds(timeout)
        is_plain = self._is_plain(message)
        arrivals = self._arrivals
        # Of the running loop, to which the account's parts belong.
        future: asyncio.Future[Outcome] = asyncio.Future()
        if is_plain and arrivals.messages and timeout == arrivals.timeout:
            arrivals.messages.append(message)
            arrivals.futures.append(future)
            if self._handed_over is not None:
                self._notify(message)
            return future
        self.queue_arrivals()
        refusal: Outcome | None = None if is_plain else self._checks.refusal(message)
        if refusal is None and self._is_closed:
            refusal = self._local.client_closed(message)
        if self._handed_over is not None:
            self._notify(message)
        if refusal is not None:
            self._callers.finish([future], [refusal])
            return future
        started = self._now()
        if is_plain:
            self._arrivals = _Arrivals([message], [future], started, timeout)
        else:
            group = self._checks.group(message)
            lane = self._queue.lane(message.priority)
            ends = started + timeout
            self._queue.put(message, future, lane, self._callers, group, started, timeout, ends)
        self._wakeup.soon()
        return future

    def read_stream(
        self, source: Iterator[Message], owner: StreamOwner, keys: range, timeout: float
    ) -> bool:
        """Hand over the next messages of a stream; their timeouts begin when it is their turn.

        Args:
            source: The messages. What it raises, this raises.
            owner: Told the outcomes, also of messages that must not be sent.
            keys: The owner's names for the messages; as many as are read at most.
            timeout: Seconds that each message has from its turn on.

        Returns:
            Whether there may be more.
        """
        queue, started = self._queue, self._now()
        plain: list[Message] = []
        count = 0

        def queue_plain() -> None:
            nonlocal count
            their_keys = keys[count : count + len(plain)]
            count += len(plain)
            self._put_plain(plain, their_keys, owner, started, timeout, math.inf)
            plain.clear()

        try:
            for message in islice(source, len(keys)):
                if self._is_plain(message) and not self._is_closed:
                    plain.append(message)
                    if self._handed_over is not None:
                        self._notify(message)
                    continue
                refusal: Outcome | None = self._checks.refusal(message)
                if self._handed_over is not None:
                    self._notify(message)
                queue_plain()
                key, count = keys[count], count + 1
                if refusal is None and self._is_closed:
                    refusal = self._local.client_closed(message)
                if refusal is not None:
                    owner.finish([key], [refusal])
                    continue
                group = self._checks.group(message)
                lane = queue.lane(message.priority)
                queue.put(message, key, lane, owner, group, started, timeout, math.inf)
        finally:
            queue_plain()
            owner.count_read(count)
            if queue:
                self._wakeup.soon()
        return count == len(keys)

    def queue_arrivals(self) -> None:
        """Queue the plain texts that were handed over in this turn of the loop."""
        arrivals = self._arrivals
        if arrivals.messages:
            self._arrivals = _NO_ARRIVALS
            ends = arrivals.started + arrivals.timeout
            self._put_plain(
                arrivals.messages,
                arrivals.futures,
                self._callers,
                arrivals.started,
                arrivals.timeout,
                ends,
            )

    def close(self) -> None:
        """Take nothing more."""
        self._is_closed = True
        self.queue_arrivals()

    def _put_plain(
        self,
        messages: Sequence[Message],
        keys: Sequence[Any],
        owner: Owner,
        started: float,
        timeout: float,
        ends: float,
    ) -> None:
        """Queue plain texts together, those of one group after another."""
        if not self._checks.has_groups:
            self._queue.put_plain(messages, keys, owner, None, started, timeout, ends)
            return
        groups = [self._checks.group(each) for each in messages]
        for group, run in groupby(range(len(messages)), groups.__getitem__):
            indexes = list(run)
            some = slice(indexes[0], indexes[-1] + 1)
            self._queue.put_plain(messages[some], keys[some], owner, group, started, timeout, ends)

    def _notify(self, message: Message) -> None:
        if self._handed_over is not None:
            self._handed_over(HandedOver(account=self._checks.account, message=message))
