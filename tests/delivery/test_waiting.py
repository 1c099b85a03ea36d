"""`Client.wait`: it ends with a report, a look-up, a failure or the client, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import closing
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import FakeTransport, texts, tiny
from support.lost_answers import Asked, World, ok, report
from support.reporting import deliver
from support.stores import DatabaseStore, StoreDownError
from support.virtual import VirtualLoop

from omnimsg import Accepted, Client, ConfigError, OperationError, Status
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.memory_suppression import MemorySuppression
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt import store_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg import ConsentChange
    from omnimsg.delivery.receiver import Receiver
    from omnimsg.delivery.tracked import Names, Tracked
    from omnimsg.engine.delivery_events import StatusChanged


def test_waiting_ends_with_a_report() -> None:
    """`wait` ends with the report of the requested status, not before."""
    place = World(reply=ok, kind=Asked)

    async def story(client: Client, receiver: Receiver) -> tuple[Status, float]:
        message = await client.send(texts(1)[0])
        waiting = asyncio.ensure_future(client.wait(message, Status.DELIVERED))
        for seconds, state in ((1, "sent"), (2, "delivered")):
            await report(receiver, after=seconds, state=state, id="id-r0")
        return (await waiting).status, place.loop.now - 1000

    status, seconds = place.live(story)

    assert Status.DELIVERED is status
    assert pytest.approx(3, abs=0.1) == seconds


def test_waiting_for_an_acceptance_of_another_process_ends_with_its_reference() -> None:
    """An acceptance tells the reference too, for a report that names nothing else."""
    place = World(kind=Asked)
    sent = Accepted(reference="r0", account="main", provider_id="id-r0")

    async def story(client: Client, receiver: Receiver) -> tuple[Status, float]:
        waiting = asyncio.ensure_future(client.wait(sent))
        await asyncio.sleep(1)
        await deliver(receiver, {"state": "delivered", "ref": "r0"})
        return (await waiting).status, place.loop.now - 1000

    status, seconds = place.live(story)

    assert Status.DELIVERED is status
    assert pytest.approx(1, abs=0.1) == seconds


def test_a_report_that_another_process_gets_is_noticed_in_a_shared_store() -> None:
    """`wait` reads a store that processes share again, long before it asks the provider."""
    place, store = World(reply=ok, kind=Asked), MemoryStore()

    async def story(client: Client, _: Receiver) -> tuple[Status, float]:
        message = await client.send(texts(1)[0])
        waiting = asyncio.ensure_future(client.wait(message))
        async with place.client(store=store) as other:
            await report(other.receiver(), after=4, state="delivered", id="id-r0")
        return (await waiting).status, place.loop.now - 1000

    status, seconds = place.live(story, store=store)

    assert (Status.DELIVERED, []) == (status, place.looked)
    assert pytest.approx(7, abs=0.1) == seconds


def test_a_shared_store_is_read_ever_more_rarely() -> None:
    """A wait of an hour costs the store about as many queries as the provider gets look-ups."""
    place = World(reply=ok, kind=Asked)
    found: list[float] = []

    class Counted(DatabaseStore):
        async def find(self, names: Names) -> Tracked | None:
            found.append(place.loop.now - 1000)
            return await super().find(names)

    async def story(client: Client, _: Receiver) -> None:
        with pytest.raises(TimeoutError):
            await client.wait("main:id-r0", timeout=3600)

    place.live(story, store=Counted())

    assert [1, 3, 7, 15] == [round(each) for each in found[1:5]]
    assert 2 * 3600 / 30 == pytest.approx(len(found), abs=5)


def test_waiting_for_a_message_of_an_unknown_account_is_refused() -> None:
    """A mistyped id is an error at once, not a message that is late."""
    place = World(kind=Asked)

    async def story(client: Client, _: Receiver) -> float:
        with pytest.raises(ConfigError, match="no account 'mian'"):
            await client.wait("mian:id-r0", timeout=200)
        return place.loop.now - 1000

    assert pytest.approx(0, abs=0.1) == place.live(story)


def test_waiting_where_the_provider_has_no_look_ups_is_waiting_for_reports(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A provider without look-ups is no error of its adapter; the end of the wait names it."""
    place = World(reply=ok)

    async def story(client: Client, _: Receiver) -> str:
        with pytest.raises(TimeoutError) as caught:
            await client.wait("main:id-r0", timeout=200)
        return str(caught.value)

    with caplog.at_level(logging.WARNING, "omnimsg"):
        assert "tiny has no operation 'status'" in place.live(story)
    assert [] == [each for each in caplog.records if each.name.startswith("omnimsg")]


