"""Checks of what a store keeps of one message."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from omnimsg.delivery.tracked import Handover, Tracked
from omnimsg.domain.status import Status
from omnimsg.testing.assertions import fail
from omnimsg.testing.in_event_loop import expect
from omnimsg.testing.stores.harness import StoreHarness, with_store
from omnimsg.testing.stores.steps import (
    NOW,
    NUMBER,
    TOKEN,
    accepted,
    add,
    message_id,
    named,
    report,
    take,
)

if TYPE_CHECKING:
    from omnimsg.delivery.store import Store


class ValueChecks(StoreHarness):
    """A message comes back as it was stored, and a change is given what is known."""

    @with_store
    async def test_a_message_comes_back_whole(self, store: Store) -> None:
        """`update` and `find` return every field of a message as the change returned it."""
        leg = report(Status.DELIVERED, "m1").leg
        whole = Tracked(
            account="main",
            since=NOW + timedelta(microseconds=1),
            ids=(message_id("m1"), message_id("m2")),
            reference="r1",
            token=TOKEN,
            to=NUMBER,
            handover=Handover.ACCEPTED,
            legs=(leg, attrs.evolve(leg, provider_id="m2")),
            told=Status.SENT,
            followed_by=(message_id("m3"),),
            reached_twice=True,
            doubt_key="k1",
        )

        returned = await store.update(whole.names, lambda _: whole)

        # Field by field, because a repr does not show the names of a message.
        for what, found in (("returned", returned), ("found", await store.find(named("m1")))):
            for field in attrs.fields(Tracked):
                expected, actual = getattr(whole, field.name), getattr(found, field.name, None)
                expect(expected, actual, f"`{field.name}` of the message that was {what}")

    @with_store
    async def test_a_change_is_given_what_is_known(self, store: Store) -> None:
        """`update` passes `None` or the stored message to the change, and stores the result."""
        given: list[Tracked | None] = []

        def accept(known: Tracked | None) -> Tracked:
            given.append(known)
            return new

        def tell(known: Tracked | None) -> Tracked:
            given.append(known)
            return attrs.evolve(new, told=Status.SENT)

        new = Tracked.of_accepted(accepted("m1"), None, NOW)
        await store.update(new.names, accept)
        first, given[:] = given[-1], []
        changed = await store.update(named("m1"), tell)

        expect(None, first, "what a change of an unknown message is given")
        expect(new, given[-1] if given else "nothing", "what the next change is given")
        expect(changed, await store.find(named("m1")), "the stored message")
        expect(Status.SENT, changed.told, "the status that was told")

    @with_store
    async def test_a_change_that_raises_changes_nothing(self, store: Store) -> None:
        """An error of the change is raised by `update`, and the message stays as it was."""
        stored = await take(store, accepted("m1"))

        def refuse(known: Tracked | None) -> Tracked:
            raise ChangeRefusedError

        try:
            await store.update(named("m1"), refuse)
        except ChangeRefusedError:
            pass
        else:
            fail("`update` did not raise the error of the change")

        expect(stored, await store.find(named("m1")), "the message after the error")
        changed = await add(store, report(Status.DELIVERED, "m1"))
        expect(changed, await store.find(named("m1")), "the message after a further change")


class ChangeRefusedError(Exception):
    """A change of a check raised this on purpose."""
