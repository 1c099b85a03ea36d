"""Suppression lists that each break a rule, and the check that must fail for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omnimsg import Consent, MemorySuppression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg import ConsentChange, Message


class Shared(MemorySuppression):
    """A list that two objects share.

    Args:
        changes: What both were told.
    """

    def __init__(self, changes: list[ConsentChange]) -> None:
        super().__init__()
        self.changes = changes

    async def record(self, change: ConsentChange) -> None:
        """Store a change."""
        self.changes.append(change)

    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Return whether each message must not be sent."""
        known = MemorySuppression()
        for each in self.changes:
            await known.record(each)
        return await known.suppressed(account, messages)


class _AnswersForTheBatch(Shared):
    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        return [any(await super().suppressed(account, messages))] * len(messages)


class _KnowsNumbersOnly(Shared):
    async def record(self, change: ConsentChange) -> None:
        if change.address is None or change.address.startswith("+"):
            await super().record(change)


class _FailsForContacts(Shared):
    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        for each in messages:
            assert isinstance(each.to, str)
        return await super().suppressed(account, messages)


class _TakesWhatArrivedLast(Shared):
    async def record(self, change: ConsentChange) -> None:
        others = [each for each in self.changes if each.address != change.address]
        self.changes[:] = [*others, change]


class _CountsChanges(Shared):
    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        consents = [each.consent for each in self.changes]
        is_out = consents.count(Consent.OPTED_OUT) > consents.count(Consent.OPTED_IN)
        return [is_out] * len(messages)


class _RefusesARepetition(Shared):
    async def record(self, change: ConsentChange) -> None:
        assert change not in self.changes
        await super().record(change)


class _KeepsOneConsent(Shared):
    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        latest = sorted(self.changes, key=lambda each: each.at)[-1:]
        return [each.consent is Consent.OPTED_OUT for each in latest] * len(messages)


class _NeedsAnAddress(Shared):
    async def record(self, change: ConsentChange) -> None:
        assert change.address is not None
        await super().record(change)


class _TakesNoAddressForAnyAddress(Shared):
    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        if any(each.address is None for each in self.changes):
            return [True] * len(messages)
        return await super().suppressed(account, messages)


class _ReadsBeforeOthersHaveWritten(Shared):
    async def record(self, change: ConsentChange) -> None:
        known = max((each for each in self.changes), key=lambda each: each.at, default=None)
        await asyncio.sleep(0)
        self.changes[:] = [change if known is None or known.at < change.at else known]


class _SharesNothing(Shared):
    def __init__(self, changes: list[ConsentChange]) -> None:
        super().__init__(list(changes))


BROKEN: list[tuple[type[Shared], str]] = [
    (_AnswersForTheBatch, "test_each_message_has_an_answer"),
    (_KnowsNumbersOnly, "test_each_message_has_an_answer"),
    (_FailsForContacts, "test_each_message_has_an_answer"),
    (_TakesWhatArrivedLast, "test_the_latest_change_counts"),
    (_CountsChanges, "test_a_change_may_come_twice"),
    (_RefusesARepetition, "test_a_change_may_come_twice"),
    (_KeepsOneConsent, "test_less_marketing_is_no_opt_in"),
    (_NeedsAnAddress, "test_a_change_may_lack_the_address"),
    (_TakesNoAddressForAnyAddress, "test_a_change_may_lack_the_address"),
    (_ReadsBeforeOthersHaveWritten, "test_changes_at_once_lose_nothing"),
    (_SharesNothing, "test_a_second_list_knows_what_the_first_was_told"),
]
