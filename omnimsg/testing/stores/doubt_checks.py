"""Checks of sends that are in doubt: which report settles them, and how they are given up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from omnimsg.delivery.tracked import Handover
from omnimsg.domain.status import Status
from omnimsg.testing.in_event_loop import expect
from omnimsg.testing.stores.harness import StoreHarness, with_store
from omnimsg.testing.stores.steps import (
    NOW,
    accepted,
    add,
    batch_id,
    doubt,
    message_id,
    named,
    report,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Tracked


class DoubtChecks(StoreHarness):
    """A doubt is settled by a report of its own send, and by nothing else."""

    @with_store
    async def test_a_report_settles_a_doubt(self, store: Store) -> None:
        """A report with the reference settles a doubtful send, which then has an id."""
        await doubt(store)

        settled = await add(store, report(Status.SENT, "m1", "r1"))

        await _expect_settled(store, settled)

    @with_store
    async def test_a_report_that_was_known_by_its_id_settles_a_doubt(self, store: Store) -> None:
        """A report by id and then one with the reference settle a doubtful send."""
        await add(store, report(Status.SENT, "m1"))
        await doubt(store)

        settled = await add(store, report(Status.DELIVERED, "m1", "r1"))

        await _expect_settled(store, settled)

    @with_store
    async def test_an_early_report_settles_a_doubt(self, store: Store) -> None:
        """A report before the doubt is stored settles the doubtful send."""
        await add(store, report(Status.SENT, "m1", "r1"))

        settled = await doubt(store)

        await _expect_settled(store, settled)

    @with_store
    async def test_another_send_settles_no_doubt(self, store: Store) -> None:
        """Answer and reports of another send with the same reference do not settle a doubt."""
        first = await doubt(store)
        await take(store, accepted("m2"))
        await add(store, report(Status.DELIVERED, "m2", "r1"))
        await take(store, accepted(None, batch_id="b3"))
        await add(store, report(Status.DELIVERED, "m3", "r1", batch="b3"))

        expect([first], list(await store.doubts()), "the doubts")
        found = await store.find(named("m3"))
        expect((batch_id("b3"), message_id("m3")), found and found.ids, "the ids of the last send")

    @with_store
    async def test_doubts_are_listed_from_the_oldest(self, store: Store) -> None:
        """Doubts are listed from the oldest, with those that were given up, and nothing else."""
        for reference, minutes in (("r2", 1), ("r1", 0), ("r3", 2)):
            await doubt(store, reference, minutes=minutes)
        await take(store, accepted("m4", "r4"))
        await store.give_up(NOW)

        expect(["r1", "r2", "r3"], _references(await store.doubts()), "the doubts")

    @with_store
    async def test_what_nothing_settled_is_given_up(self, store: Store) -> None:
        """A doubt as old as the given time or older is given up once; a younger one is not."""
        for reference, minutes in (("r1", 0), ("r2", 1), ("r3", 2)):
            await doubt(store, reference, minutes=minutes)

        first = await store.give_up(NOW + timedelta(minutes=1))
        second = await store.give_up(NOW + timedelta(minutes=1))

        expect({"r1", "r2"}, set(_references(first)), "what the first call has given up")
        expect({Handover.UNRESOLVED}, {each.handover for each in first}, "their state")
        expect([], _references(second), "what the second call has given up")
        expect(
            [Handover.UNRESOLVED, Handover.UNRESOLVED, Handover.IN_DOUBT],
            [each.handover for each in await store.doubts()],
            "the states of all doubts",
        )

    @with_store
    async def test_doubts_with_one_reference_are_each_given_up(self, store: Store) -> None:
        """Two doubtful sends with one reference are both given up."""
        await doubt(store)
        await doubt(store)

        given_up = await store.give_up(NOW + timedelta(minutes=2))

        expect(["r1", "r1"], _references(given_up), "what was given up")
        expect(["r1", "r1"], _references(await store.doubts()), "the doubts")

    @with_store
    async def test_a_doubt_with_a_key_is_stored_once(self, store: Store) -> None:
        """A doubt that is stored again is the same one; another one with the reference is not."""
        for key in ("k1", "k2", "k1", "k2"):
            await doubt(store, key=key)

        keys = sorted(str(each.doubt_key) for each in await store.doubts())
        expect(["k1", "k2"], keys, "the keys of the doubts")

    @with_store
    async def test_a_doubt_that_has_ended_is_stored_once(self, store: Store) -> None:
        """A doubt that is stored again after a report has settled it is still settled."""
        await doubt(store, key="k1")
        await add(store, report(Status.SENT, "m1", "r1"))

        settled = await doubt(store, key="k1")

        await _expect_settled(store, settled)

    @with_store
    async def test_what_was_given_up_may_still_be_settled(self, store: Store) -> None:
        """A report settles a doubt that was given up."""
        await doubt(store)
        await store.give_up(NOW + timedelta(minutes=2))

        settled = await add(store, report(Status.DELIVERED, "m1", "r1"))

        await _expect_settled(store, settled)


async def _expect_settled(store: Store, settled: Tracked) -> None:
    expected = Handover.ACCEPTED, message_id("m1")
    expect(expected, (settled.handover, settled.own_id), "the hand-over and the id of the send")
    expect([], _references(await store.doubts()), "the doubts")


def _references(doubts: Sequence[Tracked]) -> list[str | None]:
    return [each.reference for each in doubts]
