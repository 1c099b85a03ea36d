"""One attempt of one batch: drive the adapter's flow, and end with an outcome for every message.

Every message has an outcome, even if a flow raises, an answer cannot be read or a connection
breaks. Only a cancellation is raised, and it carries the outcomes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Context, Effect, Verdict
from omnimsg.domain.byte_sizes import format_bytes
from omnimsg.domain.outcome import Accepted, AllAccepted, Ambiguous, NotSent, Outcome, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt import classify, local_failures
from omnimsg.engine.attempt.batch_split import Split, split_of
from omnimsg.engine.attempt.earlier_doubts import NO_DOUBTS
from omnimsg.engine.attempt.finding import Finding
from omnimsg.engine.attempt.flow import BrokenFlow, FlowRun, report_broken_contract
from omnimsg.engine.attempt.outcome_redaction import Redactor
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from omnimsg.adapter import Adapter, Request
    from omnimsg.domain.message import Message
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.deadline import Deadline
    from omnimsg.transport import Transport

_OUTCOMES = (Accepted, Rejected, NotSent, Ambiguous)
_TOO_LATE = "the deadline passed before the request was sent"


class Interrupted(asyncio.CancelledError):
    """An attempt was cancelled.

    Attributes:
        outcomes: What is known of its messages: one outcome each, in order.
    """

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


class BatchRun(FlowRun["Sequence[Outcome | None]"]):
    """One run of a flow that sends a batch, from the encoded request on.

    Attributes:
        messages: The messages of the batch.
        request: The request that is about to leave.
    """

    request: Request

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages


class AttemptRunner:
    """Sends one batch once through one account, without a journal.

    Args:
        adapter: The account's adapter.
        transport: The account's transport.
        clock: The account's clock.
        report_url: The URL that receives the account's reports, where they are received.
    """

    def __init__(
        self,
        adapter: Adapter[Any],
        transport: Transport,
        clock: Clock,
        report_url: str | None = None,
    ) -> None:
        self._adapter = adapter
        self._account = adapter.account.name
        self._transport = transport
        self._utc_now = clock.utc_now
        self._report_url = report_url
        self._redactor = Redactor(adapter)

    async def send(
        self,
        messages: Sequence[Message],
        deadline: Deadline,
        doubts: Mapping[str, Ambiguous] = NO_DOUBTS,
    ) -> list[Outcome] | Split:
        """Send a batch that the adapter can put into one request.

        Args:
            messages: Checked, of one group, no more than the adapter takes.
            deadline: The deadline of the attempt.
            doubts: The outcomes, by reference, of messages that may have been sent before.

        Returns:
            One outcome per message, in order; or a split, because the request would be too long or
            was refused as a whole.

        Raises:
            Interrupted: It was cancelled.
        """
        run = self.begin(messages, deadline)
        if not isinstance(run, BatchRun):
            return run
        outcomes = await self.finish(run, deadline)
        return split_of(outcomes, doubts) or outcomes

    def begin(
        self, messages: Sequence[Message], deadline: Deadline
    ) -> BatchRun | list[Outcome] | Split:
        """Encode a batch; nothing leaves yet.

        Returns:
            The run to `finish`; or the outcomes, or a split, of a batch that must not leave.
        """
        now = deadline.now()
        if deadline.ends <= now:
            return self.same_for_all(messages, local_failures.deadline_exceeded(_TOO_LATE))
        run = BatchRun(messages)
        try:
            utc_now = self._utc_now()
            if deadline.first_left_at is None:
                deadline.first_left_at = utc_now
            context = Context.make(self._account, utc_now, now - deadline.started, self._report_url)
            run.request = request = run.begin(self._adapter.send(messages, context))
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, there are outcomes
            return self._broken(_references(messages), error, run)
        limit = self._adapter.capabilities.max_bytes
        if limit is not None and request.body.__class__ is bytes and len(request.body) > limit:
            run.close()
            return self._too_long(messages, len(request.body), limit)
        return run

    async def finish(self, run: BatchRun, deadline: Deadline) -> list[Outcome]:
        """Send an encoded batch, and return one outcome per message, in order.

        Raises:
            Interrupted: It was cancelled.
        """
        try:
            found = await run.finish(run.request, self._transport, deadline)
            return self._read(run.messages, found, run)
        except asyncio.CancelledError:
            cancelled = local_failures.interrupted(left=run.sent)
            raise Interrupted(self.same_for_all(run.messages, cancelled)) from None
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, there are outcomes
            return self._broken(_references(run.messages), error, run)

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Send read receipts; return one outcome per id, in order."""
        if deadline.remaining() <= 0:
            late = local_failures.deadline_exceeded(_TOO_LATE)
            return self._outcomes(provider_ids, late)
        run: FlowRun[Sequence[Outcome | None]] = FlowRun()
        try:
            context = Context(account=self._account, now=self._utc_now(), waited=deadline.waited())
            flow = self._adapter.mark_read(provider_ids, context)
            found = await run.finish(run.begin(flow), self._transport, deadline)
            return self._redactor.receipts(self._complete(provider_ids, found, run))
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, there are outcomes
            return self._broken(provider_ids, error, run)

    def same_for_all(self, messages: Sequence[Message], finding: Finding) -> list[Outcome]:
        """Return one outcome per message, all of the same finding."""
        return self._outcomes(_references(messages), finding)

    def _too_long(
        self, messages: Sequence[Message], size: int, limit: int
    ) -> list[Outcome] | Split:
        """Split a batch whose request would be too long, before anything is written."""
        if len(messages) > 1:
            return Split(-(-size // limit))
        detail = (
            f"makes a request of {format_bytes(size)}; the provider takes {format_bytes(limit)}"
        )
        reason, retry = Reason.CONTENT_TOO_LARGE, Retry.NEVER
        too_long = Finding.of(Verdict.NOT_SENT, reason, detail, retry=retry, path="content")
        return self.same_for_all(messages, too_long)

    def _read(
        self, messages: Sequence[Message], found: Sequence[Outcome | None], run: BatchRun
    ) -> list[Outcome]:
        """Check and redact the adapter's outcomes; the fast path is for acceptances alone."""
        account = self._account
        if found.__class__ is list and len(found) == len(messages):
            for message, outcome in zip(messages, found, strict=True):
                if (
                    outcome.__class__ is not Accepted
                    or outcome.reference != message.reference
                    or outcome.account != account
                ):
                    break
            else:
                return AllAccepted(found)
        return self._redactor.outcomes(self._complete(_references(messages), found, run), messages)

    def _complete(
        self,
        references: Sequence[str],
        found: Sequence[Outcome | None],
        run: FlowRun[Sequence[Outcome | None]],
    ) -> list[Outcome]:
        """Check the adapter's outcomes; classify by HTTP status where it has no verdict.

        Raises:
            BrokenFlow: There is not one outcome per message, or one of another message.
        """
        response = run.response
        assert response is not None  # noqa: S101 - a flow ends after an answer
        if len(found) != len(references):
            raise BrokenFlow(f"returned {len(found)} outcomes for {len(references)} messages")
        outcomes: list[Outcome] = []
        by_status: Finding | None = None
        now: datetime | None = None
        for reference, outcome in zip(references, found, strict=True):
            if outcome is not None and (
                outcome.__class__ not in _OUTCOMES
                or outcome.reference != reference
                or outcome.account != self._account
            ):
                raise BrokenFlow("returned the outcome of another message, or none at all")
            if isinstance(outcome, Accepted):
                outcomes.append(outcome)
                continue
            now = now or self._utc_now()
            if outcome is None:
                if by_status is None:
                    by_status = classify.of_messages(
                        classify.by_status(
                            response,
                            run.effect,
                            self._adapter.table,
                            # Else its words are those about other messages, which they may quote.
                            quotes=not any(found),
                        ),
                        run.effect,
                        sent_before=run.sent_before,
                    )
                    failure = classify.with_retry_after(by_status.failure, response, now)
                    by_status = Finding(by_status.verdict, failure)
                outcomes.append(by_status.outcome(reference, self._account))
            else:
                failure = classify.with_retry_after(outcome.failure, response, now)
                outcomes.append(_of_flow(attrs.evolve(outcome, failure=failure), run))
        return outcomes

    def _broken(
        self,
        references: Sequence[str],
        error: Exception,
        run: FlowRun[Sequence[Outcome | None]],
    ) -> list[Outcome]:
        """Return the outcomes of messages whose flow raised."""
        if isinstance(error, TransportFault):
            # Only a request that sends makes a message doubtful.
            effect = Effect.SENDS if run.sent else run.effect
            finding = classify.by_fault(error, effect, left=run.sent)
        else:
            detail = report_broken_contract(f"the adapter of {self._adapter.provider}", error)
            finding = classify.by_broken_contract(detail, left=run.sent)
        return self._outcomes(references, finding)

    def _outcomes(self, references: Sequence[str], finding: Finding) -> list[Outcome]:
        return [finding.outcome(each, self._account) for each in references]


def _of_flow(
    outcome: Rejected | NotSent | Ambiguous, run: FlowRun[Sequence[Outcome | None]]
) -> Outcome:
    """Return the outcome of a message whose outcome at the last request of a flow is given.

    The adapter's table is for a flow of one request, which sends.
    """
    if isinstance(outcome, NotSent) and run.sent_before:
        verdict = Verdict.NOT_SENT
    elif isinstance(outcome, Ambiguous) and not run.sent_before and run.effect is not Effect.SENDS:
        verdict = Verdict.AMBIGUOUS
    else:
        return outcome
    finding = Finding(verdict, outcome.failure)
    found = classify.of_messages(finding, run.effect, sent_before=run.sent_before)
    return found.outcome(outcome.reference, outcome.account)


def _references(messages: Sequence[Message]) -> list[str]:
    return [each.reference for each in messages]