def test_waiting_ends_with_a_failure() -> None:
    """`wait` ends with a failure, as no better status can follow."""
    place = World(reply=ok, kind=Asked)

    async def story(client: Client, receiver: Receiver) -> Status:
        message = await client.send(texts(1)[0])
        waiting = asyncio.ensure_future(client.wait(message))
        await report(receiver, after=1, state="failed", id="id-r0")
        return (await waiting).status

    assert Status.FAILED is place.live(story)


def test_waiting_ends_with_a_look_up() -> None:
    """`wait` also polls, so that a lost report does not matter; the id alone is enough."""
    place = World(reply=ok, kind=Asked, states=iter(["sent", "delivered"]))

    async def story(client: Client, _: Receiver) -> Status:
        return (await client.wait("main:id-r0", timeout=200)).status

    assert Status.DELIVERED is place.live(story)
    assert [30, 60] == place.looked


@pytest.mark.parametrize("opened", [True, False])
def test_waiting_ends_with_the_client(opened: bool) -> None:
    """Closing ends a wait, and a later one at once, with the error of any other operation.

    The message cannot be asked for any more. What is known of it is still returned.
    """
    place = World(reply=ok, kind=Asked)

    async def story(client: Client, receiver: Receiver) -> list[Any]:
        known, other = [await client.send(each) for each in texts(2)]
        await report(receiver, after=1, state="delivered", id="id-r0")
        waiting = [client.wait(other, timeout=3600)] if opened else []
        tasks = [asyncio.ensure_future(each) for each in waiting]
        await asyncio.sleep(1)
        await client.aclose()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        found += await asyncio.gather(
            client.status(other.id),
            client.wait(other),
            client.wait("main:another"),
            client.wait(known),
            return_exceptions=True,
        )
        return [*found, place.loop.now - 1000]

    *errors, status, seconds = place.live(story)

    expected = [(Reason.CANCELLED, Retry.AFTER_FIX)] * (3 + opened)
    assert expected == [(each.reason, each.retry) for each in errors]
    assert "wait through account 'main' failed: cancelled: the client is closed" == str(errors[-1])
    assert Status.DELIVERED is status.status
    assert pytest.approx(2, abs=0.2) == seconds


def test_the_first_wait_of_a_closed_client_ends_at_once() -> None:
    """Also if messages were not tracked until then."""

    async def story() -> None:
        client = Client([tiny()], transport=lambda _: FakeTransport(ok))
        await client.aclose()
        await client.wait("main:id-r0", timeout=3600)

    with closing(VirtualLoop()) as loop:
        with pytest.raises(OperationError, match="the client is closed"):
            loop.drive(story())

        assert pytest.approx(1000, abs=0.1) == loop.now


def test_an_opt_out_that_a_look_up_alone_tells_is_recorded() -> None:
    """Its report was lost; the person would be texted again. A list that fails is told again."""
    place = World(reply=ok, kind=Asked, states=iter(["failed because opted_out"]))
    suppression = Failing()

    async def story(client: Client, _: Receiver) -> Reason | None:
        accepted = await client.send(texts(1)[0])
        status = await client.wait(accepted, timeout=200)
        await asyncio.sleep(20)
        return status.reason

    assert Reason.OPTED_OUT is place.live(story, suppression=suppression)
    assert texts(1)[0].to in suppression
    assert [30] == place.looked


def test_an_opt_out_that_a_look_up_alone_tells_survives_the_store() -> None:
    """A store that fails with the look-up is given it again, and what it tells is handed on."""
    place = World(reply=ok, kind=Asked, states=iter(["failed because opted_out"]))
    suppression, store = MemorySuppression(), FailingOnce()
    told: list[Status] = []

    async def story(client: Client, _: Receiver) -> None:
        client.on_status(lambda change: told.append(change.status.status))
        accepted = await client.send(texts(1)[0])
        await client.tracked(accepted)
        store.fails = True
        waiting = asyncio.ensure_future(client.wait(accepted, timeout=200))
        await asyncio.sleep(50)
        assert [Status.FAILED] == told
        await waiting

    place.live(story, suppression=suppression, store=store)

    assert texts(1)[0].to in suppression


