"""The contract tests of `Store`. A subclass provides the fixture `store` and runs all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
import pytest
from support.delivery import (
    NOW,
    UNTIL,
    accepted,
    batch_id,
    doubtful,
    message,
    message_id,
    report,
)

from omnimsg.adapter.context import report_token
from omnimsg.delivery.tracked import Handover, Names, Tracked
from omnimsg.domain.status import Status

if TYPE_CHECKING:
    from omnimsg.delivery.store import Store
    from omnimsg.domain.events import StatusEvent
    from omnimsg.domain.outcome import Accepted

TOKEN = report_token("main", "r1")


async def take(store: Store, outcome: Accepted, *, minutes: int = 0) -> Tracked:
    """Store an acceptance as the tracker does."""
    new = Tracked.of_accepted(outcome, None, NOW + timedelta(minutes=minutes))
    return await _take(store, new)


async def doubt(
    store: Store, reference: str = "r1", *, minutes: int = 0, key: str | None = None
) -> Tracked:
    """Store a doubtful send as the tracker does."""
    at = NOW + timedelta(minutes=minutes)
    new = Tracked.of_doubt(doubtful(reference), message(reference), at, key=key)
    return await _take(store, new)


async def add(store: Store, event: StatusEvent) -> Tracked:
    """Store a report as the tracker does."""
    empty = Tracked(account="main", since=NOW)
    names = Names.of_event(event)
    return await store.update(names, lambda known: (known or empty).reported(event))


async def _take(store: Store, new: Tracked) -> Tracked:
    names = attrs.evolve(new.names, is_answer=True)
    return await store.update(names, lambda known: new if known is None else known.answered(new))


def named(
    provider_id: str | None = None, token: str | None = None, *, is_answer: bool = False
) -> Names:
    """Make names."""
    found = message_id(provider_id)
    return Names(
        account="main", ids=() if found is None else (found,), token=token, is_answer=is_answer
    )


class StoreContract:
    """The tests of a store."""

    pytestmark = pytest.mark.anyio

    async def test_nothing_is_known_of_a_stranger(self, store: Store) -> None:
        """An unknown message is found neither by an id nor by a token."""
        assert await store.find(named("m1", TOKEN)) is None
        assert [] == list(await store.doubts())

    async def test_a_message_is_found_by_any_of_its_names(self, store: Store) -> None:
        """A message is found by its id, and by its token."""
        stored = await take(store, accepted("m1"))

        found = [await store.find(each) for each in (named("m1"), named(None, TOKEN))]

        assert [stored, stored] == found

    async def test_a_change_is_given_what_is_known(self, store: Store) -> None:
        """`update` passes the stored message to the change, and stores the result."""
        stored = await take(store, accepted("m1"))
        given: list[Tracked | None] = []

        def change(known: Tracked | None) -> Tracked:
            given.append(known)
            assert known is not None
            return attrs.evolve(known, told=Status.SENT)

        changed = await store.update(named("m1"), change)

        assert [stored] == given
        assert changed == await store.find(named("m1"))

    async def test_a_new_name_finds_the_message_too(self, store: Store) -> None:
        """A message of a batch is found by the id that a report adds."""
        await take(store, accepted(None, batch_id="b1"))

        await add(store, report(Status.SENT, "m1", "r1", batch="b1"))

        found = await store.find(named("m1"))
        assert found is not None
        assert (batch_id("b1"), message_id("m1")) == found.ids

    async def test_two_accounts_are_kept_apart(self, store: Store) -> None:
        """A message is not found by the token of its reference on another account."""
        await take(store, accepted("m1"))

        assert await store.find(Names(account="b", token=report_token("b", "r1"))) is None

    async def test_an_early_report_is_joined_with_the_answer(self, store: Store) -> None:
        """Reports before the answer, by id or by token, are merged with it."""
        await add(store, report(Status.SENT, "m1"))
        await add(store, report(Status.DELIVERED, None, token_of="r1"))

        joined = await take(store, accepted("m1"))

        assert (Handover.ACCEPTED, "r1") == (joined.handover, joined.reference)
        assert 2 == len(joined.legs)
        assert joined == await store.find(named("m1")) == await store.find(named(None, TOKEN))

    async def test_what_was_joined_is_one_message(self, store: Store) -> None:
        """A report with two names merges what was stored under each."""
        await add(store, report(Status.SENT, "m1"))
        await add(store, report(Status.SENT, None, "r1"))

        joined = await add(store, report(Status.DELIVERED, "m1", "r1"))

        assert joined == await store.find(named("m1")) == await store.find(named(None, TOKEN))
        assert joined.status is not None
        assert Status.DELIVERED is joined.status.status

    async def test_a_report_settles_a_doubt(self, store: Store) -> None:
        """A report with the reference settles a doubtful send, which then has an id."""
        await doubt(store)

        settled = await add(store, report(Status.SENT, "m1", "r1"))

        assert (Handover.ACCEPTED, message_id("m1")) == (settled.handover, settled.own_id)
        assert [] == list(await store.doubts())

    async def test_a_report_that_was_known_by_its_id_settles_a_doubt(self, store: Store) -> None:
        """A report by id and then one with the reference settle a doubtful send."""
        await add(store, report(Status.SENT, "m1"))
        await doubt(store)

        settled = await add(store, report(Status.DELIVERED, "m1", "r1"))

        assert Handover.ACCEPTED is settled.handover
        assert [] == list(await store.doubts())

    async def test_an_early_report_settles_a_doubt(self, store: Store) -> None:
        """A report before the doubt is stored settles the doubtful send."""
        await add(store, report(Status.SENT, "m1", "r1"))

        settled = await doubt(store)

        assert (Handover.ACCEPTED, message_id("m1")) == (settled.handover, settled.own_id)
        assert [] == list(await store.doubts())

    async def test_another_send_settles_no_doubt(self, store: Store) -> None:
        """Answer and reports of another send with the same reference do not settle a doubt."""
        first = await doubt(store)
        await take(store, accepted("m2"))
        await add(store, report(Status.DELIVERED, "m2", "r1"))
        await take(store, accepted(None, batch_id="b3"))
        await add(store, report(Status.DELIVERED, "m3", "r1", batch="b3"))

        assert [first] == list(await store.doubts())
        found = await store.find(named("m3"))
        assert found is not None
        assert (batch_id("b3"), message_id("m3")) == found.ids

    async def test_an_answer_is_of_no_other_send(self, store: Store) -> None:
        """An acceptance is not merged with another send that has a batch id only."""
        await take(store, accepted(None, batch_id="b1"))

        second = await take(store, accepted("m2"))

        assert (message_id("m2"),) == second.ids

    async def test_a_report_of_another_batch_is_of_another_message(self, store: Store) -> None:
        """A report with another batch id belongs to another message with the same reference."""
        first = await take(store, accepted(None, batch_id="b1"))

        second = await add(store, report(Status.DELIVERED, "m2", "r1", batch="b2"))

        assert first == await store.find(Names.of_id(batch_id("b1")))
        assert (message_id("m2"), batch_id("b2")) == second.ids

    async def test_a_report_is_rather_of_what_was_accepted(self, store: Store) -> None:
        """A report joins an accepted send before a doubtful one with the same reference."""
        await take(store, accepted(None, batch_id="b1"))
        second = await doubt(store)

        joined = await add(store, report(Status.DELIVERED, "m1", "r1"))

        assert (batch_id("b1"), message_id("m1")) == joined.ids
        assert [second] == list(await store.doubts())

    async def test_a_token_alone_is_of_the_latest_message(self, store: Store) -> None:
        """A token alone finds the latest message, and nothing for an answer."""
        await take(store, accepted("m1"))
        latest = await take(store, accepted("m2"))

        assert latest == await store.find(named(None, TOKEN))
        assert await store.find(named(None, TOKEN, is_answer=True)) is None

    async def test_doubts_are_listed_from_the_oldest(self, store: Store) -> None:
        """Doubts are listed from the oldest, with those that were given up."""
        for reference, minutes in (("r2", 1), ("r1", 0), ("r3", 2)):
            await doubt(store, reference, minutes=minutes)
        await store.give_up(NOW)

        listed = await store.doubts()

        assert ["r1", "r2", "r3"] == [each.reference for each in listed]

    async def test_what_nothing_settled_is_given_up(self, store: Store) -> None:
        """A doubt older than the given time is given up once; a younger one stays in doubt."""
        for reference, minutes in (("r1", 0), ("r2", 1), ("r3", 2)):
            await doubt(store, reference, minutes=minutes)

        first = await store.give_up(NOW + timedelta(minutes=1))
        second = await store.give_up(NOW + timedelta(minutes=1))

        assert ["r1", "r2"] == [each.reference for each in first]
        assert {Handover.UNRESOLVED} == {each.handover for each in first}
        assert [] == list(second)
        assert [Handover.UNRESOLVED, Handover.UNRESOLVED, Handover.IN_DOUBT] == [
            each.handover for each in await store.doubts()
        ]

    async def test_doubts_with_one_reference_are_each_given_up(self, store: Store) -> None:
        """Two doubtful sends with one reference are both given up."""
        await doubt(store)
        await doubt(store)

        given_up = await store.give_up(NOW + timedelta(minutes=2))

        assert 2 == len(given_up)
        assert 2 == len(await store.doubts())

    async def test_a_doubt_with_a_key_is_stored_once(self, store: Store) -> None:
        """A doubt that is stored again is the same one; another one with the reference is not."""
        for key in ("k1", "k2", "k1", "k2"):
            await doubt(store, key=key)

        assert ["k1", "k2"] == [each.doubt_key for each in await store.doubts()]

    async def test_what_was_given_up_may_still_be_settled(self, store: Store) -> None:
        """A report settles a doubt that was given up."""
        await doubt(store)
        await store.give_up(NOW + timedelta(minutes=2))

        settled = await add(store, report(Status.DELIVERED, "m1", "r1"))

        assert Handover.ACCEPTED is settled.handover
        assert [] == list(await store.doubts())

    async def test_handled_events_are_remembered(self, store: Store) -> None:
        """A handled event is remembered until its time is over; other events are not handled."""
        await store.set_handled("k1", NOW, UNTIL)
        await store.set_handled("k2", UNTIL - timedelta(seconds=1), UNTIL + timedelta(hours=24))

        assert await store.is_handled("k1")
        assert await store.is_handled("k2")
        assert not await store.is_handled("k3")

    async def test_a_report_prefers_a_message_that_was_accepted(self, store: Store) -> None:
        """Of two sends with one reference, a report without an id names the one that is certain."""
        await doubt(store, "r1")
        await take(store, accepted(None, "r1", batch_id="b1"), minutes=1)

        reported = await add(store, report(Status.SENT, "m1", token_of="r1"))

        assert {batch_id("b1"), message_id("m1")} == set(reported.ids)
        assert [Handover.IN_DOUBT] == [each.handover for each in await store.doubts()]
