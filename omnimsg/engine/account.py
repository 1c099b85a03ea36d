"""One account at work: everything that is sent and asked through it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio

from omnimsg.adapter import Operation
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.outcome import NotSent
from omnimsg.engine.account_reports import Health, Preview
from omnimsg.engine.attempt.journal_writer import JournalWriter
from omnimsg.engine.attempt.recorded_runner import RecordedRunner
from omnimsg.engine.attempt.runner import AttemptRunner, BatchRun
from omnimsg.engine.clock import SystemClock
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.file_transfer import FileTransfers
from omnimsg.engine.limits.answer_times import AnswerTimes
from omnimsg.engine.limits.circuit_breaker import CircuitBreakers
from omnimsg.engine.limits.rate_limiter import RateLimiter, slots_of
from omnimsg.engine.observers import Observers
from omnimsg.engine.operations import OperationRunner
from omnimsg.engine.policy import AccountTrouble, OnAmbiguous, Policy
from omnimsg.engine.sending.admission import Admission
from omnimsg.engine.sending.clearance import Clearance
from omnimsg.engine.sending.completion import Completion
from omnimsg.engine.sending.follow_up import FollowUp
from omnimsg.engine.sending.holding import Holding
from omnimsg.engine.sending.local_outcomes import LocalOutcomes
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.engine.sending.queue import Queue
from omnimsg.engine.sending.reconcile import Reconciler
from omnimsg.engine.sending.requeue import Requeue
from omnimsg.engine.sending.retry import Retrier
from omnimsg.engine.sending.scheduler import Scheduler
from omnimsg.engine.sending.slots import OperationSlots
from omnimsg.engine.sending.stream import Streams
from omnimsg.engine.sending.tasks import Tasks
from omnimsg.engine.sending.wakeup import Wakeup
from omnimsg.transport import TransportOptions

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Sequence
    from pathlib import Path

    from omnimsg.adapter import Adapter
    from omnimsg.domain.history import Balance, HistoryQuery, Interaction, PastMessage
    from omnimsg.domain.media import MediaInfo, Stored, Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal
    from omnimsg.transport import Transport


class AccountEngine:
    """One account at work.

    It is used in one event loop. Every `deadline` is in seconds, for the whole call.

    Args:
        adapter: Translates the provider's API for the account.
        transport: Carries its requests; closed with the account.
        policy: What the account's owner decides.
        journal: Records every attempt.
        observers: Told what happens.
        clock: The clock that everything of the account reads.

    Attributes:
        name: The account's name.
        adapter: The account's adapter.

    Raises:
        ConfigError: The policy asks for what the provider cannot do.
    """

    def __init__(
        self,
        adapter: Adapter[Any],
        transport: Transport,
        *,
        policy: Policy | None = None,
        journal: Journal | None = None,
        observers: Observers | None = None,
        clock: Clock | None = None,
    ) -> None:
        policy = policy or Policy()
        observers = observers or Observers()
        clock = clock or SystemClock()
        now = clock.monotonic
        self.name: str = adapter.account.name
        self.adapter: Adapter[Any] = adapter
        self._transport = transport
        self._now = now

        # The attempt: one request, with or without a record of it.
        writer = None if journal is None else JournalWriter(journal, self.name)
        self._runner = AttemptRunner(adapter, transport, clock)
        is_recorded = writer is not None or observers.watch_attempts
        recorded = (
            RecordedRunner(self._runner, self.name, observers, writer) if is_recorded else None
        )

        # The limits, and what waits for them.
        self._limiter = RateLimiter(policy.limits, adapter.capabilities, now=now)
        wakeup = Wakeup(now)
        self._queue = Queue(adapter.capabilities.max_messages, now=now)
        slots = OperationSlots(self._limiter, wakeup, now=now)

        # Operations, among them the look-up of doubtful messages.
        retrier = Retrier(self.name, policy, observers)
        self._operations = OperationRunner(adapter, transport, self._runner, retrier, slots, clock)
        self._files = FileTransfers(adapter, self._operations, clock)
        reconciler = None
        if policy.on_ambiguous is OnAmbiguous.RESEND_IF_NOT_FOUND:
            _require_find(adapter)
            reconciler = Reconciler(self.name, policy, self._operations.find, observers, writer)

        # What follows an attempt.
        changed = asyncio.Event()
        follow_ups = Tasks(changed.set)
        local = LocalOutcomes(self.name)
        requeue = Requeue(self._queue, local, wakeup)
        follow_up = FollowUp(retrier, reconciler, requeue, follow_ups, local)
        self._checks = MessageChecks(adapter)
        answer_times = AnswerTimes()
        self._breakers = CircuitBreakers(
            self.name,
            policy.breaker,
            self._checks.channel,
            answer_times,
            now=now,
            observers=observers,
        )
        self._holding = (
            Holding(self.name, self._breakers.pause, requeue, now=now, observers=observers)
            if policy.account_trouble is AccountTrouble.HOLD
            else None
        )
        completion = Completion(
            account=self.name,
            limiter=self._limiter,
            max_pause=policy.limits.max_pause,
            answer_times=answer_times,
            breakers=self._breakers,
            holding=self._holding,
            follow_up=follow_up,
            wakeup=wakeup,
            observers=observers,
            now=now,
        )

        # The way in, and the way out.
        self._admission = Admission(
            checks=self._checks,
            local=local,
            queue=self._queue,
            wakeup=wakeup,
            now=now,
            observers=observers,
        )
        self._scheduler = Scheduler(
            now=now,
            linger=policy.limits.linger,
            admission=self._admission,
            queue=self._queue,
            slots=slots,
            limiter=self._limiter,
            clearance=Clearance(
                breakers=self._breakers,
                limiter=self._limiter,
                answer_times=answer_times,
                completion=completion,
                local=local,
                now=now,
            ),
            runner=self._runner,
            recorded=recorded,
            completion=completion,
            holding=self._holding,
            follow_ups=follow_ups,
            requeue=requeue,
            wakeup=wakeup,
            local=local,
            changed=changed,
        )
        self._streams = Streams(
            account=self.name,
            admission=self._admission,
            scheduler=self._scheduler,
            observers=observers,
            batch_limit=adapter.capabilities.max_messages,
            slots=slots_of(policy.limits, adapter.capabilities),
        )

    def submit(self, message: Message, deadline: float) -> asyncio.Future[Outcome]:
        """Hand over one message, and return the future of its outcome.

        Cancelling the future takes the message back, unless it has left.
        """
        return self._admission.submit(message, deadline)

    def stream(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        deadline: float,
        *,
        ahead: int | None = None,
    ) -> AsyncGenerator[Outcome, None]:
        """Send a stream of messages; see `Streams.send`."""
        return self._streams.send(messages, deadline=deadline, ahead=ahead)

    async def status(self, provider_id: str, deadline: float) -> MessageStatus:
        """Ask where a message is."""
        return await self._operations.run(
            Operation.STATUS,
            lambda context: self.adapter.status(provider_id, context),
            deadline=deadline,
        )

    async def cancel(self, provider_id: str, deadline: float) -> bool:
        """Stop a scheduled message; `False` when it is too late, or there is no such message."""
        return await self._operations.run(
            Operation.CANCEL,
            lambda context: self.adapter.cancel(provider_id, context),
            deadline=deadline,
        )

    async def upload(self, upload: Upload, deadline: float) -> Stored:
        """Hand a file to the provider."""
        return await self._files.upload(upload, deadline)

    async def download(self, stored: Stored, deadline: float) -> bytes:
        """Fetch a stored file into memory."""
        return await self._files.download(stored, deadline)

    async def download_to(self, stored: Stored, path: Path, deadline: float) -> None:
        """Fetch a stored file to a path, where it appears only when it is whole."""
        await self._files.download_to(stored, path, deadline)

    async def media_info(self, stored: Stored, deadline: float) -> MediaInfo:
        """Ask what the provider says of a stored file."""
        return await self._operations.run(
            Operation.MEDIA_INFO,
            lambda context: self.adapter.media_info(stored, context),
            deadline=deadline,
        )

    async def balance(self, deadline: float) -> Balance:
        """Ask what is left on the account."""
        return await self._operations.run(
            Operation.BALANCE, self.adapter.balance, deadline=deadline
        )

    def history(self, query: HistoryQuery, deadline: float) -> AsyncIterator[PastMessage]:
        """Go through past messages; `deadline` is for each page."""
        return self._operations.pages(
            Operation.HISTORY,
            lambda page, context: self.adapter.history(query, page, context),
            deadline=deadline,
        )

    def interactions(self, provider_id: str, deadline: float) -> AsyncIterator[Interaction]:
        """Go through what people did with a message; `deadline` is for each page."""
        return self._operations.pages(
            Operation.INTERACTIONS,
            lambda page, context: self.adapter.interactions(provider_id, page, context),
            deadline=deadline,
        )

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Tell people that their messages were read; one outcome per id, in order."""
        most = self.adapter.capabilities.max_messages
        outcomes: list[Outcome] = []
        for start in range(0, len(provider_ids), most):
            part = provider_ids[start : start + most]
            outcomes += await self._operations.mark_read(part, deadline)
        return outcomes

    def preview(self, message: Message) -> Preview:
        """Return what would become of a message now; nothing is sent, counted or recorded.

        Raises:
            TypeError: It is no message.
        """
        refusal = self._checks.refusal(message)
        if refusal is None:
            (refusal,) = self._breakers.held_back([message])
        request = None
        if refusal is None:
            run = self._runner.begin([message], Deadline.after(1.0, self._now))
            if isinstance(run, BatchRun):
                request = run.request
                run.close()
            elif isinstance(run, list) and isinstance(run[0], NotSent):
                refusal = run[0]
        return Preview(
            channel=self._checks.channel(message),
            refusal=refusal,
            request=request,
            wait=self._limiter.wait(),
        )

    def health(self) -> Health:
        """Return how the account is doing."""
        return Health(
            open_circuits=self._breakers.open_circuits(),
            waiting=sum(each.messages for each in self._queue.lanes),
            held=0 if self._holding is None else self._holding.messages,
            under_way=self._limiter.under_way,
            pace=self._limiter.pace,
        )

    async def aclose(self, deadline: Deadline) -> None:
        """Send what waits, until the deadline; then end it and close the transport for good."""
        try:
            await self._scheduler.aclose(deadline)
        finally:
            with anyio.move_on_after(max(0.0, deadline.remaining())):
                await self._transport.aclose()


def transport_options(adapter: Adapter[Any], policy: Policy) -> TransportOptions:
    """Return what the transport of an account is built from."""
    return TransportOptions(
        base_url=adapter.account.base_url,
        hosts=adapter.hosts,
        authorization=adapter.authorization(),
        connections=slots_of(policy.limits, adapter.capabilities),
        network=policy.network,
    )


def _require_find(adapter: Adapter[Any]) -> None:
    if Operation.FIND not in adapter.operations():
        raise ConfigError(
            f"accounts.{adapter.account.name}.on_ambiguous: {adapter.provider} cannot be asked"
            " for a message by its reference; use hold or resend"
        )
