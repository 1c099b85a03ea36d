"""Retries and look-ups of messages that have no last outcome after an attempt."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.outcome import Ambiguous
from omnimsg.engine.attempt import local_failures
from omnimsg.engine.sending.local_outcomes import LocalOutcomes
from omnimsg.engine.sending.reconcile import Reconciler
from omnimsg.engine.sending.requeue import Requeue
from omnimsg.engine.sending.retry import Retrier
from omnimsg.engine.sending.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.sending.batch import Batch


@attrs.define(eq=False)
class FollowUp:
    """Retries and look-ups of one account's batches, in the background.

    Args:
        retrier: Decides what is tried again, and when.
        reconciler: Looks up messages that may have been sent, where the policy asks for that.
        requeue: Puts batches back into the queue.
        tasks: Runs retries and look-ups; closing the account waits for them.
        local: Builds the outcomes of messages that are cancelled meanwhile.
    """

    _retrier: Retrier
    _reconciler: Reconciler | None
    _requeue: Requeue
    _tasks: Tasks
    _local: LocalOutcomes

    def to_retry(self, outcomes: Sequence[Outcome], deadline: Deadline) -> list[int]:
        """Return the indexes of the messages to try again."""
        return list(self._retrier.due(outcomes, deadline))

    def to_look_up(self, outcomes: Sequence[Outcome], deadline: Deadline) -> list[int]:
        """Return the indexes of the messages to look up, because they may have been sent."""
        return [] if self._reconciler is None else self._reconciler.due(outcomes, deadline)

    def retry(self, batch: Batch, outcomes: list[Outcome]) -> None:
        """Try a batch again in the background, as often as the policy says, and finish it."""
        self._start(partial(self._retry, batch, outcomes), batch, outcomes)

    def look_up(self, batch: Batch, outcomes: list[Outcome], *, attempt: int = 2) -> None:
        """Look up the messages of a batch in the background, and finish it.

        Args:
            batch: The messages.
            outcomes: What is known of each.
            attempt: The number of the attempt that would send the messages that are not found.
        """
        if self._reconciler is not None:
            work = partial(self._reconciler.run, batch, outcomes, attempt, self._resend)
            self._start(work, batch, outcomes)

    def _resend(self, batch: Batch, outcomes: list[Outcome], attempt: int) -> None:
        """Send messages that were looked up and not found once more, in the background."""
        work = partial(self._retry, batch, outcomes, not_found_attempt=attempt)
        self._start(work, batch, outcomes)

    def _start(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],
        batch: Batch,
        outcomes: list[Outcome],
    ) -> None:
        def dropped() -> None:
            batch.expect_no_reports()
            batch.finish_all(outcomes)

        self._tasks.start(work, dropped)

    async def _retry(
        self, batch: Batch, outcomes: list[Outcome], *, not_found_attempt: int | None = None
    ) -> None:
        """Try a batch again, then finish it or look up the messages that are in doubt.

        Args:
            batch: The messages.
            outcomes: What is known of each.
            not_found_attempt: The number of the only attempt that is allowed, where all messages
                were looked up and not found.
        """
        batch.track_attempts()
        owner = _RetryOwner(batch, outcomes)
        attempt = not_found_attempt or 2

        async def send_again(indexes: Sequence[int]) -> None:
            nonlocal attempt
            attempt += 1
            doubts = {
                each.reference: each
                for each in (outcomes[index] for index in indexes)
                if isinstance(each, Ambiguous)
            }
            part = batch.part(
                indexes, owner=owner, keys=list(indexes), doubts=doubts, is_retry=True
            )
            if not_found_attempt is not None:
                part.ttl = 0.0  # so that the clearance checks `absent_until`
            await owner.wait_for(indexes, lambda: self._requeue.put_back([part]))

        doubtful: list[int] = []
        try:
            if not_found_attempt is not None:
                await send_again(range(len(outcomes)))
            else:
                await self._retrier.batch(outcomes, send_again, batch)
            doubtful = self.to_look_up(outcomes, batch)
        except asyncio.CancelledError:
            for index in owner.pending:
                # Whether it had left is not known here any more, so it may have.
                interrupted = local_failures.interrupted(left=True)
                outcomes[index] = self._local.outcome(batch.messages[index], interrupted)
            raise
        finally:
            batch.expect_no_reports()
            final = [index for index in range(len(outcomes)) if index not in doubtful]
            if final:
                batch.finish(final, [outcomes[index] for index in final])
        if doubtful:
            part = batch.part(doubtful)
            self.look_up(part, [outcomes[index] for index in doubtful], attempt=attempt)


class _RetryOwner:
    """The owner of a batch while it is tried again; a key is the index in the whole batch.

    Attributes:
        pending: The indexes of the messages under way.
    """

    # The retry itself decides what follows a failure.
    fails_over = None

    def __init__(self, batch: Batch, outcomes: list[Outcome]) -> None:
        self._batch = batch
        self._outcomes = outcomes
        self._is_back = asyncio.Event()
        self.pending: set[int] = set()

    async def wait_for(self, indexes: Sequence[int], send: Callable[[], None]) -> None:
        """Send some messages, and wait until all are back."""
        self.pending.update(indexes)
        self._is_back.clear()
        send()
        await self._is_back.wait()

    def finish(
        self,
        keys: Sequence[int],
        messages: Sequence[Message],
        outcomes: Sequence[Outcome],
        deadline: Deadline | None = None,
    ) -> None:
        """Store outcomes."""
        for index, outcome in zip(keys, outcomes, strict=True):
            self.pending.discard(index)
            self._outcomes[index] = outcome
        if not self.pending:
            self._is_back.set()

    @property
    def may_abandon(self) -> bool:
        """Whether a caller may have stopped waiting."""
        return self._batch.owner.may_abandon

    def abandoned(self, keys: Sequence[int]) -> Sequence[int]:
        """Return the indexes of messages that nobody waits for any more."""
        return self._batch.owner.abandoned([self._batch.keys[index] for index in keys])
