"""An attempt that a journal records, observers watch and a suppression list may stop."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Verdict
from omnimsg.domain.outcome import Ambiguous, NotSent, Outcome, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt import local_failures
from omnimsg.engine.attempt.batch_split import Split, split_of
from omnimsg.engine.attempt.direct_writer import Writer
from omnimsg.engine.attempt.earlier_doubts import keep_doubts
from omnimsg.engine.attempt.finding import Finding
from omnimsg.engine.attempt.runner import AttemptRunner, BatchRun, Interrupted
from omnimsg.engine.attempt.suppression_list import SuppressionList
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.journal import Attempt
from omnimsg.engine.observers import AttemptBegun, AttemptEnded, Observers

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from typing import Any

    from omnimsg.domain.message import Message


@attrs.define(eq=False)
class RecordedRunner:
    """Sends batches with a journal, with observers or with a suppression list.

    Attributes:
        runner: Encodes and sends.
        account: The account's name.
        observers: Told when an attempt begins and ends.
        journal: Records intents and outcomes, where there is one.
        suppression: Asked before a request leaves, where there is one.
    """

    runner: AttemptRunner
    account: str
    observers: Observers
    journal: Writer | None
    suppression: SuppressionList | None
    _prefix: str = attrs.field(factory=lambda: os.urandom(8).hex(), init=False)
    _count: Iterator[int] = attrs.field(factory=lambda: itertools.count(1), init=False)

    def new_attempt(self, number: int) -> Attempt:
        """Return a new attempt with a token of its own.

        Args:
            number: 1 for the first attempt at the messages.
        """
        token = f"{self._prefix}-{next(self._count)}"
        return Attempt(token=token, account=self.account, number=number)

    def send(
        self,
        attempt: Attempt,
        messages: Sequence[Message],
        deadline: Deadline,
        doubts: Mapping[str, Ambiguous],
        *,
        end: Callable[[Mapping[int, Outcome]], None],
    ) -> Coroutine[Any, Any, list[Outcome] | Split]:
        """Send a batch as `AttemptRunner.send` does, without the messages that must not leave.

        Args:
            attempt: What `new_attempt` returned.
            messages: The batch.
            deadline: The deadline of the attempt.
            doubts: The outcomes, by reference, of messages that may have been sent before. Journal
                and observers are told of them, unless the message is accepted now.
            end: Called with the outcomes of the messages that the suppression list or the journal
                ended, by index, before the others leave. The returned or raised outcomes are then
                those of the others alone.

        Raises:
            Interrupted: It was cancelled; the journal knows.
        """
        return _RecordedAttempt(self, attempt, deadline, doubts, end).send(messages)


@attrs.define(eq=False)
class _RecordedAttempt:
    """One attempt at one batch; see `RecordedRunner.send`."""

    _recorded: RecordedRunner
    _attempt: Attempt
    _deadline: Deadline
    _doubts: Mapping[str, Ambiguous]
    _end: Callable[[Mapping[int, Outcome]], None]

    async def send(self, messages: Sequence[Message]) -> list[Outcome] | Split:
        """Send the batch, without the messages that must not leave."""
        run = await self._prepare(messages)
        if not isinstance(run, BatchRun):
            return run
        try:
            outcomes = await self._finish(run)
        except Interrupted as interrupted:
            await self._settle_interrupted(interrupted.outcomes)
            raise
        return await self._conclude(run.messages, outcomes)

    async def _prepare(self, messages: Sequence[Message]) -> BatchRun | list[Outcome] | Split:
        """Ask which messages of a batch may leave, encode these and record the intent.

        Returns:
            The run to finish; or the outcomes, or the split, of a batch that must not leave.

        Raises:
            Interrupted: It was cancelled; the journal knows.
        """
        if self._recorded.suppression is not None:
            suppressed = await self._ask(self._recorded.suppression, messages)
            if len(suppressed) == len(messages):
                return list(suppressed.values())
            if suppressed:
                messages = _without(messages, suppressed)
                self._end(suppressed)
        run = self._recorded.runner.begin(messages, self._deadline)
        if self._recorded.journal is None or not isinstance(run, BatchRun):
            return run
        answer = await self._intend(self._recorded.journal, run)
        if not answer:
            return run
        if isinstance(answer, list):
            return answer
        run.close()
        messages = _without(messages, answer)
        self._end(answer)
        return await self._begin_rest(messages) if messages else []

    async def _begin_rest(self, messages: Sequence[Message]) -> BatchRun | list[Outcome] | Split:
        """Encode the rest of an intended batch, which needs a new request."""
        run = self._recorded.runner.begin(messages, self._deadline)
        if isinstance(run, BatchRun):
            return run
        if isinstance(run, Split):
            await self._settle(self._recorded.runner.same_for_all(messages, _SPLIT))
            return run
        return await self._conclude(messages, run)

    async def _ask(
        self, suppression: SuppressionList, messages: Sequence[Message]
    ) -> dict[int, Outcome]:
        """Return the outcomes of the messages that must not leave, by index.

        Raises:
            Interrupted: It was cancelled.
        """
        try:
            found = await suppression.ask(messages, self._deadline)
        except asyncio.CancelledError:
            cancelled = local_failures.interrupted(left=False)
            raise Interrupted(self._recorded.runner.same_for_all(messages, cancelled)) from None
        return {
            index: each.outcome(messages[index].reference, self._attempt.account)
            for index, each in found.items()
        }

    async def _intend(
        self, journal: Writer, run: BatchRun
    ) -> Mapping[int, Outcome] | list[Outcome]:
        """Record the intent of a batch.

        Returns:
            The outcomes of the messages that the journal ends, by index; or those of all messages
            where the intent failed.

        Raises:
            Interrupted: It was cancelled.
        """
        try:
            answer = await journal.intend(self._attempt, run.messages, self._deadline)
        except asyncio.CancelledError:
            run.close()
            cancelled = local_failures.interrupted(left=False)
            outcomes = self._recorded.runner.same_for_all(run.messages, cancelled)
            await self._settle_interrupted(outcomes)
            raise Interrupted(outcomes) from None
        if not isinstance(answer, Finding):
            return answer
        run.close()
        outcomes = self._recorded.runner.same_for_all(run.messages, answer)
        # The intent may have been recorded in part, or late.
        await self._settle(outcomes)
        return outcomes

    async def _finish(self, run: BatchRun) -> list[Outcome]:
        """Send a batch, and tell the observers when it begins and ends."""
        observers, deadline = self._recorded.observers, self._deadline
        if not observers.watch_attempts:
            return await self._recorded.runner.finish(run, deadline)
        started = deadline.now()
        outcomes: list[Outcome] = []
        if observers.attempt_begun is not None:
            begun = AttemptBegun(attempt=self._attempt, messages=tuple(run.messages))
            observers.attempt_begun(begun)
        try:
            outcomes = await self._recorded.runner.finish(run, deadline)
        except Interrupted as end:
            outcomes = end.outcomes
            raise
        finally:
            if observers.attempt_ended is not None:
                known = tuple(keep_doubts(outcomes, self._doubts))
                seconds = deadline.now() - started
                observers.attempt_ended(
                    AttemptEnded(attempt=self._attempt, outcomes=known, seconds=seconds)
                )
        return outcomes

    async def _conclude(
        self, messages: Sequence[Message], outcomes: list[Outcome]
    ) -> list[Outcome] | Split:
        """Record the outcomes of an intended batch."""
        split = split_of(outcomes, self._doubts)
        if split:
            outcomes = _not_sent(outcomes)
        suppression = self._recorded.suppression
        # Which recipient a refused request is about is known when its parts are answered.
        if split or suppression is None or not suppression.note(messages, outcomes):
            suppression = None
        await self._settle(outcomes)
        if suppression is not None:
            try:
                await suppression.record()
            except asyncio.CancelledError:
                raise Interrupted(outcomes) from None
        return split or outcomes

    async def _settle(self, outcomes: list[Outcome]) -> None:
        """Record outcomes.

        Raises:
            Interrupted: It was cancelled.
        """
        if self._recorded.journal is not None:
            try:
                await self._recorded.journal.settle(
                    self._attempt, keep_doubts(outcomes, self._doubts)
                )
            except asyncio.CancelledError:
                raise Interrupted(outcomes) from None

    async def _settle_interrupted(self, outcomes: list[Outcome]) -> None:
        with suppress(Interrupted):  # a second cancellation changes nothing
            await self._settle(outcomes)


def _without(messages: Sequence[Message], ended: Mapping[int, Outcome]) -> list[Message]:
    return [each for index, each in enumerate(messages) if index not in ended]


def _not_sent(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return `NotSent` for each message of a request that was refused as a whole."""
    return [
        NotSent(
            reference=each.reference,
            account=each.account,
            failure=attrs.evolve(each.failure, retry=Retry.SAFE),
        )
        for each in outcomes
        if isinstance(each, (Rejected, NotSent))
    ]


_SPLIT = Finding.of(
    Verdict.NOT_SENT,
    Reason.CONTENT_TOO_LARGE,
    "the request is split; its parts are sent by further attempts",
)
