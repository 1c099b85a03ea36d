"""The parts of one account that belong to one event loop: queue, scheduler, tasks, connections."""

from __future__ import annotations

import asyncio
import copy
import math
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

from omnimsg.engine.attempt import local_failures
from omnimsg.engine.attempt.direct_writer import writer_of
from omnimsg.engine.attempt.recorded_runner import RecordedRunner
from omnimsg.engine.attempt.runner import AttemptRunner
from omnimsg.engine.attempt.suppression_list import SuppressionList
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.file_transfer import FileTransfers
from omnimsg.engine.limits.rate_limiter import RateLimiter, slots_of
from omnimsg.engine.operations import OperationRunner
from omnimsg.engine.policy import AccountTrouble, OnAmbiguous
from omnimsg.engine.sending.admission import Admission
from omnimsg.engine.sending.clearance import Clearance
from omnimsg.engine.sending.completion import Completion
from omnimsg.engine.sending.follow_up import FollowUp
from omnimsg.engine.sending.holding import Holding
from omnimsg.engine.sending.local_outcomes import LocalOutcomes
from omnimsg.engine.sending.operation_slots import OperationSlots
from omnimsg.engine.sending.queue import Queue
from omnimsg.engine.sending.reconcile import Reconciler
from omnimsg.engine.sending.requeue import Requeue
from omnimsg.engine.sending.retry import Retrier
from omnimsg.engine.sending.scheduler import Scheduler
from omnimsg.engine.sending.stream import StreamTarget
from omnimsg.engine.sending.tasks import Tasks
from omnimsg.engine.sending.wakeup import Wakeup
from omnimsg.transport import Abandonable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from omnimsg.engine.sending.batch import Batch
    from omnimsg.engine.shared_parts import SharedParts
    from omnimsg.transport import Transport

# Seconds between two searches for given-up messages, per waiting message: this bounds searching to
# a few per cent of the time. A search for each cancelled caller would be quadratic.
_SEARCH_PAUSE = 1e-5

_LOOP_ENDED = "the event loop ended before the message was sent"


