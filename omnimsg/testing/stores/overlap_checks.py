"""Checks of calls that overlap in one process."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from omnimsg.delivery.tracked import Handover
from omnimsg.domain.status import Status
from omnimsg.testing.assertions import fail
from omnimsg.testing.in_event_loop import at_once, expect
from omnimsg.testing.stores.harness import StoreHarness, with_store
from omnimsg.testing.stores.steps import TOKEN, accepted, add, message_id, named, report, take

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg.delivery.store import Store
    from omnimsg.delivery.tracked import Tracked

_FOLLOWING = tuple(f"f{number}" for number in range(6))


class OverlapChecks(StoreHarness):
    """Calls that overlap lose nothing."""

    @with_store
    async def test_changes_at_once_lose_nothing(self, store: Store) -> None:
        """Changes of one message at once are all kept."""
        await expect_all_changes([store])

    @with_store
    async def test_first_reports_at_once_make_one_message(self, store: Store) -> None:
        """Answer and reports that arrive at once, the first of a message, make one message."""
        await expect_one_message([store])


async def expect_all_changes(stores: Sequence[Store]) -> None:
    """Change one message through the stores at once, and expect all changes."""
    await take(stores[0], accepted("m1"))

    def follow(store: Store, each: str) -> Callable[[], Awaitable[Tracked]]:
        by = (message_id(each),)

        def change(known: Tracked | None) -> Tracked:
            if known is None:
                fail("a change of a stored message was given `None`")
            return known.followed(by, reached_twice=False)

        return lambda: store.update(named("m1"), change)

    # Each change goes through one store: the other one must not make up for a lost one.
    await at_once(*map(follow, itertools.cycle(stores), _FOLLOWING))

    found = await stores[-1].find(named("m1"))
    kept = {each.provider_id for each in found.followed_by} if found else set()
    expect(set(_FOLLOWING), kept, "the changes that were kept")


async def expect_one_message(stores: Sequence[Store]) -> None:
    """Store the first reports of a message, and its answer, through the stores at once."""
    first, last = stores[0], stores[-1]
    await at_once(
        lambda: add(first, report(Status.DELIVERED, "m1", "r1")),
        lambda: take(last, accepted("m1")),
        lambda: add(last, report(Status.SENT, None, of="r1")),
    )

    found = await first.find(named("m1"))
    expect(found, await last.find(named(None, TOKEN)), "the message by its token")
    expect(Handover.ACCEPTED, found and found.handover, "its hand-over")
    expect(2, found and len(found.legs), "the number of its legs")
