"""`Client.send` with `settle`, and `Client.wait`: reports and look-ups, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import attrs
import orjson
import pytest
from support.adapters import FakeTransport, TinyAdapter, accepted, references, results, texts, tiny
from support.audit import outcome_of
from support.reporting import PUBLIC_URL, Reporting, Silent, deliver
from support.stores import DatabaseStore, StoreDownError
from support.virtual import VirtualLoop

from omnimsg import (
    Accepted,
    AmbiguousError,
    CallbackOptions,
    Client,
    ConfigError,
    InvalidValue,
    Limits,
    Observer,
    OperationError,
    Policy,
    RejectedError,
    RetryPolicy,
    Status,
)
from omnimsg.adapter import Request, Response
from omnimsg.adapter.context import report_token
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.memory_suppression import MemorySuppression
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MessageStatus
from omnimsg.engine.delivery_events import DoubtEnded, StatusChanged
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from omnimsg import ConsentChange
    from omnimsg.adapter import Context, Flow
    from omnimsg.adapter.interface import Answered
    from omnimsg.delivery.receiver import Receiver
    from omnimsg.delivery.tracked import Names, Tracked

Reply: TypeAlias = "Response | Awaitable[Response]"


class Asked(Reporting):
    """An adapter that can look up statuses."""

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up the status of a message."""
        response = yield Request("GET", f"/status/{provider_id}", authenticated=True)
        document = response.json()
        if response.status != 200:
            return None
        state, _, reason = document["state"].partition(" because ")
        said = {"state": state, "id": provider_id, **({"reason": reason} if reason else {})}
        callback = self.event(said, None, context)  # type: ignore[arg-type]
        return MessageStatus(id=callback.message_id, legs=(callback.leg,))  # type: ignore[union-attr, arg-type]


@attrs.define
class World:
    """A client whose provider loses answers, in a time of its own.

    Attributes:
        reply: Answers a send.
        looks: What is said to each look-up in turn; then the message is absent.
        states: What is said to each question for a status in turn.
        looked: When each look-up came, seconds from the beginning.
        ends: What observers were told of doubts.
    """

    reply: Callable[[Request], Reply] = lambda request: results(
        dict.fromkeys(references(request), "who-knows")
    )
    looks: Iterator[str] = attrs.field(factory=lambda: iter(()))
    states: Iterator[str] = attrs.field(factory=lambda: iter(()))
    kind: type[TinyAdapter] = Reporting
    looked: list[float] = attrs.field(factory=list)
    ends: list[DoubtEnded] = attrs.field(factory=list)
    loop: VirtualLoop = attrs.field(factory=VirtualLoop)

    def answer(self, request: Request) -> Reply:
        """Answer a request."""
        if request.method != "GET":
            return self.reply(request)
        self.looked.append(round(self.loop.now - 1000))
        if request.url.startswith("/status"):
            said = next(self.states, "sent")
            if said == "down":
                return Response(503)
            return Response(200, orjson.dumps({"state": said}))
        said = next(self.looks, "absent")
        if said == "hangs":
            return self._hang()
        if said == "down":
            return Response(503)
        if said == "cancelled":
            raise asyncio.CancelledError
        return Response(200, orjson.dumps({"there": said == "there"}))

    def live(self, story: Callable[[Client, Receiver], Awaitable[Any]], **options: Any) -> Any:
        """Let something happen to a client with a receiver."""

        class Doubts(Observer):
            def doubt_ended(_, event: DoubtEnded) -> None:  # noqa: N805 - `self` is the world
                self.ends.append(event)

        async def told() -> Any:
            wire = FakeTransport(self.answer)
            client = Client(
                [tiny(kind=self.kind)],
                policies={"main": Policy(retry=RetryPolicy(attempts=1), limits=Limits(linger=0))},
                transport=lambda _: wire,
                clock=self.loop,
                observers=[Doubts()],
                callbacks=CallbackOptions(public_url=PUBLIC_URL),
                **options,
            )
            receiver = client.receiver()
            try:
                return await story(client, receiver)
            finally:
                await client.aclose()
                await asyncio.sleep(1)

        return self.loop.drive_to_end(told())

    async def _hang(self) -> Response:
        await asyncio.sleep(3600)
        return Response(503)


async def report(receiver: Receiver, *, after: float, state: str = "sent", **names: str) -> None:
    """Deliver a report after a while, with the reference unless other names are given."""
    await asyncio.sleep(after)
    assert 204 == await deliver(receiver, {"state": state, "id": "m1", **(names or {"ref": "r0"})})


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


def test_a_look_up_settles() -> None:
    """The send is looked up after 5 s, 30 s and 2 min, and settled when it is found."""
    place = World(looks=iter(["absent", "down", "there"]))

    async def story(client: Client, _: Receiver) -> Accepted:
        found = await client.send(texts(1)[0], settle=1000)
        assert [] == list(await client.doubts())
        return found

    found = place.live(story)

    assert "listed" == found.provider_id
    assert [5, 30, 120] == place.looked
    assert ["main:listed"] == [each.id for each in place.ends]


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


def test_a_provider_without_a_list_is_not_asked() -> None:
    """Without look-ups by reference, only a report settles the send."""
    place = World(kind=Silent)

    async def story(client: Client, receiver: Receiver) -> Accepted:
        reporting = asyncio.ensure_future(report(receiver, after=60))
        found = await client.send(texts(1)[0], settle=120)
        await reporting
        return found

    assert "m1" == place.live(story).provider_id
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

    async def story(client: Client, _: Receiver) -> bool:
        sending = asyncio.ensure_future(client.send(texts(1)[0], settle=100))
        await asyncio.sleep(6)
        sending.cancel()
        await asyncio.wait([sending])
        return sending.cancelled()

    assert place.live(story)


@pytest.mark.parametrize("error", [StoreDownError, asyncio.CancelledError])
def test_a_store_that_fails_makes_no_other_error_of_a_doubt(error: type[BaseException]) -> None:
    """If the store fails while a doubt settles, look-ups still settle it."""
    place = World(looks=iter(["down", "there"]))
    store = DatabaseStore(fails_with=error)

    async def story(client: Client, _: Receiver) -> Accepted:
        store.is_down = True
        return await client.send(texts(1)[0], settle=100)

    assert "listed" == place.live(story, store=store).provider_id


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


def ok(request: Request) -> Response:
    """Accept everything."""
    return accepted(request)


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


def test_waiting_for_a_message_of_an_unknown_account_is_refused() -> None:
    """A mistyped id is an error at once, not a message that is late."""
    place = World(kind=Asked)

    async def story(client: Client, _: Receiver) -> float:
        with pytest.raises(ConfigError, match="no account 'mian'"):
            await client.wait("mian:id-r0", timeout=200)
        return place.loop.now - 1000

    assert pytest.approx(0, abs=0.1) == place.live(story)


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
        for each in (other, "main:another", known):
            found += await asyncio.gather(client.wait(each), return_exceptions=True)
        return [*found, place.loop.now - 1000]

    *errors, status, seconds = place.live(story)

    assert [Reason.CANCELLED] * (2 + opened) == [each.reason for each in errors]
    assert "wait through account 'main' failed: cancelled: the client is closed" == str(errors[0])
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
        await client.wait(accepted, timeout=200)
        await asyncio.sleep(20)

    place.live(story, suppression=suppression, store=store)

    assert texts(1)[0].to in suppression
    assert [Status.FAILED] == told


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
