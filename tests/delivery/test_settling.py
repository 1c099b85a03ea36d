"""`Client.send` with `settle`: reports and look-ups prove a doubtful send, in virtual time."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from support.adapters import accepted, references, results, texts, tiny
from support.audit import outcome_of
from support.lost_answers import World, ok, report
from support.reporting import Reporting, Silent, deliver
from support.stores import DatabaseStore, StoreDownError

from omnimsg import Accepted, AmbiguousError, Client, InvalidValue, RejectedError, Status
from omnimsg.adapter.context import report_token
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.domain.reason import Reason
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from omnimsg.adapter import Request, Response
    from omnimsg.delivery.receiver import Receiver
    from omnimsg.delivery.tracked import Names, Tracked
    from omnimsg.engine.delivery_events import StatusChanged


def test_an_early_report_settles() -> None:
    """A report that arrives before the doubtful answer settles the send at once."""
    place = World()
    arrived = asyncio.Event()

    async def slow(request: Request) -> Response:
        await arrived.wait()
        return results(dict.fromkeys(references(request), "who-knows"))

    place.reply = slow

    async def story(client: Client, receiver: Receiver) -> tuple[Accepted, float]:
        sending = asyncio.ensure_future(client.send(texts(1)[0], settle=120))
        await report(receiver, after=1)
        arrived.set()
        return await sending, place.loop.now - 1000

    found, seconds = place.live(story)

    assert "m1" == found.provider_id
    assert pytest.approx(1, abs=0.1) == seconds
    assert [] == place.looked


@pytest.mark.parametrize("names", [{"ref": "r0"}, {"token": report_token("main", "r0")}])
def test_a_later_report_settles(names: dict[str, str]) -> None:
    """A report settles the send at once, whether it has the reference or its token."""
    place = World()

    async def story(client: Client, receiver: Receiver) -> tuple[Accepted, float]:
        reporting = asyncio.ensure_future(report(receiver, after=17, **names))
        found = await client.send(texts(1)[0], settle=120)
        seconds = place.loop.now - 1000
        await reporting
        assert [] == list(await client.doubts())
        return found, seconds

    found, seconds = place.live(story)

    assert ("r0", "m1") == (found.reference, found.provider_id)
    assert pytest.approx(17, abs=0.1) == seconds
    assert ["main:m1"] == [each.id for each in place.ends]


def test_a_report_that_another_process_gets_settles() -> None:
    """A report settles the send of any process that uses the same store."""
    place, store = World(kind=Silent), MemoryStore()

    async def story(client: Client, _: Receiver) -> tuple[Accepted, float]:
        sending = asyncio.ensure_future(client.send(texts(1)[0], settle=120))
        async with place.client(store=store) as other:
            await report(other.receiver(), after=4)
        return await sending, place.loop.now - 1000

    found, seconds = place.live(story, store=store)

    assert "m1" == found.provider_id
    assert pytest.approx(7, abs=0.1) == seconds


def test_closing_ends_the_wait() -> None:
    """Closing the client ends the wait at once, and the caller gets the doubt."""
    place = World()

    async def story(client: Client, _: Receiver) -> float:
        sending = asyncio.ensure_future(client.send(texts(1)[0], settle=1000))
        await asyncio.sleep(17)
        await client.aclose()
        with pytest.raises(AmbiguousError):
            await sending
        return place.loop.now - 1000

    seconds = place.live(story)

    assert pytest.approx(17, abs=0.1) == seconds


def test_a_look_up_that_cancels_itself_is_one_that_failed() -> None:
    """A look-up that raises `CancelledError` by itself failed; the next one settles the send."""
    place = World(looks=iter(["cancelled", "there"]))

    async def story(client: Client, _: Receiver) -> Accepted:
        return await client.send(texts(1)[0], settle=120)

    found = place.live(story)

    assert "r0" == found.reference
    assert [5, 30] == place.looked


def test_a_look_up_while_another_thread_sends_is_one_that_failed() -> None:
    """A look-up while another thread's loop uses the account fails; the next one settles."""
    place = World(looks=iter(["there"]))
    arrived, go_on = threading.Event(), threading.Event()

    async def answer_later(request: Request) -> Response:
        arrived.set()
        await asyncio.to_thread(go_on.wait)
        return accepted(request)

    async def story(client: Client, _: Receiver) -> Accepted:
        first, second = texts(2)
        sending = asyncio.ensure_future(client.send(first, settle=100))
        await asyncio.sleep(4)
        place.reply = answer_later
        other = threading.Thread(target=lambda: asyncio.run(client.send(second)))
        other.start()
        try:
            assert arrived.wait(10)
            await asyncio.sleep(2)
        finally:
            go_on.set()
            other.join()
        return await sending

    found = place.live(story)

    assert "r0" == found.reference
    assert [30] == place.looked


