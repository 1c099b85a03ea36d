"""A closed client ends all waits, leaves no timer behind, and records the opt-outs it knows of."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import Choosy, FakeTransport, accepted, references, results, texts, tiny
from support.delivery import SetClock, doubtful, looked_up, tell
from support.legs import ELSEWHERE, message
from support.reporting import PUBLIC_URL, Reporting, deliver
from support.routed import saying, slowly
from support.sending import settled
from support.virtual import VirtualLoop

from omnimsg import AmbiguousError, CallbackOptions, Client, MessageId, OperationError, Status
from omnimsg.adapter.context import report_token
from omnimsg.delivery.account_adapters import AccountAdapters
from omnimsg.delivery.close_signal import CloseSignal
from omnimsg.delivery.delivery import Delivery
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.memory_suppression import MemorySuppression
from omnimsg.delivery.tracked import Names
from omnimsg.delivery.tracker import Tracker
from omnimsg.domain.status import MessageStatus
from omnimsg.engine.observers import Observers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

    from omnimsg import ConsentChange, StatusChanged
    from omnimsg.adapter import Request, Response
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.domain.status import LegStatus
    from omnimsg.engine.clock import Clock

pytestmark = pytest.mark.anyio


async def test_a_doubt_keeps_no_closed_client_alive() -> None:
    """The timer of a doubt does not keep a closed client alive."""
    before = trackers()
    client = Client([tiny()], transport=lambda _: FakeTransport(saying("who-knows")))
    client.on_status(lambda _: None)  # this starts the tracking of messages
    with pytest.raises(AmbiguousError):
        await client.send(texts(1)[0])
    (doubt,) = await client.doubts()
    await client.aclose()

    del client

    assert "r0" == doubt.reference
    assert before == trackers()


async def test_a_doubt_that_comes_after_closing_keeps_no_client_alive() -> None:
    """An attempt that outlives a closing that was cancelled is tracked, and sets no timer."""
    before = trackers()
    tracker = Tracker(MemoryStore(), SetClock(), Observers())
    await tracker.aclose(1)
    tell(tracker, doubtful())
    (doubt,) = await tracker.doubts()
    await asyncio.sleep(0.1)  # the outcomes were stored

    del tracker

    assert "r1" == doubt.reference
    assert before == trackers()


def trackers() -> int:
    """Count the trackers in memory, which a timer would keep."""
    gc.collect()
    return sum(isinstance(each, Tracker) for each in gc.get_objects())


class Database(MemorySuppression):
    """A slow suppression list whose first records of a known address fail.

    Attributes:
        failures: How many records fail.
    """

    failures = 0
    hangs = False

    async def record(self, change: ConsentChange) -> None:
        """Record a change in a later iteration of the event loop, or fail, or hang."""
        await asyncio.sleep(0)
        if self.hangs:
            await stuck()
        if change.address is not None and self.failures:
            self.failures -= 1
            raise OSError
        await super().record(change)


async def opt_out(suppression: Database, *, seconds: float) -> None:
    """Report an opt-out before the answer to the send, wait some seconds, and close the client."""
    client = Client(
        [tiny(kind=Reporting)],
        transport=lambda _: FakeTransport(),
        callbacks=CallbackOptions(public_url=PUBLIC_URL),
        suppression=suppression,
    )
    receiver = client.receiver(lambda _: None)
    early = {"state": "failed", "reason": "opted_out", "id": "id-r0", "ref": "r0"}
    assert 204 == await deliver(receiver, early)
    await client.send(texts(1)[0])
    await asyncio.sleep(seconds)
    await client.aclose()


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 5), (3, 100), (8, 600)])
def test_an_opt_out_that_came_before_the_answer_is_recorded(failures: int, seconds: float) -> None:
    """An opt-out reported before the answer is recorded, even if the list fails at first.

    It is recorded too if the client closes right after the answer: the provider does not report
    it again.
    """
    suppression = Database()
    suppression.failures = failures

    with closing(VirtualLoop()) as loop:
        loop.drive(opt_out(suppression, seconds=seconds))

    assert texts(1)[0].to in suppression


async def settle(client: Client) -> object:
    """Send a message, and wait for the proof that it was sent."""
    return await client.send(texts(1)[0], settle=3600)


async def wait(client: Client) -> object:
    """Wait for the status of a message."""
    return await client.wait("main:id-r0", timeout=3600)


async def read_events(client: Client) -> object:
    """Iterate over the events, and return them."""
    return [each async for each in client.events()]


WAITS: list[tuple[Callable[[Client], Awaitable[object]], object]] = [
    (settle, AmbiguousError),
    (wait, OperationError),
    (read_events, list),
]


async def end_of(work: Callable[[Client], Awaitable[object]], client: Client) -> type:
    """Return the type of a result, or of the error in its place."""
    (found,) = await asyncio.gather(work(client), return_exceptions=True)
    return type(found)


@pytest.mark.parametrize(("work", "expected"), WAITS)
def test_closing_ends_what_another_loop_waits_for(
    work: Callable[[Client], Awaitable[object]], expected: object
) -> None:
    """A client that is closed in one event loop ends the waits in another, when that runs again."""
    client = Client([tiny()], transport=lambda _: FakeTransport(saying("who-knows")))

    with closing(asyncio.new_event_loop()) as other:
        task = other.create_task(end_of(work, client))
        other.run_until_complete(settled())
        asyncio.run(client.aclose())
        found = other.run_until_complete(asyncio.wait_for(task, 20))

    assert expected is found


@pytest.mark.parametrize(("work", "expected"), WAITS)
def test_closing_ends_what_another_thread_waits_for(
    work: Callable[[Client], Awaitable[object]], expected: object
) -> None:
    """A client that is closed in one thread wakes the event loop of another that waits."""
    client = Client([tiny()], transport=lambda _: FakeTransport(saying("who-knows")))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def there(job: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(job, loop)

    ended = there(end_of(work, client))
    there(settled()).result(20)
    asyncio.run(client.aclose())
    try:
        found = ended.result(20)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    assert expected is found


async def test_a_wait_that_begins_after_the_closing_ends_at_once() -> None:
    """Whoever waits for the signal of a closed client is not kept waiting."""
    signal = CloseSignal()
    signal.set()

    await asyncio.wait_for(signal.wait(), 5)


def test_a_wait_that_times_out_in_that_moment_does_not_hinder_closing() -> None:
    """Where a wait times out in the turn of the closing, both end, and other waits end too."""
    loop = VirtualLoop()
    ended: list[bool] = []

    async def story() -> list[type]:
        delivery = unasked_delivery(loop)
        waits = [
            asyncio.ensure_future(delivery.wait(MessageId("main:1"), Status.DELIVERED, seconds))
            for seconds in (3600, 7200)
        ]
        await settled()

        def close() -> None:
            delivery.closing.set()
            ended.append(waits[0].done())

        # After the timer of the first wait, but within the resolution of the clock.
        loop.call_at(loop.now + 3600 + 5e-10, close)
        found = await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 4000)
        return [type(each) for each in found]

    assert [OperationError, OperationError] == loop.drive_to_end(story())
    assert [False] == ended


def test_a_client_that_is_closed_already_waits_for_nothing() -> None:
    """A wait that begins after closing fails at once, although the client has tracked nothing."""

    async def story() -> None:
        client = Client([tiny()], transport=lambda _: FakeTransport())
        await client.aclose()
        await wait(client)

    with closing(VirtualLoop()) as loop, pytest.raises(OperationError):
        loop.drive(story())


async def test_a_look_up_that_is_cancelled_ends() -> None:
    """A caller that is cancelled while a handler is told of the status ends as cancelled."""
    delivery = unasked_delivery(SetClock(), looked_up(Status.DELIVERED).legs)
    never = asyncio.Event()
    delivery.handlers.on_status(lambda _: never.wait())
    looking = asyncio.ensure_future(delivery.look_up(MessageId("main:m1")))
    await settled()

    looking.cancel()
    await asyncio.wait([looking])

    assert looking.cancelled()


def unasked_delivery(clock: Clock, legs: tuple[LegStatus, ...] = ()) -> Delivery:
    """Build the receiving half of a client whose provider knows nothing, or only these legs."""

    async def ask(message_id: MessageId) -> MessageStatus:
        return MessageStatus(id=message_id, legs=legs)

    return Delivery(
        AccountAdapters({}),
        ask=ask,
        options=CallbackOptions(),
        store=None,
        consents=None,
        opt_out_rules=None,
        observers=Observers(()),
        clock=clock,
    )


def test_a_wait_in_a_closed_loop_does_not_hinder_closing() -> None:
    """An event loop may be closed before the client, with a wait in it that never ended."""
    signal = CloseSignal()
    called: list[str] = []
    waits = [signal.calls(partial(called.append, each)) for each in ("abandoned", "here")]

    async def enter(wait: AbstractContextManager[None]) -> None:
        wait.__enter__()

    async def close() -> None:
        await enter(waits[1])
        signal.set()

    asyncio.run(enter(waits[0]))
    asyncio.run(close())
    for each in waits:
        each.__exit__(None, None, None)

    assert ["here"] == called


class HangingStore(MemoryStore):
    """A store that takes an hour to store something."""

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Store it after an hour."""
        await asyncio.sleep(3600)
        return await super().update(names, change)


