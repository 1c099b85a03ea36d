"""Run operations besides sending: a flow ends with its value, or with an `OperationError`."""

from __future__ import annotations

from contextlib import ExitStack, aclosing, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.adapter import Absent, Adapter, Context, Effect, Operation
from omnimsg.domain.errors import InvalidValue, OperationError
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Retry
from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.flow import BrokenFlow, FlowRun, NoRequest, report_broken_contract
from omnimsg.engine.attempt.outcome_redaction import Redactor
from omnimsg.engine.attempt.runner import AttemptRunner
from omnimsg.engine.clock import Clock
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.observers import Observers
from omnimsg.engine.sending.operation_slots import OperationSlots
from omnimsg.engine.sending.retry import Retrier
from omnimsg.engine.unknown_codes import note_failure, note_leg, note_outcomes
from omnimsg.transport import SinkFault, Transport, TransportFault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Sequence

    from omnimsg.adapter import Answered, Flow
    from omnimsg.domain.history import HistoryQuery, Page, PastMessage
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.transport import Sink

T = TypeVar("T")

# Seconds by which the provider's clock may be behind ours. A message that it took longer than that
# before the call is an earlier one with the same reference.
_CLOCK_SKEW = 300.0

# Seconds of one look-up: a provider that does not answer must not use up the message's deadline.
_FIND_TIMEOUT = 30.0


