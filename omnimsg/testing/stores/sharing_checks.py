"""Checks of a store that several processes share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from omnimsg.testing.in_event_loop import at_once, expect
from omnimsg.testing.stores.harness import StoreHarness, with_two_stores
from omnimsg.testing.stores.overlap_checks import expect_all_changes, expect_one_message
from omnimsg.testing.stores.steps import NOW, accepted, doubt, named, take

if TYPE_CHECKING:
    from omnimsg.delivery.store import Store

_LATER = NOW + timedelta(hours=24)


class SharingChecks(StoreHarness):
    """What one process stores the others find, and no change of either is lost."""

    @with_two_stores
    async def test_a_second_store_finds_what_the_first_has_stored(
        self, store: Store, second: Store
    ) -> None:
        """Messages, doubts and handled events are those of all processes."""
        stored = await take(store, accepted("m1"))
        doubtful = await doubt(store, "r2")
        await store.set_handled("k1", NOW, _LATER)

        expect(stored, await second.find(named("m1")), "the message")
        expect([doubtful], list(await second.doubts()), "the doubts")
        expect(True, await second.is_handled("k1"), "whether the event was handled")

    @with_two_stores
    async def test_changes_through_two_stores_lose_nothing(
        self, store: Store, second: Store
    ) -> None:
        """Changes of one message by two processes at once are all kept."""
        await expect_all_changes([store, second])

    @with_two_stores
    async def test_first_reports_to_two_stores_make_one_message(
        self, store: Store, second: Store
    ) -> None:
        """Answer and reports that two processes get at once make one message."""
        await expect_one_message([store, second])

    @with_two_stores
    async def test_a_doubt_is_given_up_by_one_store(self, store: Store, second: Store) -> None:
        """Of two processes that give doubts up at once, one is returned each of them."""
        for reference in ("r1", "r2", "r3"):
            await doubt(store, reference)

        given_up = await at_once(lambda: store.give_up(_LATER), lambda: second.give_up(_LATER))

        references = sorted(str(each.reference) for found in given_up for each in found)
        expect(["r1", "r2", "r3"], references, "what both calls have given up")