def test_a_store_that_hangs_does_not_keep_the_waits() -> None:
    """Closing that is given up, because the store does not answer, has ended the waits."""

    async def story() -> object:
        client = Client([tiny()], transport=lambda _: FakeTransport(), store=HangingStore())
        waiting = asyncio.ensure_future(read_events(client))
        await settled()
        await client.send(texts(1)[0])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.aclose(), 1)
        events = await asyncio.wait_for(waiting, 1)
        await asyncio.sleep(3600)
        return events

    assert [] == VirtualLoop().drive_to_end(story())


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_store_that_hangs_delays_no_end_of_a_wait(is_closed: bool) -> None:
    """`wait` with an acceptance ends in time, or with the client, whatever the store does."""
    loop = VirtualLoop()

    async def story() -> tuple[float, type]:
        client = Client([tiny()], transport=lambda _: FakeTransport(), store=HangingStore())
        accepted = await client.send(texts(1)[0])
        began = loop.now
        waiting = asyncio.ensure_future(client.wait(accepted, timeout=7))
        if is_closed:
            await asyncio.sleep(1)
            await client.aclose(deadline=0)
        (found,) = await asyncio.gather(waiting, return_exceptions=True)
        return loop.now - began, type(found)

    expected = (1, OperationError) if is_closed else (7, TimeoutError)
    assert expected == loop.drive_to_end(story())