def test_a_look_up_settles() -> None:
    """The send is looked up after 5 s, 30 s, 2 min and 10 min, and settled when it is found."""
    place = World(looks=iter(["absent", "down", "absent", "there"]))

    async def story(client: Client, _: Receiver) -> Accepted:
        found = await client.send(texts(1)[0], settle=1000)
        await asyncio.sleep(1)
        assert ["main:listed"] == [each.id for each in place.ends]
        assert [] == list(await client.doubts())
        return found

    found = place.live(story)

    assert "listed" == found.provider_id
    assert [5, 30, 120, 600] == place.looked


def test_a_report_does_not_wait_for_a_look_up() -> None:
    """A report settles the send during a look-up that does not answer."""
    place = World(looks=iter(["hangs"]))

    async def story(client: Client, receiver: Receiver) -> float:
        reporting = asyncio.ensure_future(report(receiver, after=6))
        await client.send(texts(1)[0], settle=120)
        await reporting
        return place.loop.now - 1000

    assert pytest.approx(6, abs=0.1) == place.live(story)


def test_nothing_settles() -> None:
    """Without proof the doubt is raised after the given time, and stays on the list."""
    place = World()

    async def story(client: Client, _: Receiver) -> tuple[str, float, list[str | None]]:
        with pytest.raises(AmbiguousError) as caught:
            await client.send(texts(1)[0], settle=100)
        seconds = place.loop.now - 1000
        doubts = [each.reference for each in await client.doubts()]
        return outcome_of(caught.value).kind, seconds, doubts

    kind, seconds, doubts = place.live(story)

    assert ("ambiguous", ["r0"]) == (kind, doubts)
    assert pytest.approx(100, abs=0.1) == seconds
    assert [5, 30] == place.looked


def test_a_provider_without_a_list_is_not_asked(caplog: pytest.LogCaptureFixture) -> None:
    """Without look-ups by reference, only a report settles the send."""
    place = World(kind=Silent)

    async def story(client: Client, receiver: Receiver) -> Accepted:
        reporting = asyncio.ensure_future(report(receiver, after=60))
        found = await client.send(texts(1)[0], settle=120)
        await reporting
        return found

    assert "m1" == place.live(story).provider_id
    assert "please report it" not in caplog.text
    assert [] == place.looked


def test_another_send_settles_nothing() -> None:
    """Acceptance and report of another send with the same reference settle nothing."""
    place = World()
    words = iter(["who-knows", "ok"])
    place.reply = lambda request: results(dict.fromkeys(references(request), next(words)))

    async def story(client: Client, receiver: Receiver) -> None:
        first = asyncio.ensure_future(client.send(texts(1)[0], settle=50))
        await asyncio.sleep(1)
        assert ["accepted"] == [each.kind async for each in client.send_many(texts(1))]
        assert 204 == await deliver(receiver, {"state": "sent", "id": "id-r0", "ref": "r0"})
        with pytest.raises(AmbiguousError):
            await first

    place.live(story)


def test_what_is_refused_or_accepted_is_not_waited_for() -> None:
    """A rejected or accepted message is returned at once, without waiting."""
    place = World()
    words = iter(["no-such-number", "ok"])
    place.reply = lambda request: results(dict.fromkeys(references(request), next(words)))

    async def story(client: Client, _: Receiver) -> float:
        with pytest.raises(RejectedError):
            await client.send(texts(1)[0], settle=100)
        await client.send(texts(1)[0], settle=100)
        return place.loop.now - 1000

    assert pytest.approx(0, abs=0.1) == place.live(story)


