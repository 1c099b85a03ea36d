"""Checks of the keys of handled events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from omnimsg.testing.in_event_loop import at_once, expect
from omnimsg.testing.stores.harness import StoreHarness, with_store
from omnimsg.testing.stores.steps import NOW

if TYPE_CHECKING:
    from omnimsg.delivery.store import Store

DAY = timedelta(hours=24)


class EventChecks(StoreHarness):
    """A handled event is remembered for as long as the provider may repeat it."""

    @with_store
    async def test_handled_events_are_remembered(self, store: Store) -> None:
        """A handled event is remembered until its time is over; other events are not handled."""
        await store.set_handled("k1", NOW, NOW + DAY)
        await store.set_handled("k2", NOW + DAY - timedelta(seconds=1), NOW + 2 * DAY)

        found = {each: await store.is_handled(each) for each in ("k1", "k2", "k3")}

        expect({"k1": True, "k2": True, "k3": False}, found, "whether events were handled")

    @with_store
    async def test_an_event_may_be_handled_twice(self, store: Store) -> None:
        """An event that two callbacks have brought at once is noted by both, without an error."""
        await at_once(*[lambda: store.set_handled("k1", NOW, NOW + DAY)] * 2)
        await store.set_handled("k1", NOW, NOW + DAY)

        expect(True, await store.is_handled("k1"), "whether the event was handled")