def test_closing_waits_for_a_slow_store() -> None:
    """A store that is slow gets the last outcomes, if it takes them before the deadline."""
    store = HangingStore()

    async def story() -> None:
        client = Client([tiny()], transport=lambda _: FakeTransport(), store=store)
        client.on_status(lambda _: None)  # this starts the tracking of messages
        await client.send(texts(1)[0])
        await client.aclose(deadline=4000)

    VirtualLoop().drive_to_end(story())

    assert 1 == len(store)


def test_closing_in_another_loop_does_not_wait_for_reports_of_the_first() -> None:
    """It is handed on once more when the first loop runs again: nobody waits for that here."""
    suppression = Database()
    suppression.failures = 3
    client = Client(
        [tiny(kind=Reporting)],
        transport=lambda _: FakeTransport(),
        callbacks=CallbackOptions(public_url=PUBLIC_URL),
        suppression=suppression,
    )
    receiver = client.receiver(lambda _: None)
    early = {"state": "failed", "reason": "opted_out", "id": "id-r0", "ref": "r0"}

    async def send() -> None:
        await deliver(receiver, early)
        await client.send(texts(1)[0])
        await client.tracked("main:id-r0")
        await settled()

    with closing(asyncio.new_event_loop()) as other:
        other.run_until_complete(send())
        asyncio.run(asyncio.wait_for(client.aclose(), 2))
        other.run_until_complete(settled())

    assert 1 == suppression.failures


async def stuck() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


