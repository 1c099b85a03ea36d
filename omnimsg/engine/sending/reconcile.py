"""Looking for what may have been sent: found, it was; not found twice, it is sent again.

That a provider does not list a message is evidence, not proof. It is asked at once, because for a
message that is found there is nothing more to do, and again when the provider has had time to list
what it took. Only clear answers count: a look-up that fails says nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import anyio

from omnimsg.adapter import Absent
from omnimsg.domain.outcome import Accepted
from omnimsg.engine.sending.completion import is_stale
from omnimsg.engine.sending.retry import RetryEvent, is_in_doubt, tell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.attempt.journal_writer import JournalWriter
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.policy import Policy
    from omnimsg.engine.sending.batch import Batch
    from omnimsg.engine.sending.retry import RetryHook

Find: TypeAlias = "Callable[[Message, Deadline], Awaitable[Accepted | Absent | None]]"

# Look-ups that must find nothing before a message is sent again.
_MISSES = 2


class Reconciler:
    """The look-ups of one account.

    Args:
        account: Its name.
        policy: How long a message must stay unfound, and how many attempts there are.
        find: Asks the provider for a message, within a deadline; `None` where it could not tell.
        hook: Told before each wait for another look-up, and before what is missing is sent again.
        recorder: Told what was found, where there is a journal.
    """

    def __init__(
        self,
        account: str,
        policy: Policy,
        find: Find,
        hook: RetryHook,
        recorder: JournalWriter | None = None,
    ) -> None:
        self._account = account
        self._attempts = policy.retry.attempts
        self._apart = policy.not_found_for
        self._find = find
        self._hook = hook
        self._recorder = recorder

    def due(self, outcomes: Sequence[Outcome], deadline: Deadline) -> list[int]:
        """Find what to look for: what may have been sent, by its place among the outcomes."""
        if deadline.remaining() <= 0:
            return []
        return [place for place, each in enumerate(outcomes) if is_in_doubt(each)]

    async def seek(
        self,
        batch: Batch,
        outcomes: list[Outcome],
        attempt: int,
        resend: Callable[[Batch, list[Outcome], int], None],
    ) -> None:
        """Look for messages until each is found, or missing, or no look-up can help it, and end it.

        Args:
            batch: The messages.
            outcomes: What is known of each.
            attempt: The number of the attempt to come. Beyond the last there is one look and no
                waiting, because nothing can follow another.
            resend: Takes over what is missing, what is known of it, and the attempt's number.
        """
        search = _Search(batch, outcomes)
        try:
            while search.left:
                await asyncio.gather(*(self._look(search, each) for each in search.left))
                search.end(search.found())
                search.end(search.outlived())
                if attempt > self._attempts:
                    break
                if missing := search.missing():
                    self._tell(search, missing, attempt, again=True)
                    resend(*search.parted(missing), attempt)
                if batch.remaining() <= self._apart:
                    break
                search.end(search.gone())
                if search.left:
                    self._tell(search, search.left, attempt, again=False)
                    await anyio.sleep(self._apart)
                    search.end(search.gone())
        finally:
            search.end(search.left)

    async def _look(self, search: _Search, place: int) -> None:
        said = await self._find(search.batch.messages[place], search.batch)
        if isinstance(said, Accepted):
            search.outcomes[place] = said
            if self._recorder is not None:
                await self._recorder.settle([said])
        elif isinstance(said, Absent):
            search.misses[place] += 1

    def _tell(self, search: _Search, places: Sequence[int], attempt: int, *, again: bool) -> None:
        doubts = [search.outcomes[each] for each in places]
        first = doubts[0]
        assert not isinstance(first, Accepted)  # noqa: S101 - what is found has ended
        references = tuple(each.reference for each in doubts)
        tell(
            self._hook,
            RetryEvent(
                account=self._account,
                attempt=attempt,
                attempts=self._attempts,
                wait=0.0 if again else self._apart,
                failure=first.failure,
                references=references,
                doubtful=references if again else (),
                is_look_up=not again,
            ),
        )


class _Search:
    """Where the search for some messages stands.

    Attributes:
        batch: They.
        outcomes: What is known of each.
        left: The places of those that have not ended.
        misses: How often each was not there.
    """

    def __init__(self, batch: Batch, outcomes: list[Outcome]) -> None:
        self.batch = batch
        self.outcomes = outcomes
        self.left = list(range(len(outcomes)))
        self.misses: Counter[int] = Counter()

    def found(self) -> list[int]:
        return [each for each in self.left if isinstance(self.outcomes[each], Accepted)]

    def outlived(self) -> list[int]:
        """Return what would not be sent again, because it is of no use to its reader any more."""
        waited = self.batch.waited()
        return [each for each in self.left if is_stale(self.batch.messages[each], waited)]

    def missing(self) -> list[int]:
        return [each for each in self.left if self.misses[each] == _MISSES]

    def gone(self) -> list[int]:
        """Return what nobody waits for any more."""
        owner = self.batch.owner
        if not owner.may_leave:
            return []
        places = owner.gone([self.batch.keys[each] for each in self.left])
        return [self.left[each] for each in places]

    def end(self, places: Sequence[int]) -> None:
        """Tell of messages what is known."""
        batch, outcomes = self.parted(places)
        if outcomes:
            batch.owner.finish(batch.keys, outcomes)

    def parted(self, places: Sequence[int]) -> tuple[Batch, list[Outcome]]:
        """Let some messages go their own way."""
        parted = set(places)
        self.left = [each for each in self.left if each not in parted]
        return self.batch.part(places), [self.outcomes[each] for each in places]
