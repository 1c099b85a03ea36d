"""Send the batches of one account as soon as the limits allow it.

Messages join batches as they come (`admission`, `queue`), a batch leaves when the limits allow it
(`rate_limiter`), and its outcomes are concluded (`completion`). While a slot is free, requests
leave in the next turn of the event loop; while none is, messages gather. No cost here is per
message: there is at most one task and one timer per request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from omnimsg.domain.message import Priority
from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.batch_split import Split
from omnimsg.engine.attempt.earlier_doubts import keep_doubts
from omnimsg.engine.attempt.flow import report_broken_contract
from omnimsg.engine.attempt.recorded_runner import RecordedRunner
from omnimsg.engine.attempt.runner import AttemptRunner, Interrupted
from omnimsg.engine.limits.rate_limiter import RateLimiter
from omnimsg.engine.sending.admission import Admission
from omnimsg.engine.sending.batch import reference_of
from omnimsg.engine.sending.clearance import Clearance
from omnimsg.engine.sending.completion import Completion
from omnimsg.engine.sending.holding import Holding
from omnimsg.engine.sending.local_outcomes import LocalOutcomes
from omnimsg.engine.sending.operation_slots import OperationSlots
from omnimsg.engine.sending.queue import Queue
from omnimsg.engine.sending.requeue import Requeue
from omnimsg.engine.sending.tasks import Tasks
from omnimsg.engine.sending.wakeup import Wakeup

if TYPE_CHECKING:
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.sending.batch import Batch, Owner


@attrs.define(kw_only=True, eq=False)
class Scheduler:
    """Takes the batches of one account from the queue, sends them, and passes on their outcomes.

    Args:
        now: Reads the monotonic clock, seconds.
        linger: Seconds that an open batch waits for more messages.
        admission: Where messages are handed over.
        queue: Where messages wait.
        slots: Request slots for operations.
        limiter: Says when the next request may leave.
        clearance: Decides which messages of a batch leave.
        runner: Sends a batch.
        recorded: Sends it with a journal, observers or a suppression list; `None` without these.
        completion: Takes the outcomes of attempts.
        holding: The held batches.
        follow_ups: Retries and look-ups that are running.
        requeue: Puts batches back into the queue.
        wakeup: Wakes the scheduler.
        local: Builds the outcomes of messages that end here.
        changed: Set when something that closing waits for may have ended.
    """

    _now: Callable[[], float]
    _linger: float
    _admission: Admission
    _queue: Queue
    _slots: OperationSlots
    _limiter: RateLimiter
    _clearance: Clearance
    _runner: AttemptRunner
    _recorded: RecordedRunner | None
    _completion: Completion
    _holding: Holding
    _follow_ups: Tasks
    _requeue: Requeue
    _wakeup: Wakeup
    _local: LocalOutcomes
    _changed: asyncio.Event
    _workers: Tasks = attrs.field(init=False)
    _messages_are_next: bool = attrs.field(default=True, init=False)

    def __attrs_post_init__(self) -> None:
        """Let the wake-up run the scheduler."""
        self._workers = Tasks(self._changed.set)
        self._wakeup.wake = self._pump

    def withdraw(self, owner: Owner) -> None:
        """End the queued messages of an owner; requests under way end by themselves."""
        for batch in self._queue.take_owned(owner):
            self._requeue.give_up(batch)

    def refuse(self) -> None:
        """Take nothing more, before anything was taken."""
        self._admission.close()
        self._slots.close()

    async def aclose(self, deadline: Deadline) -> None:
        """Send queued messages until the deadline; then end the rest, each with an outcome.

        From the start of this call, nothing more can be handed over.
        """
        self._admission.close()
        self._linger = 0.0  # nothing joins the open batches any more
        self._wakeup.soon()
        try:
            with anyio.move_on_after(max(0.0, deadline.remaining())):
                while self._workers or self._follow_ups or self._queue or self._holding.batches:
                    self._changed.clear()
                    await self._changed.wait()
        finally:
            # From here on nothing is queued again: no retry, no part of a batch, nothing held.
            self._requeue.close()
            for batch in (*self._holding.close(), *self._queue.take_all()):
                self._requeue.give_up(batch)
            # The workers first: the retries then end with the outcomes of these.
            await self._workers.cancel(self._now)
            await self._follow_ups.cancel(self._now)
            self._wakeup.cancel()
            self._slots.close()

    def abandon(self) -> None:
        """Cancel all tasks without waiting: the event loop may not run any more."""
        self._workers.abandon()
        self._follow_ups.abandon()

    async def _work(self, first: Batch) -> None:
        """Send a batch, and the next, for as long as one may leave."""
        batch: Batch | None = first
        while batch is not None:
            try:
                if self._recorded is None:
                    result = await self._runner.send(batch.messages, batch, batch.doubts)
                else:
                    result = await self._send_recorded(self._recorded, batch)
            except Interrupted as end:
                outcomes = keep_doubts(end.outcomes, batch.doubts)
                batch.owner.finish(batch.keys, batch.messages, outcomes)
                # Another batch may take the slot, if the application cancelled this task alone.
                self._wakeup.soon()
                raise
            except GeneratorExit:  # the event loop is gone, and so are the callers
                raise
            except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
                self._interrupt(batch, left=True)
                raise
            except BaseException as error:  # noqa: BLE001 - whatever breaks, there are outcomes
                detail = report_broken_contract("the engine", error)
                broken = classify.by_broken_contract(detail, left=True)
                result = self._local.outcomes(batch.messages, broken)
            finally:
                self._limiter.under_way -= 1
            if isinstance(result, Split):
                self._completion.conclude_split(batch, result.refusal)
                self._requeue.put_back(batch.split(result.parts))
            elif result:
                self._completion.conclude(batch, result)
            if self._slots:
                self._pump()
            batch = self._next() or await self._next_after_rest()

    async def _next_after_rest(self) -> Batch | None:
        """Take a batch handed over in this turn of the loop, mostly by a caller just served.

        It is sent in this task, and needs no new one.
        """
        await self._wakeup.rest()
        try:
            self._admission.queue_arrivals()
            return self._next()
        finally:
            self._wakeup.catch_up()

    def _send_recorded(
        self, recorded: RecordedRunner, batch: Batch
    ) -> Coroutine[Any, Any, list[Outcome] | Split]:
        attempts = batch.track_attempts()
        last = attempts.get(batch.messages[0].reference)
        attempt = recorded.new_attempt(1 if last is None else last.number + 1)
        attempts.update(dict.fromkeys(map(reference_of, batch.messages), attempt))
        return recorded.send(attempt, batch.messages, batch, batch.doubts, end=batch.end)

    def _pump(self) -> None:
        """Start every request that may leave now."""
        self._admission.queue_arrivals()
        if self._queue or self._slots or self._holding.batches:
            self._pump_waiting()
        self._changed.set()

    def _pump_waiting(self) -> None:
        now = self._now()
        for expired in (*self._queue.take_expired(now), *self._holding.take_expired(now)):
            self._clearance.clear(expired)
        if now >= self._holding.release_at:
            self._holding.release()
        while self._queue.has_high and self._start_batch():
            pass
        self._take_turns()
        if self._queue:
            self._wakeup.at(self._queue.earliest)
        if self._holding.batches:
            self._wakeup.at(self._holding.wake_at)

    def _take_turns(self) -> None:
        """Start batches and operations by turns, so that neither keeps the other waiting."""
        while True:
            turns = (self._start_batch, self._slots.admit)
            first, second = turns if self._messages_are_next else reversed(turns)
            if first():
                self._messages_are_next = not self._messages_are_next
            elif not second():
                return

    def _start_batch(self) -> bool:
        batch = self._next()
        if batch is None:
            return False
        self._workers.start(partial(self._work, batch), partial(self._end_dropped, batch))
        return True

    def _end_dropped(self, batch: Batch) -> None:
        """End a batch whose worker was cancelled before its first step."""
        self._limiter.under_way -= 1
        self._interrupt(batch, left=False)

    def _interrupt(self, batch: Batch, *, left: bool) -> None:
        """End a batch whose task was cancelled, and let another one take its slot."""
        interrupted = local_failures.interrupted(left=left)
        batch.finish_all(self._local.outcomes(batch.messages, interrupted))
        self._wakeup.soon()

    def _next(self) -> Batch | None:
        """Take the batch that leaves now, if one may; otherwise set a wake-up for when one may."""
        limiter = self._limiter
        while True:
            if limiter.is_timed or limiter.under_way >= limiter.slots or self._linger:
                wait = self._wait()
                if wait > 0:
                    self._wakeup.at(self._now() + wait)
                    self._wakeup.at(self._clearance.fail_over_waiting(self._queue, wait))
                    break
            batch = self._queue.pop()
            if batch is None:
                break
            batch = self._clearance.clear(batch)
            if batch is not None:
                limiter.under_way += 1
                if limiter.is_timed:
                    limiter.spend(len(batch.messages))
                return batch
        if self._holding.batches:
            self._wakeup.at(self._holding.wake_at)
        return None

    def _wait(self) -> float:
        """Return the seconds until the first batch may leave; 0 where none waits."""
        lane = self._queue.first()
        if lane is None:
            return 0.0
        first = next(iter(lane.batches))
        is_urgent = lane.priority is Priority.HIGH
        wait = self._limiter.wait(urgent=is_urgent)
        if wait <= 0 and first.references is not None and not is_urgent:
            wait = first.started + min(self._linger, first.longest_linger) - self._now()
        return wait
