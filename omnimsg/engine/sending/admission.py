"""Admission: check the messages that are handed over to an account, and queue them.

Queueing messages one by one would cost more than all the rest together. So a stream is read in
runs, and the messages of all callers of one turn of the event loop are queued at its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import groupby, islice
from math import inf, nan
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from omnimsg.domain.message import Message, Priority, no_message
from omnimsg.engine.deadline import to_seconds
from omnimsg.engine.observers import HandedOver, Observers
from omnimsg.engine.sending.batch import FailsOver, Owner, step_of
from omnimsg.engine.sending.callers import Callers
from omnimsg.engine.sending.local_outcomes import LocalOutcomes
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.engine.sending.message_run import Run
from omnimsg.engine.sending.plain_text import PlainTexts
from omnimsg.engine.sending.queue import Queue
from omnimsg.engine.sending.wakeup import Wakeup
from omnimsg.engine.spending import Spending

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg.domain.outcome import NotSent, Outcome


class StreamOwner(Owner, Protocol):
    """Reads a stream of messages, and receives their outcomes."""

    def first_leg(
        self,
        message: Message,
        key: Any,  # noqa: ANN401 - the owner's own
    ) -> Message | NotSent:
        """Return the first leg of a message; its outcome where one of the legs cannot be sent."""

    def count_read(self, count: int) -> None:
        """Count messages that were read; called before an error of their source is raised."""


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
        spending: The budgets that messages count against, where there are any.
    """

    _checks: MessageChecks
    _local: LocalOutcomes
    _queue: Queue
    _wakeup: Wakeup
    _now: Callable[[], float]
    _observers: Observers
    _spending: Spending | None = None
    _is_closed: bool = attrs.field(default=False, init=False)
    _plain_texts: PlainTexts = attrs.field(init=False)
    # The owners of messages that stay here, and of those that another account may send.
    _callers: Callers = attrs.field(init=False)
    _failing_over: dict[FailsOver, Callers] = attrs.field(factory=dict, init=False)
    _handed_over: Callable[[HandedOver], None] | None = attrs.field(init=False)
    # The messages handed over in this turn of the loop: runs by owner and step of timeout.
    _arrivals: dict[tuple[Owner, int], Run] = attrs.field(factory=dict, init=False)
    # The newest of these runs. It has no size limit: messages that join it overtake no other run.
    _newest_run: Run = attrs.field(init=False)
    _no_run: Run = attrs.field(init=False)
    _shares_requests: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Set the attributes that follow from the others."""
        self._plain_texts = PlainTexts(self._checks.adapter)
        self._callers = Callers(self._checks.account, self._observers, None, self.settle)
        self._handed_over = self._observers.handed_over
        # No message joins it: no timeout equals its NaN.
        self._newest_run = self._no_run = Run(self._callers, 0.0, nan)
        self._shares_requests = self._queue.max_messages > 1

    def submit(
        self, message: Message, timeout: float, fails_over: FailsOver | None = None
    ) -> asyncio.Future[Outcome]:
        """Hand over one message, and return the future of its outcome.

        Messages wait in the order in which they were handed over, however many wait. Cancelling the
        future takes the message back, unless it has left.

        Args:
            message: The message.
            timeout: Seconds until the caller gives up.
            fails_over: Returns whether a failure goes to the caller at once; see
                `Owner.fails_over`.

        Raises:
            TypeError: It is no message.
            InvalidValue: The timeout is not a number.
        """
        if timeout.__class__ is not float or not timeout >= 0.0:
            timeout = to_seconds(timeout)
        refusal = None
        is_plain = self._plain_texts.include(message)
        if not is_plain or self._is_closed or self._spending is not None:
            refusal = self._refusal(message, is_plain=is_plain)
        # The running loop is the one to which the account's parts belong.
        future: asyncio.Future[Outcome] = asyncio.Future()
        if self._handed_over is not None:
            self._notify(message)
        callers = self._callers if fails_over is None else self._callers_that(fails_over)
        if refusal is not None:
            callers.finish([future], [message], [refusal])
        elif self._shares_requests and (is_plain or message.priority is Priority.NORMAL):
            run = self._newest_run
            if timeout != run.timeout or callers is not run.owner:
                run = self._run(callers, timeout)
            run.messages.append(message)
            run.keys.append(future)
            if not is_plain:
                run.note_ttl(message)
        else:
            group = self._checks.group(message)
            started = self._now()
            ends = started + timeout
            self._queue.put(message, future, callers, group, started, timeout, ends)
            self._wakeup.soon()
        return future

    def read_stream(
        self, source: Iterator[Message], owner: StreamOwner, keys: Sequence[Any], timeout: float
    ) -> bool:
        """Hand over the next messages of a stream; their timeouts begin when it is their turn.

        Args:
            source: The messages. Its exceptions pass through.
            owner: Receives the outcomes, also of messages that must not be sent.
            keys: The owner's keys of the messages. At most as many messages are read.
            timeout: Seconds that each message has from its turn on.

        Returns:
            Whether there may be more.
        """
        queue, started = self._queue, self._now()
        takes_all_plain = not self._is_closed and self._spending is None
        is_plain_text, is_observed = self._plain_texts.include, self._handed_over is not None
        run = Run(owner, started, timeout)
        count = 0

        def queue_run() -> None:
            nonlocal count, run
            run.keys = keys[count : count + len(run.messages)]
            count += len(run.messages)
            self._put_all(run, inf)
            run = Run(owner, started, timeout)

        try:
            for message in islice(source, len(keys)):
                is_plain = is_plain_text(message)
                if is_plain and takes_all_plain:
                    if is_observed:
                        self._notify(message)
                    run.messages.append(message)
                    continue
                refusal: Outcome | None = None
                if message.__class__ is not Message:
                    raise no_message(message, keys[count + len(run.messages)])
                if message.fallback:
                    first = owner.first_leg(message, keys[count + len(run.messages)])
                    if isinstance(first, Message):
                        message = first  # noqa: PLW2901 - in its place
                    else:
                        refusal = first
                refusal = refusal or self._refusal(message, is_plain=is_plain)
                if is_observed:
                    self._notify(message)
                if refusal is None and message.priority is Priority.NORMAL:
                    run.messages.append(message)
                    if message.ttl is not None:
                        run.note_ttl(message)
                    continue
                queue_run()
                key, count = keys[count], count + 1
                if refusal is not None:
                    owner.finish([key], [message], [refusal])
                    continue
                group = self._checks.group(message)
                queue.put(message, key, owner, group, started, timeout, inf)
        finally:
            queue_run()
            owner.count_read(count)
            if queue:
                self._wakeup.soon()
        return count == len(keys)

    @property
    def settle(self) -> Callable[[Sequence[Message], Sequence[Outcome]], None] | None:
        """Called with the outcomes of messages, to settle budgets; `None` without budgets."""
        return None if self._spending is None else self._spending.settle

    def queue_arrivals(self) -> None:
        """Queue the messages that were handed over in this turn of the loop."""
        arrivals = self._arrivals
        if arrivals:
            self._arrivals, self._newest_run = {}, self._no_run
            for run in arrivals.values():
                self._put_all(run, run.started + run.timeout)

    def close(self) -> None:
        """Take nothing more."""
        self._is_closed = True
        self.queue_arrivals()

    def _callers_that(self, fails_over: FailsOver) -> Callers:
        """Return the owner of messages that may fail over to another account."""
        callers = self._failing_over.get(fails_over)
        if callers is None:
            callers = Callers(self._checks.account, self._observers, fails_over, self.settle)
            self._failing_over[fails_over] = callers
        return callers

    def _refusal(self, message: Message, *, is_plain: bool) -> Outcome | None:
        """Return the outcome of a message that cannot be taken; `None` where it can."""
        if not is_plain:
            refusal = self._checks.refusal(message)
            if refusal is not None:
                return refusal
        if self._is_closed:
            return self._local.client_closed(message)
        return None if self._spending is None else self._spending.reserve(message)

    def _run(self, callers: Callers, timeout: float) -> Run:
        """Return the run of this turn that a message of these callers and timeout joins."""
        key = callers, step_of(timeout)
        run = self._arrivals.get(key)
        if run is not None and len(run.messages) >= self._queue.max_messages:
            # The run fills a request: further messages go behind the other runs of this turn.
            self.queue_arrivals()
            run = None
        if run is None:
            self._arrivals[key] = self._newest_run = run = Run(callers, self._now(), timeout)
            self._wakeup.soon()
        elif timeout < run.timeout:
            run.timeout = timeout
        return run

    def _put_all(self, run: Run, ends: float) -> None:
        """Queue a run, in parts of consecutive messages of one group."""
        if not self._checks.has_groups:
            self._queue.put_all(run, None, ends)
            return
        groups = [self._checks.group(each) for each in run.messages]
        for group, indexes in groupby(range(len(groups)), groups.__getitem__):
            first, *others = indexes
            part = run.part(range(first, first + 1 + len(others)))
            self._queue.put_all(part, group, ends)

    def _notify(self, message: Message) -> None:
        if self._handed_over is not None:
            self._handed_over(HandedOver(account=self._checks.account, message=message))