@attrs.define(eq=False)
class OperationRunner:
    """Runs the operations of one account.

    Args:
        adapter: The account's adapter.
        transport: The account's transport.
        runner: Sends read receipts, and reads their outcomes as those of messages.
        retrier: The account's retries.
        slots: Gives out the account's request slots.
        clock: The account's clock.
        observers: Told of codes and statuses that the adapter's tables do not have.
    """

    _adapter: Adapter[Any]
    _transport: Transport
    _runner: AttemptRunner
    _retrier: Retrier
    _slots: OperationSlots
    _clock: Clock
    _observers: Observers
    _account: str = attrs.field(init=False)
    _redactor: Redactor = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Set the attributes that follow from the adapter."""
        self._account = self._adapter.account.name
        self._redactor = Redactor(self._adapter)

    async def run(
        self,
        operation: Operation,
        start: Callable[[Context], Flow[Answered[T]]],
        *,
        deadline: float,
        sink: Sink | None = None,
        recipients: Collection[str | None] = (),
    ) -> T:
        """Run an operation, and return its value.

        A failed attempt is retried where its request changes nothing, or where nothing had left.
        With a sink there is one attempt: what was written cannot be taken back.

        Args:
            operation: The operation, for the error.
            start: Begins the adapter's flow.
            deadline: Seconds for the whole operation.
            sink: Where a downloaded file goes.
            recipients: Numbers and addresses that the operation is given; no error shows them.

        Raises:
            OperationError: It failed; `failure` says why.
            InvalidValue: The adapter cannot build a path from an id.
            OSError: The sink cannot be written.
        """
        until = Deadline.after(deadline, self._clock.monotonic)

        known = [each for each in recipients if each]

        async def ask() -> T | Failure:
            try:
                await self._slots.acquire(until)
            except TimeoutError:
                return local_failures.deadline_exceeded(
                    "the deadline passed before the request could start"
                ).failure
            except TransportFault as closed:
                return classify.by_fault(closed, Effect.READ, left=False).failure
            try:
                result = await self._attempt(start, until, sink)
            finally:
                self._slots.release()
            if isinstance(result, Failure):
                result = self._redactor.failure(result, known)
                note_failure(result, self._adapter, self._observers)
            return result

        if sink is None:
            result = await self._retrier.operation(ask, until)
        else:
            result = await ask()
        if isinstance(result, Failure):
            raise OperationError(operation.value, self._account, result)
        return result

    async def status(self, provider_id: str, deadline: float) -> MessageStatus:
        """Ask for the status of a message."""
        found = await self.run(
            Operation.STATUS,
            lambda context: self._adapter.status(provider_id, context),
            deadline=deadline,
        )
        for leg in found.legs:
            note_leg(leg, self._adapter, self._observers)
        return self._redactor.status(found)

    async def history(
        self, query: HistoryQuery, deadline: float
    ) -> AsyncGenerator[PastMessage, None]:
        """Yield past messages; `deadline` is for each page."""
        pages = self.pages(
            Operation.HISTORY,
            lambda page, context: self._adapter.history(query, page, context),
            deadline=deadline,
            recipients=(query.to, query.sender),
        )
        async with aclosing(pages):
            async for each in pages:
                note_leg(each.leg, self._adapter, self._observers)
                yield self._redactor.past(each)

    async def pages(
        self,
        operation: Operation,
        start: Callable[[str | None, Context], Flow[Answered[Page[T]]]],
        *,
        deadline: float,
        recipients: Collection[str | None] = (),
    ) -> AsyncGenerator[T, None]:
        """Yield the items of all pages; each page is fetched when it is needed.

        Args:
            operation: The operation, for the error.
            start: Begins the adapter's flow for a page, by its token; `None` is the first.
            deadline: Seconds for each page.
            recipients: Numbers and addresses that the operation is given; no error shows them.
        """
        token: str | None = None
        seen: set[str | None] = {token}
        while True:
            page = await self.run(
                operation, partial(start, token), deadline=deadline, recipients=recipients
            )
            for item in page.items:
                yield item
            token = page.next
            # A provider that repeats a token would be asked for ever.
            if token in seen:
                return
            seen.add(token)

    async def find(self, message: Message, deadline: Deadline) -> Accepted | Absent | None:
        """Look up a message that may have been sent; `None` where there is no clear answer.

        Args:
            message: The message.
            deadline: The message's own. It began when the message was handed over, before which the
                provider cannot have taken the message.
        """
        since = self._clock.utc_now() - timedelta(seconds=deadline.waited())
        if deadline.first_left_at is not None:
            # The machine may have slept since then, or its time of day was set forward.
            since = min(since, deadline.first_left_at)
        since -= timedelta(seconds=_CLOCK_SKEW)
        try:
            found = await self.run(
                Operation.FIND,
                lambda context: self._adapter.find(message, since, context),
                deadline=min(deadline.remaining(), _FIND_TIMEOUT),
            )
        except (OperationError, InvalidValue):
            return None
        match found:
            case Absent():
                return found
            case Accepted(reference=message.reference, account=self._account):
                return found
        report_broken_contract(
            f"the adapter of {self._adapter.provider}", BrokenFlow("found another message")
        )
        return None

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Send read receipts; return one outcome per id, in order."""

        async def mark(ids: Sequence[str]) -> list[Outcome]:
            with ExitStack() as stack:
                # Without a slot, the runner finds the deadline passed or the transport closed.
                with suppress(TimeoutError, TransportFault):
                    await self._slots.acquire(deadline)
                    stack.callback(self._slots.release)
                outcomes = await self._runner.mark_read(ids, deadline)
                note_outcomes(outcomes, self._adapter, self._observers)
                return outcomes

        async def mark_again(indexes: Sequence[int]) -> None:
            again = await mark([provider_ids[index] for index in indexes])
            for index, outcome in zip(indexes, again, strict=True):
                outcomes[index] = outcome

        outcomes = await mark(provider_ids)
        await self._retrier.batch(outcomes, mark_again, deadline)
        return outcomes

    async def _attempt(
        self, start: Callable[[Context], Flow[Answered[T]]], deadline: Deadline, sink: Sink | None
    ) -> T | Failure:
        if deadline.remaining() <= 0:
            return local_failures.deadline_exceeded("the deadline passed").failure
        now = self._clock.utc_now()
        context = Context(account=self._account, now=now, waited=deadline.waited())
        run: FlowRun[Answered[T]] = FlowRun()
        try:
            value = await run.finish(run.begin(start(context)), self._transport, deadline, sink)
        except TransportFault as fault:
            return classify.by_fault(fault, run.effect, left=run.left).failure
        except SinkFault as fault:
            raise fault.error from None
        except Exception as error:
            if isinstance(error, InvalidValue) and run.response is None:
                raise  # the caller's id, from which no path can be built
            if isinstance(error, NoRequest) and isinstance(error.value, Failure):
                return error.value
            detail = report_broken_contract(f"the adapter of {self._adapter.provider}", error)
            return classify.by_broken_contract(detail, left=run.left).failure
        assert run.response is not None  # noqa: S101 - a flow ends after an answer
        if value is None:
            value = classify.by_status(run.response, run.effect, self._adapter.table).failure
        if not isinstance(value, Failure):
            return value
        if value.retry is Retry.UNSAFE and run.effect.is_repeatable:
            # The code's row is written for sending; this request may be repeated all the same.
            value = attrs.evolve(value, retry=Retry.SAFE)
        return classify.with_retry_after(value, run.response, self._clock.utc_now())
