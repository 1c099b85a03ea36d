"""Checks of how ids and tokens find messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter.context import report_token
from omnimsg.delivery.tracked import Handover, Names
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.status import Status
from omnimsg.testing.in_event_loop import expect
from omnimsg.testing.stores.harness import StoreHarness, with_store
from omnimsg.testing.stores.steps import (
    TOKEN,
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
    from omnimsg.delivery.store import Store


class NameChecks(StoreHarness):
    """Each name finds the message that it names, and what names join becomes one message."""

    @with_store
    async def test_nothing_is_known_of_a_stranger(self, store: Store) -> None:
        """An unknown message is found neither by an id nor by a token."""
        await take(store, accepted("m2", "r2"))

        expect(None, await store.find(named("m1", TOKEN)), "an unknown message")

    @with_store
    async def test_a_message_is_found_by_any_of_its_names(self, store: Store) -> None:
        """A message is found by its id, and by its token."""
        stored = await take(store, accepted("m1"))

        expect(stored, await store.find(named("m1")), "the message by its id")
        expect(stored, await store.find(named(None, TOKEN)), "the message by its token")

    @with_store
    async def test_a_new_name_finds_the_message_too(self, store: Store) -> None:
        """A message of a batch is found by the id that a report adds, and by its first one."""
        await take(store, accepted(None, batch_id="b1"))

        added = await add(store, report(Status.SENT, "m1", "r1", batch="b1"))

        expect((batch_id("b1"), message_id("m1")), added.ids, "the ids of the message")
        expect(added, await store.find(named("m1")), "the message by its new id")
        expect(added, await store.find(Names.of_id(batch_id("b1"))), "the message by its first id")

    @with_store
    async def test_two_accounts_are_kept_apart(self, store: Store) -> None:
        """A message is not found by its id or its reference on another account."""
        await take(store, accepted("m1"))

        for names in (
            Names(account="b", ids=(MessageId.of("b", "m1"),)),
            Names(account="b", token=report_token("b", "r1")),
        ):
            expect(None, await store.find(names), "the message of another account")

    @with_store
    async def test_an_early_report_is_joined_with_the_answer(self, store: Store) -> None:
        """Reports before the answer, by id or by token, are merged with it."""
        await add(store, report(Status.SENT, "m1"))
        await add(store, report(Status.DELIVERED, None, of="r1"))

        joined = await take(store, accepted("m1"))

        expect((Handover.ACCEPTED, "r1"), (joined.handover, joined.reference), "the message")
        expect(2, len(joined.legs), "the number of its legs")
        expect(joined, await store.find(named("m1")), "the message by its id")
        expect(joined, await store.find(named(None, TOKEN)), "the message by its token")

    @with_store
    async def test_what_was_joined_is_one_message(self, store: Store) -> None:
        """A report with two names merges what was stored under each."""
        await add(store, report(Status.SENT, "m1"))
        await add(store, report(Status.SENT, None, "r1"))

        joined = await add(store, report(Status.DELIVERED, "m1", "r1"))

        status = joined.status
        expect(Status.DELIVERED, status and status.status, "the merged status")
        expect(joined, await store.find(named("m1")), "the message by its id")
        expect(joined, await store.find(named(None, TOKEN)), "the message by its token")

    @with_store
    async def test_an_answer_is_of_no_other_send(self, store: Store) -> None:
        """An acceptance is not merged with another send that has a batch id only."""
        await take(store, accepted(None, batch_id="b1"))

        second = await take(store, accepted("m2"))

        expect((message_id("m2"),), second.ids, "the ids of the second send")

    @with_store
    async def test_a_report_of_another_batch_is_of_another_message(self, store: Store) -> None:
        """A report with another batch id belongs to another message with the same reference."""
        first = await take(store, accepted(None, batch_id="b1"))

        second = await add(store, report(Status.DELIVERED, "m2", "r1", batch="b2"))

        expect((message_id("m2"), batch_id("b2")), second.ids, "the ids of the second message")
        expect(first, await store.find(Names.of_id(batch_id("b1"))), "the first message")

    @with_store
    async def test_a_report_prefers_a_message_that_was_accepted(self, store: Store) -> None:
        """A report joins an accepted send before a doubtful one with the same reference."""
        for reference, order in (("r1", (_take_batch, _doubt)), ("r2", (_doubt, _take_batch))):
            for step in order:
                await step(store, reference)

            joined = await add(store, report(Status.SENT, f"m-{reference}", of=reference))

            ids = (batch_id("b1", reference), message_id(f"m-{reference}"))
            expect(ids, joined.ids, "the ids of the message that was reported")
        expect(["r1", "r2"], [each.reference for each in await store.doubts()], "the doubts")

    @with_store
    async def test_a_token_alone_is_of_the_latest_message(self, store: Store) -> None:
        """A token alone finds the latest message, and nothing for an answer."""
        await take(store, accepted("m1"))
        latest = await take(store, accepted("m2"), minutes=1)

        expect(latest, await store.find(named(None, TOKEN)), "the message by its token")
        of_answer = await store.find(named(None, TOKEN, is_answer=True))
        expect(None, of_answer, "the message by the token of an answer")


async def _take_batch(store: Store, reference: str) -> None:
    await take(store, accepted(None, reference, batch_id="b1"))


async def _doubt(store: Store, reference: str) -> None:
    await doubt(store, reference)
