"""A journal that workers share, journals that break a rule each, and the check that must fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs

from omnimsg import Failure, NotSent, Outcome, Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg import Attempt, Message


@attrs.define
class Record:
    """What is kept of one message in one attempt."""

    worker: str
    outcome: Outcome | None = None


Records = dict[tuple[str, str], Record]


class PlainJournal:
    """Keeps the contract of journals, in memory.

    Args:
        records: What all workers share, by token and reference.
        worker: The name of this worker.
    """

    def __init__(self, records: Records, worker: str) -> None:
        self.records = records
        self.worker = worker

    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        """Record that messages are about to leave."""
        answers = [self.answer(attempt, each) for each in messages]
        for message, answer in zip(messages, answers, strict=True):
            if answer is None:
                self.records.setdefault(
                    (attempt.token, message.reference), Record(worker=self.worker)
                )
        return answers

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes."""
        for each in outcomes:
            self.records[attempt.token, each.reference] = Record(self.worker, each)

    def others(self, message: Message) -> list[Record]:
        """Return what other workers have of a message, without what was not sent."""
        return [
            each
            for (_, reference), each in self.records.items()
            if reference == message.reference
            and each.worker != self.worker
            and not isinstance(each.outcome, NotSent)
        ]

    def answer(self, attempt: Attempt, message: Message) -> Outcome | None:
        """Return why a message must not leave; `None` if it may."""
        others = self.others(message)
        if not others:
            return None
        return others[-1].outcome or self.taken(attempt, message)

    def taken(self, attempt: Attempt, message: Message) -> Outcome:
        """Return the outcome of a message that another worker has."""
        failure = Failure(reason=Reason.CANCELLED, retry=Retry.NEVER, detail="another has it")
        return NotSent(reference=message.reference, account=attempt.account, failure=failure)


class _AnswersWithOneEntry(PlainJournal):
    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        return list(await super().intend(attempt, messages))[:1]


class _TakesItsOwnForAnothersWork(PlainJournal):
    def others(self, message: Message) -> list[Record]:
        return [each for (_, name), each in self.records.items() if name == message.reference]


class _RefusesAnAttemptWhileAnotherIsOpen(PlainJournal):
    is_busy = False

    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        if self.is_busy:
            return [self.taken(attempt, each) for each in messages]
        self.is_busy = True
        await asyncio.sleep(0)
        self.is_busy = False
        return await super().intend(attempt, messages)


class _NeedsAnIntent(PlainJournal):
    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        for each in outcomes:
            self.records[attempt.token, each.reference].outcome = each


class _RefusesAKnownAttempt(PlainJournal):
    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        for each in messages:
            if (attempt.token, each.reference) in self.records:
                raise KeyError(each.reference)
        return await super().intend(attempt, messages)


class _SettlesOnce(PlainJournal):
    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        for each in outcomes:
            if self.records[attempt.token, each.reference].outcome is not None:
                raise KeyError(each.reference)
        await super().settle(attempt, outcomes)


class _KeepsTheFirstOutcome(PlainJournal):
    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        for each in outcomes:
            record = self.records.setdefault(
                (attempt.token, each.reference), Record(worker=self.worker)
            )
            record.outcome = record.outcome or each


class _LetsEverythingLeave(PlainJournal):
    def others(self, message: Message) -> list[Record]:
        return []


class _SaysWhatIsTakenMayBeTriedElsewhere(PlainJournal):
    def taken(self, attempt: Attempt, message: Message) -> Outcome:
        failure = Failure(reason=Reason.RATE_LIMITED, retry=Retry.SAFE)
        return NotSent(reference=message.reference, account=attempt.account, failure=failure)


class _StopsTheWholeBatch(PlainJournal):
    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        if any(map(self.others, messages)):
            return [self.taken(attempt, each) for each in messages]
        return await super().intend(attempt, messages)


class _SendsDoubtsAgain(PlainJournal):
    def others(self, message: Message) -> list[Record]:
        found = super().others(message)
        return [each for each in found if each.outcome is None or each.outcome.kind == "accepted"]


class _ReadsBeforeOthersHaveWritten(PlainJournal):
    async def intend(
        self, attempt: Attempt, messages: Sequence[Message]
    ) -> Sequence[Outcome | None]:
        answers = [self.answer(attempt, each) for each in messages]
        await asyncio.sleep(0)
        for each in messages:
            self.records[attempt.token, each.reference] = Record(worker=self.worker)
        return answers


BROKEN: list[tuple[type[PlainJournal], str]] = [
    (_AnswersWithOneEntry, "test_new_messages_may_leave"),
    (_TakesItsOwnForAnothersWork, "test_a_message_may_be_tried_again"),
    (_RefusesAnAttemptWhileAnotherIsOpen, "test_attempts_overlap"),
    (_NeedsAnIntent, "test_an_outcome_may_come_before_its_intent"),
    (_RefusesAKnownAttempt, "test_an_outcome_may_come_before_its_intent"),
    (_SettlesOnce, "test_a_second_outcome_may_come"),
    (_KeepsTheFirstOutcome, "test_the_last_outcome_counts"),
    (_LetsEverythingLeave, "test_what_another_worker_has_does_not_leave"),
    (_SaysWhatIsTakenMayBeTriedElsewhere, "test_what_another_worker_has_does_not_leave"),
    (_StopsTheWholeBatch, "test_what_another_worker_has_does_not_leave"),
    (_SendsDoubtsAgain, "test_what_is_known_does_not_leave"),
    (_ReadsBeforeOthersHaveWritten, "test_one_of_two_workers_sends"),
]