def test_an_invalid_settle_time_is_refused_before_anything_is_sent() -> None:
    """An invalid time to settle is refused before anything is sent."""
    place = World()
    sent: list[Request] = []

    def note(request: Request) -> Response:
        sent.append(request)
        return accepted(request)

    place.reply = note

    async def story(client: Client, _: Receiver) -> None:
        with pytest.raises(InvalidValue):
            await client.send(texts(1)[0], settle=float("nan"))

    place.live(story)

    assert [] == sent


def test_whoever_is_cancelled_leaves_nothing() -> None:
    """A send cancelled while it settles leaves neither a look-up nor a waiter behind."""
    place = World(looks=iter(["hangs"]))

    async def story(client: Client, _: Receiver) -> set[asyncio.Task[Any]]:
        before = asyncio.all_tasks()
        sending = asyncio.ensure_future(client.send(texts(1)[0], settle=100))
        await asyncio.sleep(6)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await asyncio.sleep(1)
        return asyncio.all_tasks() - before

    assert set() == place.live(story)


@pytest.mark.parametrize("error", [StoreDownError, asyncio.CancelledError])
def test_a_store_that_fails_makes_no_other_error_of_a_doubt(error: type[BaseException]) -> None:
    """If the store fails while a doubt settles, a look-up still settles it at once."""
    place = World(looks=iter(["down", "there"]))
    store = DatabaseStore(fails_with=error)

    async def story(client: Client, _: Receiver) -> tuple[str | None, float]:
        store.is_down = True
        found = await client.send(texts(1)[0], settle=100)
        return found.provider_id, round(place.loop.now - 1000)

    assert ("listed", 30) == place.live(story, store=store)


class Unreadable(MemoryStore):
    """A store that takes changes, and cannot be read now and then."""

    is_unreadable = False

    async def find(self, names: Names) -> Tracked | None:
        """Find a message, or fail."""
        if self.is_unreadable:
            raise StoreDownError
        return await super().find(names)


def test_a_report_settles_although_the_store_could_not_be_read() -> None:
    """A store that fails just when the report has come is read again soon."""
    place = World(kind=Silent)
    store = Unreadable()

    async def story(client: Client, receiver: Receiver) -> tuple[str | None, float]:
        async def reported() -> None:
            await asyncio.sleep(16)
            store.is_unreadable = True
            await report(receiver, after=1)
            await asyncio.sleep(1)
            store.is_unreadable = False

        reporting = asyncio.ensure_future(reported())
        found = await client.send(texts(1)[0], settle=120)
        await reporting
        return found.provider_id, place.loop.now - 1000

    provider_id, seconds = place.live(story, store=store)

    assert "m1" == provider_id
    assert 17 < seconds < 25


