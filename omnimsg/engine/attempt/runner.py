"""One attempt of one batch: drive the adapter's flow, and end with an outcome for every message.

Whatever happens here, an outcome comes out: a flow that raises, an answer that cannot be read, a
connection that breaks. Only cancellation passes through, and even then the journal is told first.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import attrs

from omnimsg.adapter import Context, Verdict, outcome_of
from omnimsg.domain.failure import Failure
from omnimsg.domain.formatting import format_bytes
from omnimsg.domain.outcome import Accepted, AllAccepted, Ambiguous, NotSent, Outcome, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt import classify
from omnimsg.engine.attempt.flow import BrokenFlow, FlowRun, blame
from omnimsg.engine.attempt.journal_writer import JournalWriter
from omnimsg.transport.aiohttp_transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from omnimsg.adapter import Adapter
    from omnimsg.domain.message import Message
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.journal import Journal
    from omnimsg.transport.aiohttp_transport import Transport

_Run: TypeAlias = "FlowRun[Sequence[Outcome | None]]"
_LATE = "the deadline passed before it left"
_KINDS = (Accepted, Rejected, NotSent, Ambiguous)
NO_DOUBTS: Mapping[str, Ambiguous] = MappingProxyType({})
"""What is known where nothing was sent before."""


def utc_now() -> datetime:
    """Return the time; the one clock of the engine."""
    return datetime.now(UTC)


class Attempt(Protocol):
    """Sends one batch once; `Dispatcher.dispatch`, and whatever a test puts in its place."""

    def __call__(
        self, messages: Sequence[Message], deadline: Deadline, doubts: Mapping[str, Ambiguous]
    ) -> Awaitable[list[Outcome] | Split]:
        """See `Dispatcher.dispatch`."""


class Interrupted(asyncio.CancelledError):
    """An attempt was cancelled; what is known of its messages comes along.

    Attributes:
        outcomes: One per message, in order.
    """

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


@attrs.frozen
class Split:
    """A batch that has to be cut: no message of it was processed, and most of them may yet be.

    Attributes:
        parts: Into how many.
    """

    parts: int


class AttemptRunner:
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
        self._recorder = None if journal is None else JournalWriter(journal, adapter.account.name)
        self._clock = clock
        self._account = adapter.account.name

    async def dispatch(
        self,
        messages: Sequence[Message],
        deadline: Deadline,
        doubts: Mapping[str, Ambiguous] = NO_DOUBTS,
    ) -> list[Outcome] | Split:
        """Send a batch that the adapter can put into one request.

        Args:
            messages: Checked, of one group, no more than the adapter takes.
            deadline: When the caller's patience ends.
            doubts: By reference, what is known of messages that may have been sent before. Only
                an acceptance can better it.

        Returns:
            One outcome per message, in order; or the word that it has to be cut, because the
            request would be too long or was refused as a whole.

        Raises:
            Interrupted: It was cancelled.
        """
        if deadline.ends <= deadline.clock():
            late = self._all(_names(messages), *classify.too_late(_LATE))
            return _doubted(late, doubts)
        run: _Run = FlowRun()
        recorder: JournalWriter | None = None
        try:
            context = self._context(deadline)
            request = run.begin(self._adapter.send(messages, context))
            limit = self._adapter.capabilities.max_bytes
            if limit is not None and request.body.__class__ is bytes and len(request.body) > limit:
                run.close()
                return self._too_long(messages, len(request.body), limit)
            recorder = self._recorder
            refusal = None if recorder is None else await recorder.intend(messages, deadline)
            if refusal is None:
                found = await run.finish(request, self._transport, deadline)
                outcomes = self._read(messages, found, run)
            else:
                run.close()
                outcomes = self._all(_names(messages), *refusal)
        except asyncio.CancelledError:
            run.close()
            cancelled = classify.cancelled(left=run.left)
            outcomes = _doubted(self._all(_names(messages), *cancelled), doubts)
            if recorder is not None:
                with suppress(asyncio.CancelledError):  # twice is as good as once
                    await recorder.settle(outcomes)
            raise Interrupted(outcomes) from None
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, there are outcomes
            outcomes = self._failed(_names(messages), error, run)
        if doubts:
            outcomes = _doubted(outcomes, doubts)
        split = None if outcomes.__class__ is AllAccepted else _split(outcomes)
        if recorder is not None:
            # Also what was refused: its intent may have been recorded in part, or be late.
            try:
                await recorder.settle(_unblamed(outcomes) if split else outcomes)
            except asyncio.CancelledError:
                raise Interrupted(outcomes) from None
        return split or outcomes

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Tell people that their messages were read; one outcome per id, in order."""
        if deadline.remaining() <= 0:
            return self._all(provider_ids, *classify.too_late(_LATE))
        run: _Run = FlowRun()
        try:
            context = self._context(deadline)
            flow = self._adapter.mark_read(provider_ids, context)
            found = await run.finish(run.begin(flow), self._transport, deadline)
            return self._judged(provider_ids, found, run)
        except Exception as error:  # noqa: BLE001 - whatever an adapter does, there are outcomes
            return self._failed(provider_ids, error, run)

    def _context(self, deadline: Deadline) -> Context:
        return Context(account=self._account, now=self._clock(), waited=deadline.waited())

    def _too_long(
        self, messages: Sequence[Message], size: int, limit: int
    ) -> list[Outcome] | Split:
        """Have a batch cut whose request would be too long, before anything is written."""
        if len(messages) > 1:
            return Split(-(-size // limit))
        failure = Failure(
            reason=Reason.CONTENT_TOO_LARGE,
            retry=Retry.NEVER,
            path="content",
            detail=(
                f"makes a request of {format_bytes(size)}; the provider takes {format_bytes(limit)}"
            ),
        )
        return self._all([messages[0].reference], Verdict.NOT_SENT, failure)

    def _read(
        self, messages: Sequence[Message], found: Sequence[Outcome | None], run: _Run
    ) -> list[Outcome]:
        """Take the adapter's outcomes as they are where all is well, as nearly always."""
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
        # Without words of the messages in what is said of them.
        return classify.discreet(self._judged(_names(messages), found, run), messages)

    def _judged(
        self,
        references: Sequence[str],
        outcomes: Sequence[Outcome | None],
        run: _Run,
    ) -> list[Outcome]:
        """Complete the adapter's verdicts with what the HTTP status proves."""
        response = run.response
        assert response is not None  # noqa: S101 - a flow ends after an answer
        if len(outcomes) != len(references):
            raise BrokenFlow(f"returned {len(outcomes)} outcomes for {len(references)} messages")
        judged: list[Outcome] = []
        rest: tuple[Verdict, Failure] | None = None
        now: datetime | None = None
        for reference, outcome in zip(references, outcomes, strict=True):
            if outcome is not None and (
                outcome.__class__ not in _KINDS
                or outcome.reference != reference
                or outcome.account != self._account
            ):
                raise BrokenFlow("returned the outcome of another message, or none at all")
            if isinstance(outcome, Accepted):
                judged.append(outcome)
                continue
            now = now or self._clock()
            if outcome is None:
                if rest is None:
                    verdict, failure = classify.by_status(response, run.effect)
                    rest = verdict, classify.with_retry_after(failure, response, now)
                judged.append(outcome_of(rest[0], reference, self._account, rest[1]))
            else:
                failure = classify.with_retry_after(outcome.failure, response, now)
                judged.append(attrs.evolve(outcome, failure=failure))
        return judged

    def _all(self, references: Sequence[str], verdict: Verdict, failure: Failure) -> list[Outcome]:
        return [outcome_of(verdict, each, self._account, failure) for each in references]

    def _failed(self, references: Sequence[str], error: Exception, run: _Run) -> list[Outcome]:
        """Say what follows from a flow that did not come to its end."""
        if isinstance(error, TransportFault):
            return self._all(references, *classify.by_fault(error, run.effect, left=run.left))
        detail = blame(f"the adapter of {self._adapter.provider}", error)
        return self._all(references, *classify.internal(detail, left=run.left))


def _names(messages: Sequence[Message]) -> list[str]:
    return [each.reference for each in messages]


def _doubted(outcomes: list[Outcome], doubts: Mapping[str, Ambiguous]) -> list[Outcome]:
    """Remember what may have been sent before: a refusal of this attempt does not undo it."""
    return [
        each
        if isinstance(each, Accepted) or each.reference not in doubts
        else _still(doubts[each.reference], each.failure.retry_after)
        for each in outcomes
    ]


def _still(doubt: Ambiguous, retry_after: float | None) -> Ambiguous:
    return attrs.evolve(doubt, failure=attrs.evolve(doubt.failure, retry_after=retry_after))


def _split(outcomes: Sequence[Outcome]) -> Split | None:
    """Say whether a request with several messages was refused as a whole, for one of them.

    A refusal proves that nothing was sent, so the parts may be; it is one refusal where all
    messages met the same, word for word, and the HTTP status says so too.
    """
    first = outcomes[0]
    if len(outcomes) == 1 or not isinstance(first, Rejected):
        return None
    failure = first.failure
    whole = (failure.http_status or 0) >= 400 and all(
        isinstance(each, Rejected) and each.failure == failure for each in outcomes
    )
    return Split(2) if whole else None


def _unblamed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Say of a request that was refused as a whole what is true of each message: not sent."""
    return [
        NotSent(
            reference=each.reference,
            account=each.account,
            failure=attrs.evolve(each.failure, retry=Retry.SAFE),
        )
        for each in outcomes
        if isinstance(each, Rejected)
    ]
