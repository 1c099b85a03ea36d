"""An attempt that a journal records, observers watch and a suppression list may stop."""

from __future__ import annotations

import asyncio
import itertools
import os
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Verdict
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import NotSent, Outcome, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt import local_failures
from omnimsg.engine.attempt.batch_split import Split, split_of
from omnimsg.engine.attempt.earlier_doubts import NO_DOUBTS, keep_doubts
from omnimsg.engine.attempt.runner import BatchRun, Interrupted
from omnimsg.engine.journal import Attempt
from omnimsg.engine.observers import AttemptBegun, AttemptEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Ambiguous
    from omnimsg.engine.attempt.direct_writer import Writer
    from omnimsg.engine.attempt.runner import AttemptRunner
    from omnimsg.engine.attempt.suppression_list import SuppressionList
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.observers import Observers


class RecordedRunner:
    """Sends one batch once, with a journal, with observers or with a suppression list.

    Args:
        runner: Encodes and sends.
        account: The account's name.
        observers: Told when an attempt begins and ends.
        journal: Records intents and outcomes, where there is one.
        suppression: Asked before a request leaves, where there is one.
    """

    def __init__(
        self,
        runner: AttemptRunner,
        account: str,
        observers: Observers,
        journal: Writer | None,
        suppression: SuppressionList | None = None,
    ) -> None:
        self._runner = runner
        self._account = account
        self._observers = observers
        self._is_watched = observers.watch_attempts
        self._journal = journal
        self._suppression = suppression
        self._prefix = os.urandom(8).hex()
        self._count = itertools.count(1)

    def new_attempt(self, number: int) -> Attempt:
        """Return a new attempt with a token of its own.

        Args:
            number: 1 for the first attempt at the messages.
        """
        token = f"{self._prefix}-{next(self._count)}"
        return Attempt(token=token, account=self._account, number=number)

    async def send(
        self,
        attempt: Attempt,
        messages: Sequence[Message],
        deadline: Deadline,
        doubts: Mapping[str, Ambiguous] = NO_DOUBTS,
        *,
        end: Callable[[Mapping[int, Outcome]], None],
    ) -> list[Outcome] | Split:
        """Send a batch as `AttemptRunner.send` does, without the messages that must not leave.

        Args:
            attempt: What `new_attempt` returned.
            messages: The batch.
            deadline: The deadline of the attempt.
            doubts: The outcomes, by reference, of messages that may have been sent before.
            end: Called with the outcomes of the messages that the suppression list or the journal
                ended, by index, before the others leave. The returned or raised outcomes are then
                those of the others alone.

        Raises:
            Interrupted: It was cancelled; the journal knows.
        """
        run = await self._prepare(attempt, messages, deadline, doubts, end)
        if not isinstance(run, BatchRun):
            return run
        try:
            if self._is_watched:
                outcomes = await self._watch(attempt, run, deadline, doubts)
            else:
                outcomes = await self._runner.finish(run, deadline, doubts)
        except Interrupted as interrupted:
            await self._settle_interrupted(attempt, interrupted.outcomes)
            raise
        return await self._conclude(attempt, run.messages, outcomes)

    async def _prepare(
        self,
        attempt: Attempt,
        messages: Sequence[Message],
        deadline: Deadline,
        doubts: Mapping[str, Ambiguous],
        end: Callable[[Mapping[int, Outcome]], None],
    ) -> BatchRun | list[Outcome] | Split:
        """Ask which messages of a batch may leave, encode these and record the intent.

        Returns:
            The run to finish; or the outcomes, or the split, of a batch that must not leave.

        Raises:
            Interrupted: It was cancelled; the journal knows.
        """
        if self._suppression is not None:
            suppressed = await self._ask(self._suppression, messages, deadline, doubts)
            if len(suppressed) == len(messages):
                return keep_doubts(list(suppressed.values()), doubts)
            if suppressed:
                messages = _without(messages, suppressed)
                end(suppressed)
        run = self._runner.begin(messages, deadline)
        if isinstance(run, list):
            return keep_doubts(run, doubts)
        if self._journal is None or isinstance(run, Split):
            return run
        answer = await self._intend(self._journal, attempt, run, deadline, doubts)
        if not answer:
            return run
        if isinstance(answer, list):
            return answer
        run.close()
        messages = _without(messages, answer)
        end(answer)
        return await self._begin_rest(attempt, messages, deadline, doubts) if messages else []

    async def _begin_rest(
        self,
        attempt: Attempt,
        messages: Sequence[Message],
        deadline: Deadline,
        doubts: Mapping[str, Ambiguous],
    ) -> BatchRun | list[Outcome] | Split:
        """Encode the rest of an intended batch, which needs a new request."""
        run = self._runner.begin(messages, deadline)
        if isinstance(run, BatchRun):
            return run
        if isinstance(run, Split):
            unsent = self._runner.same_for_all(messages, Verdict.NOT_SENT, _SPLIT)
            await self._settle(attempt, unsent, unsent)
            return run
        return await self._conclude(attempt, messages, keep_doubts(run, doubts))

    async def _ask(
        self,
        suppression: SuppressionList,
        messages: Sequence[Message],
        deadline: Deadline,
        doubts: Mapping[str, Ambiguous],
    ) -> dict[int, Outcome]:
        """Return the outcomes of the messages that must not leave, by index.

        Raises:
            Interrupted: It was cancelled.
        """
        try:
            verdicts = await suppression.ask(messages, deadline)
        except asyncio.CancelledError:
            cancelled = local_failures.interrupted(left=False)
            outcomes = self._runner.same_for_all(messages, *cancelled)
            raise Interrupted(keep_doubts(outcomes, doubts)) from None
        return {
            index: self._runner.same_for_all([messages[index]], *verdict)[0]
            for index, verdict in verdicts.items()
        }

    async def _intend(
        self,
        journal: Writer,
        attempt: Attempt,
        run: BatchRun,
        deadline: Deadline,
        doubts: Mapping[str, Ambiguous],
    ) -> Mapping[int, Outcome] | list[Outcome]:
        """Record the intent of a batch.

        Returns:
            The outcomes of the messages that the journal ends, by index; or those of all messages
            where the intent failed.

        Raises:
            Interrupted: It was cancelled.
        """
        try:
            answer = await journal.intend(attempt, run.messages, deadline)
        except asyncio.CancelledError:
            run.close()
            cancelled = local_failures.interrupted(left=False)
            outcomes = keep_doubts(self._runner.same_for_all(run.messages, *cancelled), doubts)
            await self._settle_interrupted(attempt, outcomes)
            raise Interrupted(outcomes) from None
        if not isinstance(answer, tuple):
            return answer
        run.close()
        outcomes = keep_doubts(self._runner.same_for_all(run.messages, *answer), doubts)
        # The intent may have been recorded in part, or late.
        await self._settle(attempt, outcomes, outcomes)
        return outcomes

    async def _conclude(
        self, attempt: Attempt, messages: Sequence[Message], outcomes: list[Outcome]
    ) -> list[Outcome] | Split:
        """Record the outcomes of an intended batch."""
        split = split_of(outcomes)
        if split:
            outcomes = _not_sent(outcomes)
        suppression = self._suppression
        # Which recipient a refused request is about is known when its parts are answered.
        if split or suppression is None or not suppression.note(messages, outcomes):
            suppression = None
        try:
            if self._journal is not None:
                await self._journal.settle(attempt, outcomes)
            if suppression is not None:
                await suppression.record()
        except asyncio.CancelledError:
            raise Interrupted(outcomes) from None
        return split or outcomes

    async def _watch(
        self, attempt: Attempt, run: BatchRun, deadline: Deadline, doubts: Mapping[str, Ambiguous]
    ) -> list[Outcome]:
        """Send a batch, and tell the observers when it begins and ends."""
        observers = self._observers
        started = deadline.now()
        outcomes: list[Outcome] = []
        if observers.attempt_begun is not None:
            observers.attempt_begun(AttemptBegun(attempt=attempt, messages=tuple(run.messages)))
        try:
            outcomes = await self._runner.finish(run, deadline, doubts)
        except Interrupted as end:
            outcomes = end.outcomes
            raise
        finally:
            if observers.attempt_ended is not None:
                seconds = deadline.now() - started
                observers.attempt_ended(
                    AttemptEnded(attempt=attempt, outcomes=tuple(outcomes), seconds=seconds)
                )
        return outcomes

    async def _settle(
        self, attempt: Attempt, recorded: Sequence[Outcome], outcomes: list[Outcome]
    ) -> None:
        """Record outcomes; if this is cancelled, `outcomes` go into the `Interrupted`."""
        if self._journal is None:
            return
        try:
            await self._journal.settle(attempt, recorded)
        except asyncio.CancelledError:
            raise Interrupted(outcomes) from None

    async def _settle_interrupted(self, attempt: Attempt, outcomes: list[Outcome]) -> None:
        if self._journal is not None:
            with suppress(asyncio.CancelledError):  # a second cancellation changes nothing
                await self._journal.settle(attempt, outcomes)


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


_SPLIT = Failure(
    reason=Reason.CONTENT_TOO_LARGE,
    retry=Retry.SAFE,
    detail="the request is split; its parts are sent by further attempts",
)