def test_an_outage_of_the_store_is_logged_once_for_a_doubt(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A doubt that waits for its report through an outage does not fill the log."""
    store = Unreadable()

    async def story(client: Client, _: Receiver) -> None:
        store.is_unreadable = True
        with pytest.raises(AmbiguousError):
            await client.send(texts(1)[0], settle=600)
        store.is_unreadable = False

    World(kind=Silent).live(story, store=store)

    lines = [each.message for each in caplog.records if each.name == "omnimsg.delivery"]
    assert ["the store of messages raised StoreDownError; the call is repeated"] == lines


def test_a_proof_that_the_store_does_not_take_is_stored_later() -> None:
    """A message that a look-up has found is no doubt any more when the store is up again."""
    place = World(looks=iter(["there"]))
    store = DatabaseStore()

    async def story(client: Client, _: Receiver) -> list[str | None]:
        sending = asyncio.ensure_future(client.send(texts(1)[0], settle=100))
        await asyncio.sleep(4)
        store.is_down = True
        await sending
        store.is_down = False
        await asyncio.sleep(10)
        return [each.reference for each in await client.doubts()]

    assert [] == place.live(story, store=store)
    assert ["main:listed"] == [each.id for each in place.ends]


def test_a_lost_connection_is_settled_too() -> None:
    """A doubt from a lost connection is settled like one from the provider's answer."""
    place = World()

    def lose(request: Request) -> Response:
        raise TransportFault(Reason.CONNECTION_LOST, "gone")

    place.reply = lose

    async def story(client: Client, receiver: Receiver) -> Accepted:
        reporting = asyncio.ensure_future(report(receiver, after=3))
        found = await client.send(texts(1)[0], settle=30)
        await reporting
        return found

    assert "m1" == place.live(story).provider_id


def test_the_seconds_to_settle_begin_with_the_doubt() -> None:
    """They are more than those that the send itself has taken."""
    place = World()

    async def slow(request: Request) -> Response:
        await asyncio.sleep(20)
        return results(dict.fromkeys(references(request), "who-knows"))

    place.reply = slow

    async def story(client: Client, receiver: Receiver) -> Accepted:
        sending = asyncio.ensure_future(client.send(texts(1)[0], settle=10))
        await report(receiver, after=25)
        return await sending

    assert "m1" == place.live(story).provider_id


def test_the_doubt_of_an_account_that_was_removed_is_a_doubt() -> None:
    """An account may be removed while an answer is in flight that leaves a doubt."""
    place = World()

    async def slow(request: Request) -> Response:
        await asyncio.sleep(5)
        return results(dict.fromkeys(references(request), "who-knows"))

    place.reply = slow

    async def story(client: Client, _: Receiver) -> str:
        client.add_account(tiny(name="other", kind=Reporting))
        message = texts(1)[0]
        sending = asyncio.ensure_future(client.send(message, account="other", settle=10))
        await asyncio.sleep(1)
        await client.remove_account("other")
        with pytest.raises(AmbiguousError) as caught:
            await sending
        return caught.value.outcome.reference

    assert "r0" == place.live(story)


def test_what_closes_a_client_stores_its_last_outcomes() -> None:
    """Closing a client stores the outcomes that are not yet in its store."""
    place = World(reply=ok)
    store = DatabaseStore()

    async def story(client: Client, _: Receiver) -> None:
        await client.send(texts(1)[0])
        await client.aclose()
        assert 1 == len(store.inner)

    place.live(story, store=store)


def test_a_closing_that_is_cancelled_stores_the_last_outcomes() -> None:
    """Also where its caller is in a cancelled scope, in which every wait is cancelled at once."""
    store = DatabaseStore()

    async def story(client: Client, _: Receiver) -> None:
        await client.send(texts(1)[0])
        with anyio.CancelScope() as scope:
            scope.cancel()
            await client.aclose()
        assert 1 == len(store.inner)

    World(reply=ok).live(story, store=store)


def test_what_was_reported_before_the_answer_is_told_with_it() -> None:
    """A report before the answer is passed on with the answer, which brings the id."""
    place = World()
    arrived = asyncio.Event()
    told: list[tuple[str | None, Status]] = []

    async def slow(request: Request) -> Response:
        await arrived.wait()
        return accepted(request)

    place.reply = slow

    async def story(client: Client, receiver: Receiver) -> None:
        client.on_status(lambda change: told.append((change.id, change.status.status)))
        sending = asyncio.ensure_future(client.send(texts(1)[0]))
        await asyncio.sleep(1)
        assert 204 == await deliver(receiver, {"state": "delivered", "ref": "r0"})
        assert [] == told
        arrived.set()
        await sending
        await asyncio.sleep(1)

    place.live(story)

    assert [("main:id-r0", Status.DELIVERED)] == told


def test_only_who_has_failed_is_told_again_what_was_reported_before_the_answer() -> None:
    """A handler that is done with an early report is not called with it once more."""
    place = World(reply=ok)
    told: list[str] = []
    failures = iter([True])

    async def story(client: Client, receiver: Receiver) -> None:
        @client.on_status
        def note(_: StatusChanged) -> None:
            told.append("note")

        @client.on_status
        def write(_: StatusChanged) -> None:
            if next(failures, False):
                raise OSError
            told.append("write")

        assert 204 == await deliver(receiver, {"state": "delivered", "ref": "r0"})
        await client.send(texts(1)[0])
        await asyncio.sleep(20)

    place.live(story)

    assert ["note", "write"] == told