@pytest.mark.parametrize("is_back", [True, False])
@pytest.mark.parametrize("before", [[], ["failed"]])
def test_an_opt_out_that_a_look_up_alone_tells_survives_a_long_outage(
    before: list[str], *, is_back: bool
) -> None:
    """It is kept for the store for as long as the client is open, and recorded when it is back.

    Closing gives it to the store for the last time. An earlier look-up with the same status, which
    waits for the store too, does not take its place.
    """
    place = World(reply=ok, kind=Asked, states=iter([*before, "failed because opted_out"]))
    suppression, store = MemorySuppression(), DatabaseStore()

    async def story(client: Client, _: Receiver) -> None:
        accepted = await client.send(texts(1)[0])
        await client.tracked(accepted)
        waiting = asyncio.ensure_future(client.wait(accepted, timeout=3600))
        await asyncio.sleep(29)
        store.is_down = True
        await asyncio.sleep(600)
        store.is_down = False
        if is_back:
            await waiting
        else:
            waiting.cancel()

    place.live(story, suppression=suppression, store=store)

    assert texts(1)[0].to in suppression
    assert [30] == place.looked[:1]


class FailingOnce(MemoryStore):
    """A store that fails with its next change.

    Attributes:
        fails: Whether it fails.
    """

    fails = False

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message, or fail."""
        if not self.fails:
            return await super().update(names, change)
        self.fails = False
        raise StoreDownError


class ReadOnly(MemoryStore):
    """A store that takes no change for a while.

    Attributes:
        is_down: Whether it takes none.
    """

    is_down = True

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message, or fail."""
        if self.is_down:
            raise StoreDownError
        return await super().update(names, change)