class LoopParts:
    """The parts of one account that belong to one event loop. `enter` binds them to it.

    Args:
        shared: What all event loops of the account share.
        transport: Carries the account's requests; closed with the parts.

    Attributes:
        loop: The event loop; `None` before `enter`, and in a forked process.
        thread_name: The name of the thread in which the loop runs.
        is_closed: Whether the parts are closed: nothing leaves any more.
        limiter: Says when the next request may leave.
        queue: Where messages wait.
        holding: The held batches.
        runner: Sends a batch.
        operations: Runs everything but sending.
        files: Moves files.
        admission: Where messages are handed over.
        scheduler: Lets batches leave.
        stream_target: Where streams of messages go.
    """

    def __init__(self, shared: SharedParts, transport: Transport) -> None:
        adapter, policy, journal = shared.adapter, shared.policy, shared.journal
        observers, clock = shared.observers, shared.clock
        name, now = adapter.account.name, clock.monotonic
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread_name: str = ""
        self.is_closed: bool = False
        self._now = now
        self._transport = transport
        self._guard: AsyncGenerator[None, None] | None = None
        # The references of messages whose callers are gone, until `_end_given_up` ends them.
        self._given_up: set[str] = set()
        self._search_at = -math.inf

        # The attempt: one request, with or without a record of it.
        writer = None if journal is None else writer_of(journal, name)
        self.runner: AttemptRunner = AttemptRunner(adapter, transport, clock, shared.report_url)
        recorded = None
        if writer is not None or observers.watch_attempts or shared.consents is not None:
            suppression = (
                None
                if shared.consents is None
                else SuppressionList(shared.consents, name, clock.utc_now)
            )
            recorded = RecordedRunner(self.runner, name, observers, writer, suppression)

        # The limits, and the queues before them.
        # A shallow copy shares the rates with earlier loops, but not their requests under way.
        self.limiter: RateLimiter = copy.copy(shared.limiter)
        self.limiter.under_way = 0
        self._wakeup = wakeup = Wakeup(now)
        self.queue: Queue = Queue(adapter.capabilities.max_messages, now=now)
        slots = OperationSlots(self.limiter, self.queue, wakeup, now=now)

        # Operations, among them the look-up of doubtful messages.
        retrier = Retrier(name, policy, observers)
        self.operations: OperationRunner = OperationRunner(
            adapter, transport, self.runner, retrier, slots, clock, observers
        )
        self.files: FileTransfers = FileTransfers(
            adapter, self.operations, clock, policy.limits.max_download_bytes
        )
        reconciler = None
        if policy.on_ambiguous is OnAmbiguous.RESEND_IF_NOT_FOUND:
            reconciler = Reconciler(
                name,
                policy,
                self.operations.find,
                observers,
                writer,
                shared.settlement,
                clock.utc_now,
            )

        # What follows an attempt.
        changed = asyncio.Event()
        self._follow_ups = follow_ups = Tasks(changed.set)
        self._local = local = LocalOutcomes(name)
        self._requeue = requeue = Requeue(self.queue, local, wakeup)
        follow_up = FollowUp(retrier, reconciler, requeue, follow_ups, local)
        breakers, checks = shared.breakers, shared.checks
        self.holding: Holding = Holding(
            name,
            breakers.pause,
            requeue,
            now=now,
            observers=observers,
            is_closed=policy.account_trouble is not AccountTrouble.HOLD,
        )
        completion = Completion(
            limiter=self.limiter,
            max_pause=policy.limits.max_pause,
            answer_times=shared.answer_times,
            breakers=breakers,
            holding=self.holding,
            follow_up=follow_up,
            wakeup=wakeup,
            observers=observers,
            adapter=adapter,
            now=now,
        )

        # Admission, and the scheduler.
        self.admission: Admission = Admission(
            checks=checks,
            local=local,
            queue=self.queue,
            wakeup=wakeup,
            now=now,
            observers=observers,
            spending=shared.spending,
        )
        self.scheduler: Scheduler = Scheduler(
            now=now,
            linger=policy.limits.linger,
            admission=self.admission,
            queue=self.queue,
            slots=slots,
            limiter=self.limiter,
            clearance=Clearance(
                breakers=breakers,
                limiter=self.limiter,
                answer_times=shared.answer_times,
                completion=completion,
                local=local,
                now=now,
                utc_now=clock.utc_now,
            ),
            runner=self.runner,
            recorded=recorded,
            completion=completion,
            holding=self.holding,
            follow_ups=follow_ups,
            requeue=requeue,
            wakeup=wakeup,
            local=local,
            changed=changed,
        )
        self.stream_target: StreamTarget = StreamTarget(
            account=name,
            admission=self.admission,
            withdraw=self.scheduler.withdraw,
            observers=observers,
            batch_limit=adapter.capabilities.max_messages,
            slots=slots_of(policy.limits, adapter.capabilities),
        )

    @property
    def messages(self) -> int:
        """The number of messages that wait or are held."""
        return self.holding.messages + sum(each.messages for each in self.queue.lanes)

    @property
    def is_busy(self) -> bool:
        """Whether anything waits or is under way."""
        return bool(self.limiter.under_way or self._follow_ups or self.messages)

    def take_back(self, reference: str) -> None:
        """End a queued message whose caller is gone, in the next turn of the loop or soon after."""
        loop = asyncio.get_running_loop()
        if loop is not self.loop:
            return
        if not self._given_up:
            # Once for all callers that are cancelled together or shortly after one another: a
            # search of the queue takes time.
            loop.call_later(max(0.0, self._search_at - self._now()), self._end_given_up)
        self._given_up.add(reference)

    def enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind the parts to the running event loop, with which they are closed."""
        self.loop = loop
        self.thread_name = threading.current_thread().name
        # A loop that ends closes the asynchronous generators that were begun in it.
        self._guard = self._close_with_loop()
        with suppress(StopIteration):
            self._guard.__anext__().send(None)

    async def aclose(self, deadline: Deadline) -> None:
        """Send queued messages until the deadline; then end the rest and close the transport."""
        self.is_closed = True
        try:
            await self.scheduler.aclose(deadline)
        finally:
            with anyio.move_on_after(max(0.0, deadline.remaining())):
                await self._transport.aclose()
            self._drop_guard()

    def abandon(self) -> None:
        """End queued messages; the event loop is closed, or does not run any more."""
        self._local.closed_because = _LOOP_ENDED
        for batch in self._stop_all():
            self._requeue.give_up(batch)

    def abandon_inherited(self) -> None:
        """Stop in a forked process: the parent sends the queued messages and has their outcomes.

        If the loop goes on in this process too, the copied callers get `Ambiguous` outcomes.
        """
        loop, self.loop = self.loop, None
        batches = self._stop_all()
        if loop is not None and batches:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon(self._end_inherited, batches)

    async def _close_with_loop(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            if not self.is_closed:
                self._local.closed_because = _LOOP_ENDED
                await self.aclose(Deadline.after(0.0, self._now))

    def _end_given_up(self) -> None:
        given_up, self._given_up = self._given_up, set()
        self._search_at = self._now() + _SEARCH_PAUSE * self.messages
        self.admission.queue_arrivals()
        for waiting in (self.queue, self.holding):
            for batch in list(waiting):
                gone = batch.owner.abandoned(batch.keys) if batch.owner.may_abandon else ()
                ended = {
                    index: self._local.outcome(batch.messages[index], local_failures.cancelled())
                    for index in gone
                    if batch.messages[index].reference in given_up
                }
                if ended:
                    waiting.end(batch, ended)
        self._wakeup.soon()

    def _stop_all(self) -> list[Batch]:
        """Stop everything without the event loop, and return the batches that waited."""
        self.is_closed = True
        self._drop_guard()
        self._wakeup.stop()
        self._requeue.close()
        with suppress(RuntimeError):  # a closed loop cannot be woken
            self.admission.close()
        batches = [*self.holding.close(), *self.queue.take_all()]
        self.scheduler.abandon()
        if isinstance(self._transport, Abandonable):
            self._transport.abandon()
        return batches

    def _end_inherited(self, batches: list[Batch]) -> None:
        for batch in batches:
            batch.finish_all(self._local.outcomes(batch.messages, local_failures.inherited()))

    def _drop_guard(self) -> None:
        """Close the guard, which has nothing left to do, without waiting."""
        guard, self._guard = self._guard, None
        if guard is not None:
            with suppress(StopIteration, RuntimeError):  # the guard itself may be running
                guard.aclose().send(None)
