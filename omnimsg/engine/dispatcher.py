"""One attempt of one batch: drive the adapter's flow, and end with an outcome for every message.

Whatever happens here, an outcome comes out: a flow that raises, an answer that cannot be read, a
connection that breaks. Only cancellation passes through, and even then the journal is told first.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from omnimsg.adapter import Context, Request, Response, Verdict, outcome_of
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Outcome
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine import classify
from omnimsg.engine.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.adapter import Adapter, Flow
    from omnimsg.domain.message import Message
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.transport import Transport

log = logging.getLogger("omnimsg.engine")

# Seconds the journal gets to note an outcome when the caller has already gone.
_LAST_WORDS = 5.0


def utc_now() -> datetime:
    """Return the time; the one clock of the engine."""
    return datetime.now(UTC)


class Dispatcher:
    """Sends one batch once through one account."""

    def __init__(
        self,
        adapter: Adapter[Any],
        transport: Transport,
        *,
        journal: Journal | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._adapter = adapter
        self._transport = transport
        self._journal = journal
        self._clock = clock
        self._account = adapter.account.name

    async def dispatch(self, messages: Sequence[Message], deadline: Deadline) -> list[Outcome]:
        """Send a batch that the adapter can put into one request.

        Args:
            messages: Checked, of one group, no more than the adapter takes.
            deadline: When the caller's patience ends.

        Returns:
            One outcome per message, in order.
        """
        references = [message.reference for message in messages]
        if deadline.remaining() <= 0:
            return self._all(references, *_too_late())
        context = Context(account=self._account, now=self._clock(), waited=deadline.waited())
        flow = self._adapter.send(messages, context)
        try:
            request = next(flow)
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, there are outcomes
            return self._all(references, *self._broken(error, written=False))
        limit = self._adapter.capabilities.max_bytes
        if limit is not None and isinstance(request.body, bytes) and len(request.body) > limit:
            flow.close()
            return await self._halved(messages, deadline, len(request.body), limit)
        if self._journal is None:
            return await self._exchanged(references, flow, request, deadline)
        return await self._journalled(self._journal, messages, flow, request, deadline)

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Tell people that their messages were read; one outcome per id, in order."""
        if deadline.remaining() <= 0:
            return self._all(provider_ids, *_too_late())
        context = Context(account=self._account, now=self._clock(), waited=deadline.waited())
        flow = self._adapter.mark_read(provider_ids, context)
        try:
            request = next(flow)
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, there are outcomes
            return self._all(provider_ids, *self._broken(error, written=False))
        return await self._exchanged(provider_ids, flow, request, deadline)

    async def _halved(
        self, messages: Sequence[Message], deadline: Deadline, size: int, limit: int
    ) -> list[Outcome]:
        """Cut a batch whose request would be too long in two, before anything is written."""
        if len(messages) == 1:
            failure = Failure(
                reason=Reason.CONTENT_TOO_LARGE,
                retry=Retry.NEVER,
                path="content",
                detail=f"makes a request of {size} bytes; the provider takes {limit}",
            )
            return self._all([messages[0].reference], Verdict.NOT_SENT, failure)
        middle = len(messages) // 2
        return [
            *await self.dispatch(messages[:middle], deadline),
            *await self.dispatch(messages[middle:], deadline),
        ]

    async def _journalled(
        self,
        journal: Journal,
        messages: Sequence[Message],
        flow: Flow[Sequence[Outcome | None]],
        request: Request,
        deadline: Deadline,
    ) -> list[Outcome]:
        references = [message.reference for message in messages]
        try:
            await journal.intend(self._account, messages)
        except Exception as error:
            # Without a record nothing may leave.
            flow.close()
            log.exception("the journal refused an intent; %d messages are not sent", len(messages))
            detail = f"the journal could not record the intent ({type(error).__name__})"
            return self._all(references, *classify.internal(detail, written=False))
        try:
            outcomes = await self._exchanged(references, flow, request, deadline)
        except asyncio.CancelledError:
            lost = TransportFault(Reason.CANCELLED, "cancelled by the caller", written=True)
            await self._settle(journal, self._all(references, *classify.by_fault(lost)))
            raise
        await self._settle(journal, outcomes)
        return outcomes

    async def _settle(self, journal: Journal, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes, also for a caller that is gone; what cannot be recorded is shouted."""
        try:
            with anyio.fail_after(_LAST_WORDS, shield=True):
                await journal.settle(outcomes)
        except Exception as error:
            # The outcomes still reach the caller; after a crash now, they count as ambiguous.
            log.critical(
                "the journal lost %d outcomes of account %r",
                len(outcomes),
                self._account,
                exc_info=error,
            )

    async def _exchanged(
        self,
        references: Sequence[str],
        flow: Flow[Sequence[Outcome | None]],
        request: Request,
        deadline: Deadline,
    ) -> list[Outcome]:
        written = False
        while True:
            try:
                response = await self._transport.exchange(request, within=deadline.remaining())
            except TransportFault as fault:
                flow.close()
                fault.written = fault.written or written
                return self._all(references, *classify.by_fault(fault))
            written = True
            try:
                request = flow.send(response)
            except StopIteration as stop:
                return self._judged(references, stop.value, response)
            except Exception as error:  # noqa: BLE001 - whatever an adapter does, there are outcomes
                return self._all(references, *self._broken(error, written=True))

    def _judged(
        self,
        references: Sequence[str],
        outcomes: Sequence[Outcome | None] | None,
        response: Response,
    ) -> list[Outcome]:
        """Complete the adapter's verdicts with what the HTTP status proves."""
        if outcomes is None or len(outcomes) != len(references):
            detail = f"the adapter of {self._adapter.provider} miscounted its outcomes"
            return self._all(references, *classify.internal(detail, written=True))
        if all(outcome.__class__ is Accepted for outcome in outcomes):
            return list(outcomes)  # type: ignore[arg-type]  # just seen
        now = self._clock()
        verdict, failure = classify.by_status(response)
        failure = classify.with_retry_after(failure, response, now)
        judged: list[Outcome] = []
        for reference, outcome in zip(references, outcomes, strict=True):
            if outcome is None:
                judged.append(outcome_of(verdict, reference, self._account, failure))
            elif isinstance(outcome, Accepted):
                judged.append(outcome)
            else:
                full = classify.with_retry_after(outcome.failure, response, now)
                judged.append(attrs.evolve(outcome, failure=full))
        return judged

    def _all(self, references: Sequence[str], verdict: Verdict, failure: Failure) -> list[Outcome]:
        return [outcome_of(verdict, each, self._account, failure) for each in references]

    def _broken(self, error: Exception, *, written: bool) -> tuple[Verdict, Failure]:
        # Only the type: an exception's text may quote the message.
        provider, kind = self._adapter.provider, type(error).__name__
        log.error("the adapter of %s raised %s; please report it", provider, kind)
        log.debug("the adapter of %s raised", provider, exc_info=error)
        return classify.internal(f"the adapter of {provider} raised {kind}", written=written)


def _too_late() -> tuple[Verdict, Failure]:
    return Verdict.NOT_SENT, Failure(
        reason=Reason.DEADLINE_EXCEEDED,
        retry=Retry.NEVER,
        fault=Fault.CALLER,
        detail="the deadline passed before the message could leave",
    )