async def stubborn() -> None:
    """Go on waiting when cancelled, for longer than closing may take."""
    until = asyncio.get_running_loop().time() + 60
    while (left := until - asyncio.get_running_loop().time()) > 0:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(left)


async def fails() -> None:
    """Fail at once."""
    raise OSError


@pytest.mark.parametrize(
    ("wait", "deadline", "seconds"),
    [(stuck, 1, 5.0), (stuck, 30, 30.0), (stubborn, 1, 5.0), (fails, 1, 0.0)],
)
@pytest.mark.parametrize("is_asked_before", [False, True])
def test_a_store_that_takes_nothing_does_not_keep_a_client_open(
    wait: Callable[[], Awaitable[None]],
    deadline: float,
    seconds: float,
    is_asked_before: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Closing waits until the deadline for the store, at least five seconds.

    A warning counts the outcomes that the store has not taken.
    """

    class Deaf(MemoryStore):
        async def update(
            self, names: Names, change: Callable[[Tracked | None], Tracked]
        ) -> Tracked:
            await wait()
            return await super().update(names, change)

    loop = VirtualLoop()

    async def story() -> float:
        client = Client([tiny()], transport=lambda _: FakeTransport(), clock=loop, store=Deaf())
        await client.doubts()  # this starts the tracking of messages
        for each in texts(2):
            await client.send(each)
        if is_asked_before:
            await asyncio.sleep(1)  # the outcomes are on their way to the store
        began = loop.time()
        await client.aclose(deadline=deadline)
        took = loop.time() - began
        await asyncio.sleep(200)  # until a stubborn store has ended
        return took

    took = loop.drive_to_end(story())

    assert seconds == pytest.approx(took, abs=0.1)
    assert "closed before the store of messages had taken 2 outcomes" in caplog.text


class Telling(Reporting):
    """Tiny with callbacks, and a code for recipients who have opted out."""

    codes = Choosy.codes


def one_opted_out(request: Request) -> Response:
    """Accept every message but `r2`, whose recipient has opted out."""
    sent = references(request)
    return results({each: "opted-out" if each == "r2" else "ok" for each in sent})


async def with_early_report(
    loop: VirtualLoop,
    wait: Callable[[], Awaitable[None]],
    store: MemoryStore | None = None,
    suppression: Database | None = None,
) -> Client:
    """Build a client whose handler is told of an early report, and waits.

    Its provider says of the recipient of `r2` that they have opted out.
    """
    client = Client(
        [tiny(kind=Telling)],
        transport=lambda _: FakeTransport(one_opted_out),
        callbacks=CallbackOptions(public_url=PUBLIC_URL, handler_timeout=600),
        clock=loop,
        store=store,
        suppression=suppression,
    )
    receiver = client.receiver(lambda _: None)
    early = {"state": "sent", "token": report_token("main", "r0")}
    assert 204 == await deliver(receiver, early)
    client.on_status(lambda _: wait())
    await client.send(texts(1)[0])
    await client.tracked("main:id-r0")
    return client


@pytest.mark.parametrize("wait", [stuck, stubborn])
def test_a_handler_that_hangs_does_not_keep_a_client_open(
    wait: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    """Closing waits until the deadline, at least five seconds, for what is told of a status."""
    loop = VirtualLoop()

    async def story() -> float:
        client = await with_early_report(loop, wait)
        began = loop.time()
        await client.aclose(deadline=1)
        took = loop.time() - began
        await asyncio.sleep(200)  # until a stubborn handler has ended
        return took

    took = loop.drive_to_end(story())

    assert 5 == pytest.approx(took, abs=0.1)
    assert "closed before the handlers of 1 messages had ended" in caplog.text


@pytest.mark.parametrize(("deadline", "seconds"), [(0, 5), (30, 30)])
def test_what_hangs_in_turn_while_closing_shares_one_deadline(
    deadline: float, seconds: float
) -> None:
    """Store, handler and suppression list hang: that takes until the deadline, or five seconds."""
    loop, store, suppression = VirtualLoop(), Pausing(), Database()

    async def story() -> float:
        client = await with_early_report(loop, stuck, store, suppression)
        store.hangs = suppression.hangs = True
        outcomes = [client.send(each) for each in texts(2, start=1)]
        await asyncio.gather(*outcomes, return_exceptions=True)
        began = loop.time()
        await client.aclose(deadline=deadline)
        took = loop.time() - began
        await settled()
        return took

    assert seconds == pytest.approx(loop.drive_to_end(story()), abs=0.1)


def test_a_store_that_hangs_does_not_use_up_the_time_of_the_suppression_list() -> None:
    """An opt-out that waits for the list is recorded while the closing waits for the store."""
    loop, store, suppression = VirtualLoop(), Pausing(), Database()

    async def story() -> None:
        client = await with_early_report(loop, settled, store, suppression)
        suppression.failures = 1
        store.hangs = True
        outcomes = [client.send(each) for each in texts(2, start=1)]
        await asyncio.gather(*outcomes, return_exceptions=True)
        await client.aclose(deadline=0)
        await settled()

    loop.drive_to_end(story())

    assert texts(1, start=2)[0].to in suppression


class HangingForLegs(MemoryStore):
    """A store that hangs when a leg is noted with the first one, and else takes a second.

    Attributes:
        is_slow: Whether it does so already.
        is_down: Whether it takes nothing.
    """

    is_slow = is_down = False

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message; only the note of a leg names the first one by its id alone."""
        if self.is_down:
            raise OSError
        if self.is_slow:
            await (stuck() if names.token is None else asyncio.sleep(1))
        return await super().update(names, change)


def test_legs_whose_store_hangs_do_not_use_up_the_time_of_the_rest() -> None:
    """While the closing waits for a leg, the store takes an outcome, and a handler a status.

    The store had failed before, and so had the handler: both would try again only later.
    """
    loop, store = VirtualLoop(), HangingForLegs()
    told: list[Status] = []
    fails = iter([True] * 3)

    async def handler(change: StatusChanged) -> None:
        if change.reference == "r1":
            if next(fails, False):
                raise OSError
            await asyncio.sleep(1)
            told.append(change.status.status)

    async def story() -> None:
        client = Client(
            [tiny(f"https://{each}.example", kind=Reporting, name=each) for each in "ab"],
            default="a",
            transport=lambda options: FakeTransport(
                slowly(2.0, "ok") if options.base_url == "https://b.example" else accepted
            ),
            callbacks=CallbackOptions(public_url=PUBLIC_URL),
            clock=loop,
            store=store,
        )
        receiver = client.receiver(lambda _: None)
        client.on_status(handler)
        await client.send(message(ELSEWHERE))
        early = {"state": "sent", "token": report_token("a", "r1")}
        await deliver(receiver, early, path="/callbacks/a")
        await client.send(texts(1, start=1)[0])
        await asyncio.sleep(10)  # the handler is told once more, 21 seconds later
        store.is_slow = True
        await deliver(
            receiver, {"state": "failed", "id": "id-r0", "ref": "r0"}, path="/callbacks/a"
        )
        await settled()
        store.is_down = True
        await asyncio.sleep(0.5)  # the second leg is handed over for another half of a second
        await client.send(texts(1, start=2)[0])
        await asyncio.sleep(0.1)  # the store is asked again after another five seconds
        store.is_down = False
        await client.aclose(deadline=1)
        await settled()

    loop.drive_to_end(story())

    found = asyncio.run(store.find(Names.of_id(MessageId("a:id-r2"))))
    assert (True, [Status.SENT]) == (found is not None, told)


def test_a_closing_that_is_given_up_ends_a_handler_that_hangs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever cancels the closing of a client is told of the handlers that had not ended."""
    loop = VirtualLoop()

    async def story() -> None:
        client = await with_early_report(loop, stuck)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.aclose(deadline=30), 1)
        await settled()

    loop.drive_to_end(story())

    assert "closed before the handlers of 1 messages had ended" in caplog.text


class Pausing(MemoryStore):
    """A store that takes changes until it hangs.

    Attributes:
        hangs: Whether it hangs.
    """

    hangs = False

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message, or hang."""
        if self.hangs:
            await stuck()
        return await super().update(names, change)