def test_a_look_up_that_found_no_room_is_kept_when_it_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was found of a message and dropped, because too much waited, may be found again."""
    monkeypatch.setattr(store_queue, "_MAX_WAITING", 1)
    place, store = World(reply=ok, kind=Asked), ReadOnly()
    told: list[str] = []

    async def story(client: Client, _: Receiver) -> None:
        client.on_status(lambda change: told.append(change.id))
        for each in ("main:dropped", "main:other", "main:dropped"):
            with pytest.raises(TimeoutError):
                await client.wait(each, timeout=35)
        store.is_down = False
        await asyncio.sleep(20)

    place.live(story, store=store)

    assert ["main:dropped"] == told


class Failing(MemorySuppression):
    """A suppression list whose first record fails."""

    failed = False

    async def record(self, change: ConsentChange) -> None:
        """Record a change, or fail."""
        if not self.failed:
            self.failed = True
            raise OSError
        await super().record(change)


def test_a_handler_that_fails_is_told_again_what_a_look_up_found() -> None:
    """A handler that failed is given a looked-up status again, without another look-up."""
    place = World(reply=ok, kind=Asked, states=iter(["delivered"]))
    told: list[tuple[str, Status]] = []
    failures = iter([True, True])

    async def story(client: Client, _: Receiver) -> None:
        @client.on_status
        def note(change: StatusChanged) -> None:
            told.append(("note", change.status.status))

        assert callable(note)

        @client.on_status
        def write(change: StatusChanged) -> None:
            if next(failures, False):
                raise OSError
            told.append(("write", change.status.status))

        await client.wait("main:id-r0", timeout=200)
        await asyncio.sleep(20)

    place.live(story)

    assert [("note", Status.DELIVERED), ("write", Status.DELIVERED)] == told
    assert [30] == place.looked


def test_a_handler_that_fails_twice_is_told_again_twice() -> None:
    """Each status that was looked up is told again, if the handler has failed with it."""
    place = World(reply=ok, kind=Asked, states=iter(["sent", "delivered"]))
    told: list[Status] = []
    failed: set[Status] = set()

    async def story(client: Client, _: Receiver) -> None:
        @client.on_status
        def write(change: StatusChanged) -> None:
            status = change.status.status
            if status not in failed:
                failed.add(status)
                raise OSError
            told.append(status)

        await client.wait("main:id-r0", timeout=200)
        await asyncio.sleep(20)

    place.live(story)

    assert [Status.SENT, Status.DELIVERED] == told


def test_looking_up_survives_a_handler_that_waits_for_what_is_cancelled() -> None:
    """A handler that awaits a cancelled task does not end the look-ups of `wait`."""
    place = World(reply=ok, kind=Asked, states=iter(["sent", "delivered"]))

    async def handle(_: object) -> None:
        other = asyncio.ensure_future(asyncio.sleep(3600))
        other.cancel()
        await other

    async def story(client: Client, _: Receiver) -> Status:
        client.on_status(handle)
        return (await client.wait("main:id-r0", timeout=200)).status

    assert Status.DELIVERED is place.live(story)


def test_an_outage_of_the_store_is_logged_once_for_a_wait(caplog: pytest.LogCaptureFixture) -> None:
    """A wait outlasts the outages of a store, and logs each of them once, not each reading."""
    place, store = World(reply=ok, kind=Asked, states=repeat("down")), DatabaseStore()

    async def story(client: Client, receiver: Receiver) -> Status:
        waiting = asyncio.ensure_future(client.wait("main:id-r0", timeout=7200))
        for _ in range(2):
            await asyncio.sleep(100)
            store.is_down = True
            await asyncio.sleep(1800)
            store.is_down = False
        await report(receiver, after=100, state="delivered", id="id-r0")
        return (await waiting).status

    status = place.live(story, store=store)

    assert Status.DELIVERED is status
    assert ["the store of messages raised StoreDownError; the call is repeated"] * 2 == [
        each.message for each in caplog.records if each.name == "omnimsg.delivery"
    ]


def test_an_outcome_that_the_store_does_not_take_is_not_stored_again_by_each_reading() -> None:
    """A wait only reads again; the queue of outcomes has a pace of its own."""
    place, tries = World(reply=ok, kind=Asked, states=repeat("down")), []

    class Unwritable(DatabaseStore):
        async def update(
            self, names: Names, change: Callable[[Tracked | None], Tracked]
        ) -> Tracked:
            tries.append(round(place.loop.now - 1000, 1))
            raise StoreDownError

    async def story(client: Client, _: Receiver) -> None:
        waiting = asyncio.ensure_future(client.wait("main:other", timeout=8))
        await client.send(texts(1)[0])
        with pytest.raises(TimeoutError):
            await waiting

    place.live(story, store=Unwritable())

    assert [0.0, 5.0] == [each for each in tries if each < 8]


def test_who_waits_in_vain_is_told_how_far_it_came() -> None:
    """The timeout of `wait` names the last status, and why the last look-up failed."""
    place = World(reply=ok, kind=Asked, states=iter(["sent", "down"]))

    async def story(client: Client, _: Receiver) -> str:
        with pytest.raises(TimeoutError) as caught:
            await client.wait("main:37255500001", timeout=75)
        return str(caught.value)

    said = place.live(story)

    assert said.startswith("message main:372******01 is sent and not delivered after 75 s;")
    assert "the last look-up failed: status through account 'main' failed" in said


def test_a_store_that_times_out_does_not_look_like_a_message_that_is_late() -> None:
    """A wait raises the error of the store, also if it is a `TimeoutError`."""
    store = DatabaseStore(fails_with=TimeoutError)

    async def story(client: Client, _: Receiver) -> str:
        store.is_down = True
        with pytest.raises(TimeoutError) as raised:
            await client.wait("main:id-r0", timeout=200)
        store.is_down = False
        return str(raised.value)

    assert "" == World(kind=Asked).live(story, store=store)


def test_what_the_store_raises_reaches_the_caller() -> None:
    """`tracked` and `doubts` pass on the error of the store, as `wait` does."""
    store = DatabaseStore(fails_with=LookupError)

    async def story(client: Client, _: Receiver) -> None:
        store.is_down = True
        with pytest.raises(LookupError):
            await client.tracked("main:id-r0")
        with pytest.raises(LookupError):
            await client.doubts()
        with pytest.raises(LookupError):
            await client.wait("main:id-r0", timeout=200)
        store.is_down = False

    World(kind=Asked).live(story, store=store)
