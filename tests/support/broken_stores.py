"""Stores that each break a rule, and the check of the conformance suite that must fail for it."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from support.sqlite_store import SqliteStore

from omnimsg import Handover, Tracked

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from support.sqlite_store import Row

    from omnimsg import Names

T = TypeVar("T")


class _CutsTimes(SqliteStore):
    def read(self, value: Any) -> Tracked:
        found = super().read(value)
        return attrs.evolve(found, since=found.since.replace(microsecond=0))


class _ForgetsTheLegsThatFollowed(SqliteStore):
    def read(self, value: Any) -> Tracked:
        return attrs.evolve(super().read(value), followed_by=())


class _TellsAChangeNothing(SqliteStore):
    def merged(self, found: Sequence[Row]) -> Tracked | None:
        return None if len(found) == 1 else super().merged(found)

    async def find(self, names: Names) -> Tracked | None:
        return await self.transaction(lambda db: self.found(self.rows(db), names)[0][1])


class _ReturnsWhatItHad(SqliteStore):
    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        known = await self.find(names)
        changed = await super().update(names, change)
        return known or changed


class _SwallowsErrors(SqliteStore):
    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        try:
            return await super().update(names, change)
        except Exception:
            known = await self.find(names)
            if known is None:
                raise
            return known


class _DeletesBeforeTheChange(SqliteStore):
    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        def taken(db: sqlite3.Connection) -> Tracked | None:
            found = self.found(self.rows(db), names)
            db.executemany("delete from messages where number = ?", [(each,) for each, _ in found])
            return self.merged(found)

        new = change(await self.transaction(taken))
        await self.transaction(lambda db: self.replace(db, [], new))
        return new


class _FindsStrangers(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        return super().found(rows, names) or list(rows[-1:])


class _KnowsIdsOnly(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        return super().found(rows, attrs.evolve(names, token=None))


class _KnowsTheFirstIdOnly(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        return [
            row
            for row in super().found(rows, names)
            if not names.ids or row[1].ids[:1] == names.ids[:1] or row[1].token == names.token
        ]


class _TakesIdsForThoseOfAnyAccount(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        wanted = {each.provider_id for each in names.ids}
        return super().found(rows, names) or [
            row for row in rows if wanted & {each.provider_id for each in row[1].ids}
        ]


class _FindsByIdOrByToken(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        by_id = super().found(rows, attrs.evolve(names, token=None))
        return by_id or super().found(rows, names)


class _KeepsWhatItHasMerged(SqliteStore):
    def replace(self, db: sqlite3.Connection, found: Sequence[Row], new: Tracked) -> None:
        super().replace(db, found[:1], new)


class _TakesAnswersForReports(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        return super().found(rows, attrs.evolve(names, is_answer=False))


class _JoinsAllThatHasTheToken(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        found = super().found(rows, names)
        having = [row for row in rows if row[1].token == names.token and row not in found]
        return found or having[:1]


class _TakesTheOldest(SqliteStore):
    def preferred(self, open_ones: Sequence[Row]) -> list[Row]:
        return list(open_ones)


class _TakesTheLatest(SqliteStore):
    def preferred(self, open_ones: Sequence[Row]) -> list[Row]:
        return list(reversed(open_ones))


class _TakesTheFirstOfAToken(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        found = super().found(rows, names)
        having = [row for row in rows if row[1].token == names.token is not None]
        return having[:1] if found and not names.ids else found


class _FindsNoDoubtByItsToken(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        return super().found(
            [row for row in rows if row[1].handover is not Handover.IN_DOUBT], names
        )


class _FindsNothingGivenUp(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        return super().found(
            [row for row in rows if row[1].handover is not Handover.UNRESOLVED], names
        )


class _TakesAMessageWithAnIdForKnown(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        known = [row for row in rows if row[1].own_id is None or set(names.ids) & set(row[1].ids)]
        return super().found(known if names.is_answer else rows, names)


class _IgnoresKeys(SqliteStore):
    def found(self, rows: Sequence[Row], names: Names) -> list[Row]:
        return super().found(rows, attrs.evolve(names, doubt_key=None))


class _ForgetsKeysOfWhatHasEnded(SqliteStore):
    def read(self, value: Any) -> Tracked:
        found = super().read(value)
        return found if found.handover.is_doubtful else attrs.evolve(found, doubt_key=None)


class _ListsDoubtsByReference(SqliteStore):
    async def doubts(self) -> Sequence[Tracked]:
        return sorted(await super().doubts(), key=lambda each: str(each.reference), reverse=True)


class _ListsNoDoubtThatWasGivenUp(SqliteStore):
    async def doubts(self) -> Sequence[Tracked]:
        return [each for each in await super().doubts() if each.handover is Handover.IN_DOUBT]


class _ListsEverything(SqliteStore):
    async def doubts(self) -> Sequence[Tracked]:
        rows = await self.transaction(self.rows)
        return sorted((each for _, each in rows), key=lambda each: each.since)


class _GivesUpOlderDoubtsOnly(SqliteStore):
    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        return await super().give_up(since - timedelta(microseconds=1))


class _GivesUpAllDoubts(SqliteStore):
    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        return await super().give_up(since.replace(year=since.year + 1))


class _TellsAgainWhatItHasGivenUp(SqliteStore):
    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        await super().give_up(since)
        return [each for each in await self.doubts() if each.handover is Handover.UNRESOLVED]


class _TellsDoubtsAsTheyWere(SqliteStore):
    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        return [
            attrs.evolve(each, handover=Handover.IN_DOUBT) for each in await super().give_up(since)
        ]


class _GivesUpOneOfEachReference(SqliteStore):
    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        return list({each.reference: each for each in await super().give_up(since)}.values())


class _ForgetsOtherEvents(SqliteStore):
    async def set_handled(self, key: str, at: datetime, until: datetime) -> None:
        await self.transaction(lambda db: db.execute("delete from handled"))
        await super().set_handled(key, at, until)


class _TakesEveryEventForHandled(SqliteStore):
    async def is_handled(self, key: str) -> bool:
        return True


class _RefusesAKnownEvent(SqliteStore):
    async def set_handled(self, key: str, at: datetime, until: datetime) -> None:
        await self.transaction(
            lambda db: db.execute("insert into handled values (?, ?)", [key, until.isoformat()])
        )


class _TellsAChangeNothingWhileBusy(SqliteStore):
    is_busy = False

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        if self.is_busy:
            return change(None)
        self.is_busy = True
        try:
            return await super().update(names, change)
        finally:
            self.is_busy = False


class _InTwoTransactions(SqliteStore):
    """Reads in one transaction and writes in another; other tasks run in between, always."""

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        found = await self.transaction(lambda db: self.found(self.rows(db), names))
        new = change(self.merged(found))
        await self.transaction(lambda db: self.replace(db, found, new))
        return new

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        rows = await self.transaction(self.rows)
        found = [
            row for row in rows if row[1].handover is Handover.IN_DOUBT and row[1].since <= since
        ]
        given_up = [attrs.evolve(each, handover=Handover.UNRESOLVED) for _, each in found]
        for row, new in zip(found, given_up, strict=True):
            await self.transaction(partial(self.replace, found=[row], new=new))
        return given_up

    async def transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        result = self.done(work)
        await asyncio.sleep(0)
        return result


class _LocksWhatIsThere(_InTwoTransactions):
    """Locks the messages that it finds, as `select ... for update` does: the first is not there."""

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        if await self.find(names) is None:
            return await super().update(names, change)
        return await SqliteStore.update(self, names, change)


class _LocksItsOwnProcess(_InTwoTransactions):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._lock = asyncio.Lock()

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        async with self._lock:
            return await super().update(names, change)

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        async with self._lock:
            return await super().give_up(since)


class _SharesNothing(SqliteStore):
    _numbers = itertools.count()

    def __init__(self, path: Path) -> None:
        super().__init__(path.with_name(f"{next(self._numbers)}.db"))


BROKEN: list[tuple[type[SqliteStore], str]] = [
    (_CutsTimes, "test_a_message_comes_back_whole"),
    (_ForgetsTheLegsThatFollowed, "test_a_message_comes_back_whole"),
    (_TellsAChangeNothing, "test_a_change_is_given_what_is_known"),
    (_ReturnsWhatItHad, "test_a_change_is_given_what_is_known"),
    (_SwallowsErrors, "test_a_change_that_raises_changes_nothing"),
    (_DeletesBeforeTheChange, "test_a_change_that_raises_changes_nothing"),
    (_FindsStrangers, "test_nothing_is_known_of_a_stranger"),
    (_KnowsIdsOnly, "test_a_message_is_found_by_any_of_its_names"),
    (_KnowsTheFirstIdOnly, "test_a_new_name_finds_the_message_too"),
    (_TakesIdsForThoseOfAnyAccount, "test_two_accounts_are_kept_apart"),
    (_FindsByIdOrByToken, "test_an_early_report_is_joined_with_the_answer"),
    (_FindsByIdOrByToken, "test_a_report_that_was_known_by_its_id_settles_a_doubt"),
    (_KeepsWhatItHasMerged, "test_what_was_joined_is_one_message"),
    (_TakesAnswersForReports, "test_an_answer_is_of_no_other_send"),
    (_TakesAnswersForReports, "test_a_token_alone_is_of_the_latest_message"),
    (_JoinsAllThatHasTheToken, "test_a_report_of_another_batch_is_of_another_message"),
    (_JoinsAllThatHasTheToken, "test_another_send_settles_no_doubt"),
    (_TakesTheOldest, "test_a_report_prefers_a_message_that_was_accepted"),
    (_TakesTheLatest, "test_a_report_prefers_a_message_that_was_accepted"),
    (_TakesTheFirstOfAToken, "test_a_token_alone_is_of_the_latest_message"),
    (_FindsNoDoubtByItsToken, "test_a_report_settles_a_doubt"),
    (_TakesAMessageWithAnIdForKnown, "test_an_early_report_settles_a_doubt"),
    (_ListsDoubtsByReference, "test_doubts_are_listed_from_the_oldest"),
    (_ListsNoDoubtThatWasGivenUp, "test_doubts_are_listed_from_the_oldest"),
    (_ListsEverything, "test_doubts_are_listed_from_the_oldest"),
    (_GivesUpOlderDoubtsOnly, "test_what_nothing_settled_is_given_up"),
    (_GivesUpAllDoubts, "test_what_nothing_settled_is_given_up"),
    (_TellsAgainWhatItHasGivenUp, "test_what_nothing_settled_is_given_up"),
    (_TellsDoubtsAsTheyWere, "test_what_nothing_settled_is_given_up"),
    (_GivesUpOneOfEachReference, "test_doubts_with_one_reference_are_each_given_up"),
    (_IgnoresKeys, "test_a_doubt_with_a_key_is_stored_once"),
    (_ForgetsKeysOfWhatHasEnded, "test_a_doubt_that_has_ended_is_stored_once"),
    (_FindsNothingGivenUp, "test_what_was_given_up_may_still_be_settled"),
    (_ForgetsOtherEvents, "test_handled_events_are_remembered"),
    (_TakesEveryEventForHandled, "test_handled_events_are_remembered"),
    (_RefusesAKnownEvent, "test_an_event_may_be_handled_twice"),
    (_TellsAChangeNothingWhileBusy, "test_changes_at_once_lose_nothing"),
    (_InTwoTransactions, "test_changes_at_once_lose_nothing"),
    (_LocksWhatIsThere, "test_first_reports_at_once_make_one_message"),
    (_SharesNothing, "test_a_second_store_finds_what_the_first_has_stored"),
    (_LocksItsOwnProcess, "test_changes_through_two_stores_lose_nothing"),
    (_LocksItsOwnProcess, "test_first_reports_to_two_stores_make_one_message"),
    (_LocksItsOwnProcess, "test_a_doubt_is_given_up_by_one_store"),
]
