"""Look up doubtful messages: one that is found is accepted, one not found twice is sent again.

That a provider does not list a message is evidence, not proof. The first look-up is made at once,
because a message that is found needs nothing more; another one when the provider has had time to
list what it took. Only clear answers count: a look-up that fails proves nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import anyio
import attrs

from omnimsg.adapter import Absent
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.ttl import has_outlived_ttl
from omnimsg.engine.attempt.direct_writer import Writer
from omnimsg.engine.observers import Observers, RetryEvent
from omnimsg.engine.policy import Policy
from omnimsg.engine.sending.batch import has_named
from omnimsg.engine.sending.retry import is_in_doubt
from omnimsg.engine.settlement import Settlement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.sending.batch import Batch

Find: TypeAlias = "Callable[[Message, Deadline], Awaitable[Accepted | Absent | None]]"

# Look-ups that must not find a message before it is sent again.
_MISSES = 2


@attrs.define(eq=False)
class Reconciler:
    """The look-ups of one account.

    Args:
        account: The account's name.
        policy: How long a message must stay unfound, and how many attempts there are.
        find: Looks a message up within a deadline; `None` where there is no clear answer.
        observers: Told before each wait for another look-up, and before a message is sent again.
        journal: Records the messages that are found, where there is a journal.
        settlement: Tells when a report names a message, where reports are received.
        utc_now: Returns the time of day.
    """

    _account: str
    _policy: Policy
    _find: Find
    _observers: Observers
    _journal: Writer | None
    _settlement: Settlement | None
    _utc_now: Callable[[], datetime]

    @property
    def interval(self) -> float:
        """Seconds between two look-ups; for as long, one that did not find a message counts."""
        return self._policy.not_found_for

    def due(self, outcomes: Sequence[Outcome], deadline: Deadline) -> list[int]:
        """Return the indexes of messages to look up: those that may have been sent."""
        if deadline.remaining() <= 0:
            return []
        return [index for index, each in enumerate(outcomes) if is_in_doubt(each)]

    async def run(
        self,
        batch: Batch,
        outcomes: list[Outcome],
        attempt: int,
        resend: Callable[[Batch, list[Outcome], int], None],
    ) -> None:
        """Look up messages until each is found or missing, or no look-up can help; finish it.

        Args:
            batch: The messages.
            outcomes: What is known of each.
            attempt: The number of the attempt to come. Beyond the last there is one look-up and no
                waiting, because no attempt can follow.
            resend: Takes over the missing messages with the futures of their reports, their
                outcomes, and the attempt's number.
        """
        search = _Search(batch, outcomes)
        if self._settlement is not None:
            search.reports = {
                index: self._settlement.expect(self._account, message)
                for index, message in enumerate(batch.messages)
            }
        try:
            while search.open:
                await asyncio.gather(*(self._look_up(search, each) for each in search.open))
                await self._apply_reports(search)
                search.finish(search.found())
                search.finish(search.outlived(self._utc_now))
                if attempt > self._policy.retry.attempts:
                    break
                if missing := search.missing(self.interval):
                    self._notify(search, missing, attempt, is_look_up=False)
                    absent_until = search.absent_until(missing, self.interval)
                    part, known = search.detach(missing)
                    part.absent_until = absent_until
                    part.reports = search.take_expected(missing)
                    resend(part, known, attempt)
                if batch.remaining() <= self.interval:
                    break
                search.finish(search.abandoned())
                if search.open:
                    self._notify(search, search.open, attempt, is_look_up=True)
                    await self._wait(search)
                    search.finish(search.abandoned())
        finally:
            for report in search.reports.values():
                report.cancel()
            search.finish(search.open)

    async def _wait(self, search: _Search) -> None:
        """Wait until the next look-up; finish messages at once that a report names meanwhile."""
        until = search.batch.now() + self.interval
        while search.open and (seconds := until - search.batch.now()) > 0:
            expected = [search.reports[each] for each in search.open if each in search.reports]
            if not expected:
                await anyio.sleep(seconds)
                return
            await asyncio.wait(expected, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            await self._apply_reports(search)
            search.finish(search.found())

    async def _apply_reports(self, search: _Search) -> None:
        """Apply the reports so far: a message that one names must not be sent again."""
        for index in search.open:
            report = search.reports.get(index)
            if report is not None and report.done():
                del search.reports[index]
                if has_named(report):
                    await self._record_found(search, index, report.result())

    async def _look_up(self, search: _Search, index: int) -> None:
        batch = search.batch
        found = await self._find(batch.messages[index], batch)
        if isinstance(found, Accepted):
            await self._record_found(search, index, found)
        elif isinstance(found, Absent):
            search.misses[index] += 1
            search.missed_at[index] = batch.now()

    async def _record_found(self, search: _Search, index: int, found: Accepted) -> None:
        search.outcomes[index] = found
        attempt = (search.batch.attempts or {}).get(found.reference)
        if self._journal is not None and attempt is not None:
            await self._journal.settle(attempt, [found])

    def _notify(
        self, search: _Search, indexes: Sequence[int], attempt: int, *, is_look_up: bool
    ) -> None:
        notify = self._observers.retry_scheduled
        if notify is None:
            return
        outcomes = [search.outcomes[each] for each in indexes]
        first = outcomes[0]
        assert not isinstance(first, Accepted)  # noqa: S101 - what is found is finished
        references = tuple(each.reference for each in outcomes)
        notify(
            RetryEvent(
                account=self._account,
                attempt=attempt,
                attempts=self._policy.retry.attempts,
                wait=self.interval if is_look_up else 0.0,
                failure=first.failure,
                references=references,
                doubtful=() if is_look_up else references,
                is_look_up=is_look_up,
            )
        )


class _Search:
    """The state of the search for some messages.

    Attributes:
        batch: The messages.
        outcomes: What is known of each.
        open: The indexes of messages that are neither finished nor detached.
        misses: How often each was not found.
        reports: By index, the future that is done when a report names the message.
        missed_at: When each was last not found, monotonic seconds.
    """

    def __init__(self, batch: Batch, outcomes: list[Outcome]) -> None:
        self.batch = batch
        self.outcomes = outcomes
        self.open = list(range(len(outcomes)))
        self.misses: Counter[int] = Counter()
        self.reports: dict[int, asyncio.Future[Accepted]] = {}
        self.missed_at: dict[int, float] = {}

    def found(self) -> list[int]:
        """Return the messages that the provider has."""
        return [each for each in self.open if isinstance(self.outcomes[each], Accepted)]

    def outlived(self, utc_now: Callable[[], datetime]) -> list[int]:
        """Return the messages that would not be sent again, because their ttl has passed."""
        waited, messages = self.batch.waited(), self.batch.messages
        return [each for each in self.open if has_outlived_ttl(messages[each], waited, utc_now)]

    def missing(self, valid_for: float) -> list[int]:
        """Return the messages that were not found often enough, the last time not long ago.

        One slow look-up keeps the whole batch waiting, and meanwhile the provider may have
        processed messages that the other look-ups did not find.

        Args:
            valid_for: Seconds for which a message that was not found counts as missing.
        """
        since = self.batch.now() - valid_for
        return [
            each
            for each in self.open
            if self.misses[each] >= _MISSES and self.missed_at[each] >= since
        ]

    def absent_until(self, missing: Sequence[int], valid_for: float) -> float:
        """Return until when all of these messages count as missing, monotonic seconds."""
        return min(self.missed_at[each] for each in missing) + valid_for

    def take_expected(self, indexes: Sequence[int]) -> dict[str, asyncio.Future[Accepted]]:
        """Remove and return the futures of reports of some messages, by reference."""
        return {
            self.batch.messages[index].reference: self.reports.pop(index)
            for index in indexes
            if index in self.reports
        }

    def abandoned(self) -> list[int]:
        """Return the messages that nobody waits for any more."""
        owner = self.batch.owner
        if not owner.may_abandon:
            return []
        abandoned = owner.abandoned([self.batch.keys[each] for each in self.open])
        return [self.open[index] for index in abandoned]

    def finish(self, indexes: Sequence[int]) -> None:
        """Tell the owner the outcomes that some messages have now."""
        batch, outcomes = self.detach(indexes)
        if outcomes:
            batch.owner.finish(batch.keys, batch.messages, outcomes)

    def detach(self, indexes: Sequence[int]) -> tuple[Batch, list[Outcome]]:
        """Remove some messages from the search, and return them with their outcomes."""
        detached = set(indexes)
        self.open = [each for each in self.open if each not in detached]
        return self.batch.part(indexes), [self.outcomes[each] for each in indexes]
