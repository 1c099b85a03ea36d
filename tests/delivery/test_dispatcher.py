"""The dispatcher: each event is handled once, and again only if its handling failed."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.delivery import (
    NOW,
    NUMBER,
    UNTIL,
    SetClock,
    Watcher,
    accepted,
    batch_id,
    leg,
    reply,
    report,
    tell,
)
from support.sending import settled
from support.stores import DatabaseStore, StoreDownError
from support.virtual import VirtualLoop

from omnimsg.delivery.close_signal import CloseSignal
from omnimsg.delivery.dispatcher import Dispatcher
from omnimsg.delivery.handlers import Handlers, NotHandledError
from omnimsg.delivery.memory_suppression import MemorySuppression
from omnimsg.delivery.tracker import Tracker
from omnimsg.domain.channel import Channel
from omnimsg.domain.events import InteractionEvent, UnparsedEvent
from omnimsg.domain.history import Interaction, InteractionKind
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.opt_out import ConsentChange, Keywords, OptOutRules
from omnimsg.domain.outcome import LegId
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MessageStatus, Status
from omnimsg.engine.attempt.consent_queue import ConsentQueue
from omnimsg.engine.observers import Observers

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.events import Event
    from omnimsg.engine.delivery_events import StatusChanged

pytestmark = pytest.mark.anyio

M1 = MessageId("main:m1")
LEGS = tuple(LegId(channel=Channel.SMS, provider_id=each) for each in ("leg-1", "leg-2"))


class Recorder(MemorySuppression):
    """A suppression list that also keeps the recorded changes."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[ConsentChange] = []
        self.is_down = False

    async def record(self, change: ConsentChange) -> None:
        """Keep the change, or fail."""
        if self.is_down:
            raise StoreDownError
        self.changes.append(change)
        await super().record(change)


class World:
    """A dispatcher with a slow store, and records of its calls."""

    def __init__(self, **how: Any) -> None:
        self.store = DatabaseStore()
        self.handlers = Handlers(CloseSignal())
        self.watcher = Watcher()
        self.suppression = Recorder()
        self.consents = ConsentQueue(self.suppression)
        observers = Observers([self.watcher])
        self.tracker = Tracker(self.store, SetClock(), observers)
        self.dispatcher = Dispatcher(
            store=self.store,
            tracker=self.tracker,
            handlers=self.handlers,
            observers=observers,
            consents=self.consents,
            **how,
        )
        self.handled: list[str] = []
        self.statuses: list[tuple[Status, Status]] = []

    def listen(self) -> World:
        """Register a handler that records every event."""
        self.handlers.on_event(lambda event: self.handled.append(event.key))
        return self

    def note_statuses(self) -> World:
        """Register a handler that records every change of a status."""
        self.handlers.on_status(
            lambda change: self.statuses.append((change.previous, change.status.status))
        )
        return self

    async def give(self, *events: Event) -> None:
        """Dispatch events, one after another."""
        for each in events:
            await self.dispatcher.dispatch(each, NOW, UNTIL)

    def begin(self, event: Event) -> asyncio.Future[None]:
        """Start the dispatch of an event in a task."""
        return asyncio.ensure_future(self.dispatcher.dispatch(event, NOW, UNTIL))


@pytest.fixture
def world() -> World:
    """Return a dispatcher with its records."""
    return World()


async def test_an_event_is_handled_once(world: World) -> None:
    """A repeated event is dropped and counted as a duplicate; another event is handled."""
    world.listen()

    await world.give(reply(number=1), reply(number=1), reply(number=2))

    assert [reply(number=1).key, reply(number=2).key] == world.handled
    assert (2, 1) == (world.dispatcher.handled, world.dispatcher.duplicates)
    assert 2 == len(world.watcher.events)


async def test_repetitions_at_once_are_handled_once(world: World) -> None:
    """Concurrent repetitions of an event wait until it is handled, and are then duplicates."""
    gate = asyncio.Event()

    async def handle(event: Event) -> None:
        await gate.wait()
        world.handled.append(event.key)

    world.handlers.on_event(handle)
    tasks = [world.begin(reply()) for _ in range(5)]
    await settled()
    were_done = [each.done() for each in tasks]
    gate.set()
    await asyncio.gather(*tasks)

    assert [False] * 5 == were_done
    assert 1 == len(world.handled)
    assert (1, 4) == (world.dispatcher.handled, world.dispatcher.duplicates)


async def test_a_repetition_is_not_handled_while_the_store_answers(world: World) -> None:
    """A repetition that arrives at any point of the store's slow answer is not handled again."""
    world.listen()

    for turns in range(12):
        first = world.begin(reply(number=turns))
        for _ in range(turns):
            await asyncio.sleep(0)
        second = world.begin(reply(number=turns))
        await asyncio.gather(first, second)

    assert 12 == len(world.handled)


async def test_what_is_not_handled_is_handled_again(world: World) -> None:
    """An event whose handler failed is handled when repeated; concurrent repetitions fail too."""
    outcomes = iter([LookupError(), LookupError(), None])

    async def handle(event: Event) -> None:
        await settled()
        error = next(outcomes)
        if error is not None:
            raise error
        world.handled.append(event.key)

    world.handlers.on_event(handle)
    errors = await asyncio.gather(
        world.begin(reply()), world.begin(reply()), return_exceptions=True
    )
    with pytest.raises(LookupError):
        await world.give(reply())
    await world.give(reply(), reply())

    assert [LookupError, LookupError] == [type(each) for each in errors]
    assert 1 == len(world.handled)
    assert (1, 1) == (world.dispatcher.handled, world.dispatcher.duplicates)


async def test_only_who_has_failed_is_told_again(world: World) -> None:
    """A repeated event is given only to the event and status handlers that have failed."""
    seen: list[str] = []
    failing = {"second", "fourth"}

    def named(name: str) -> Callable[[object], None]:
        def handle(_: object) -> None:
            seen.append(name)
            if name in failing:
                failing.discard(name)
                raise LookupError

        return handle

    for name in ("first", "second"):
        world.handlers.on_event(named(name))
    for name in ("third", "fourth"):
        world.handlers.on_status(named(name))
    event = report(Status.SENT, "m1")
    for _ in range(2):
        with pytest.raises(LookupError):
            await world.give(event)

    await world.give(event, event)

    assert ["first", "second", "second", "third", "fourth", "fourth"] == seen


async def test_notes_of_who_has_failed_are_bounded(world: World) -> None:
    """Only of the latest 10,000 failed events it is known which handlers are done with them."""
    world.listen()
    failing = [True]

    def fail(_: Event) -> None:
        if failing:
            raise LookupError

    world.handlers.on_event(fail)
    events = [reply(number=number) for number in range(10_001)]
    for each in events:
        with pytest.raises(LookupError):
            await world.give(each)
    world.handled.clear()
    failing.clear()

    await world.give(events[0], events[1], events[-1])

    assert [events[0].key] == world.handled


async def test_a_loop_that_is_done_is_not_given_an_event_again(world: World) -> None:
    """A repeated event is not given again to a loop that has handled it."""
    seen: list[str] = []

    async def patient() -> None:
        async with aclosing(world.handlers.events()) as events:
            async for event in events:
                seen.append(event.key)  # noqa: PERF401 - as they come

    async def hasty() -> None:
        async with aclosing(world.handlers.events()) as events:
            async for _ in events:
                break

    loop, other = asyncio.create_task(patient()), asyncio.create_task(hasty())
    await settled()
    with pytest.raises(NotHandledError):
        await world.give(reply())
    await world.give(reply())

    assert [reply().key] == seen
    for task in (loop, other):
        task.cancel()
    await asyncio.wait([loop, other])


async def test_a_status_that_is_another_by_then_is_told_to_all(world: World) -> None:
    """A newer status goes to all handlers, including those that had handled the former one."""
    seen: list[tuple[str, Status]] = []
    fails = iter([True, False, False])

    def first(change: StatusChanged) -> None:
        seen.append(("first", change.status.status))

    def second(change: StatusChanged) -> None:
        if next(fails):
            raise LookupError
        seen.append(("second", change.status.status))

    world.handlers.on_status(first)
    world.handlers.on_status(second)
    with pytest.raises(LookupError):
        await world.give(report(Status.SENT, "m1"))

    await world.give(report(Status.DELIVERED, "m1"), report(Status.SENT, "m1"))

    assert [
        ("first", Status.SENT),
        ("first", Status.DELIVERED),
        ("second", Status.DELIVERED),
    ] == seen


def test_a_handler_that_takes_too_long_has_not_handled() -> None:
    """A handler over its time limit is cancelled, and the repeated event is handled."""
    waits = iter([60.0, 0.0])
    ends: list[str] = []

    async def handle(_: Event) -> None:
        try:
            await asyncio.sleep(next(waits))
            ends.append("done")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def story() -> None:
        world = World(handler_timeout=20.0)
        world.handlers.on_event(handle)
        with pytest.raises(TimeoutError):
            await world.give(reply())
        await world.give(reply())

    VirtualLoop().drive_to_end(story())

    assert ["cancelled", "done"] == ends


async def test_a_server_that_gives_up_has_not_handled(world: World) -> None:
    """If a dispatch is cancelled, its waiting repetition fails, and a later one is handled."""
    gate = asyncio.Event()

    async def handle(event: Event) -> None:
        await gate.wait()
        world.handled.append(event.key)

    world.handlers.on_event(handle)
    first = world.begin(reply())
    await settled()
    second = world.begin(reply())
    await settled()
    first.cancel()
    gate.set()

    with pytest.raises(NotHandledError):
        await second
    await world.give(reply())

    assert 1 == len(world.handled)


async def test_a_store_that_fails_has_not_handled(world: World) -> None:
    """If the store fails, the repeated event is not given again to handlers that were done."""
    world.listen()
    fails = iter([True, False])
    world.handlers.on_event(lambda _: setattr(world.store, "is_down", next(fails)))
    with pytest.raises(StoreDownError):
        await world.give(reply())
    world.store.is_down = False

    await world.give(reply())

    assert 1 == len(world.handled)


async def test_what_nobody_takes_is_not_handled(world: World) -> None:
    """An event without a handler is not handled until a handler for it exists."""
    world.note_statuses()
    unparsed = UnparsedEvent(provider="tiny", account="main", at=NOW, key="k", why="new")

    for event in (reply(), unparsed):
        with pytest.raises(NotHandledError):
            await world.give(event)
    world.listen()
    await world.give(reply(), unparsed)

    assert [reply().key, "k"] == world.handled


async def test_the_tracker_takes_reports(world: World) -> None:
    """A status report counts as handled by the tracker, without any handler."""
    await world.give(report(Status.SENT, "m1"))

    tracked = await world.tracker.find(M1)
    assert tracked is not None
    assert 1 == world.dispatcher.handled


async def test_a_change_is_told_once(world: World) -> None:
    """Only reports that raise the status are passed on, each once."""
    world.note_statuses()

    await world.give(
        report(Status.ACCEPTED, "m1"),
        report(Status.DELIVERED, "m1"),
        report(Status.SENT, "m1"),
        report(Status.FAILED, "m1"),
        report(Status.READ, "m1"),
    )

    assert [
        (Status.UNKNOWN, Status.ACCEPTED),
        (Status.ACCEPTED, Status.DELIVERED),
        (Status.DELIVERED, Status.READ),
    ] == world.statuses
    assert [each.status.status for each in world.watcher.changes] == [
        status for _, status in world.statuses
    ]


async def test_a_next_leg_without_a_report_is_no_news(world: World) -> None:
    """Between the failure of one leg and the first report of the next one, nothing is told."""
    world.note_statuses()
    tell(world.tracker, attrs.evolve(accepted(), legs=LEGS))

    for number, (status, leg_id) in enumerate(
        [
            (Status.SENT, "leg-1"),
            (Status.FAILED, "leg-1"),
            (Status.SENT, "leg-2"),
            (Status.DELIVERED, "leg-2"),
        ]
    ):
        told = leg(status, seconds=number, leg_id=leg_id)
        await world.give(attrs.evolve(report(status, seconds=number), leg=told))

    assert [
        (Status.UNKNOWN, Status.SENT),
        (Status.SENT, Status.DELIVERED),
    ] == world.statuses


async def test_a_next_leg_takes_back_a_failure(world: World) -> None:
    """A leg that failed before the answer to the send named the next one is not the end."""
    world.note_statuses()
    failed = attrs.evolve(report(Status.FAILED), leg=leg(Status.FAILED, leg_id="leg-1"))
    await world.give(failed)
    tell(world.tracker, attrs.evolve(accepted(), legs=LEGS))

    await world.give(
        attrs.evolve(report(Status.FAILED, seconds=1), leg=leg(Status.FAILED, leg_id="leg-1"))
    )

    assert [
        (Status.UNKNOWN, Status.FAILED),
        (Status.FAILED, Status.UNKNOWN),
    ] == world.statuses


async def test_a_change_is_told_with_all_that_is_known(world: World) -> None:
    """A change has the id and reference of the send, even if the report has neither."""
    changes: list[StatusChanged] = []
    world.handlers.on_status(changes.append)
    tell(world.tracker, accepted(None, batch_id="b1"))

    await world.give(report(Status.SENT, "m1", "r1", batch="b1"), report(Status.READ, "m1"))

    assert [(batch_id("b1"), "r1")] * 2 == [(each.id, each.reference) for each in changes]


async def test_a_change_is_told_again_where_the_handler_failed(world: World) -> None:
    """A change whose handler failed is passed on again when the report is repeated."""
    outcomes = iter([LookupError(), None])

    def changed(change: StatusChanged) -> None:
        error = next(outcomes)
        if error is not None:
            raise error
        world.statuses.append((change.previous, change.status.status))

    world.handlers.on_status(changed)
    with pytest.raises(LookupError):
        await world.give(report(Status.SENT, "m1"))

    await world.give(report(Status.SENT, "m1"), report(Status.SENT, "m1"))

    assert [(Status.UNKNOWN, Status.SENT)] == world.statuses


async def test_changes_of_a_message_come_in_order(world: World) -> None:
    """Changes of one message are handled one at a time, in order; those of others do not wait."""
    gates = {status: asyncio.Event() for status in (Status.SENT, Status.DELIVERED)}
    seen: list[str] = []

    async def changed(change: StatusChanged) -> None:
        seen.append(f"{change.id.provider_id} {change.status.status} begins")
        if change.id == M1:
            await gates[change.status.status].wait()
        seen.append(f"{change.id.provider_id} {change.status.status} ends")

    world.handlers.on_status(changed)
    first = world.begin(report(Status.SENT, "m1"))
    await settled()
    tasks = [
        first,
        world.begin(report(Status.DELIVERED, "m1")),
        world.begin(report(Status.SENT, "m2")),
    ]
    await settled()
    gates[Status.DELIVERED].set()
    await settled()
    gates[Status.SENT].set()
    await asyncio.gather(*tasks)

    assert [
        "m1 sent begins",
        "m2 sent begins",
        "m2 sent ends",
        "m1 sent ends",
        "m1 delivered begins",
        "m1 delivered ends",
    ] == seen


async def test_a_report_that_has_waited_tells_what_is_known_by_then(world: World) -> None:
    """Reports that waited for a handler are passed on as one change to the latest status."""
    gate = asyncio.Event()

    async def changed(change: StatusChanged) -> None:
        world.statuses.append((change.previous, change.status.status))
        await gate.wait()

    world.handlers.on_status(changed)
    statuses = (Status.ACCEPTED, Status.SENT, Status.DELIVERED)
    tasks = []
    for each in statuses:
        tasks.append(world.begin(report(each, "m1")))
        await settled()
    gate.set()
    await asyncio.gather(*tasks)

    assert [
        (Status.UNKNOWN, Status.ACCEPTED),
        (Status.ACCEPTED, Status.DELIVERED),
    ] == world.statuses


async def test_an_answer_that_comes_meanwhile_mixes_up_nothing(world: World) -> None:
    """Changes stay in order although the answer gives the message another id meanwhile."""
    gate = asyncio.Event()
    seen: list[Status] = []

    async def changed(change: StatusChanged) -> None:
        if change.status.status is Status.SENT:
            await gate.wait()
        seen.append(change.status.status)

    world.handlers.on_status(changed)
    first = world.begin(report(Status.SENT, "m1", "r1", batch="b1"))
    await settled()
    tell(world.tracker, accepted(None, batch_id="b1"))
    second = world.begin(report(Status.DELIVERED, "m1", "r1", batch="b1"))
    await settled()
    gate.set()
    await asyncio.gather(first, second)

    assert [Status.SENT, Status.DELIVERED] == seen


async def test_what_a_look_up_found_is_told_if_it_is_new(world: World) -> None:
    """A status that look-ups find repeatedly is passed on once."""
    world.note_statuses()
    tracked = await world.tracker.apply(report(Status.SENT, "m1"))

    for _ in range(2):
        await world.dispatcher.state_found(tracked, NOW)

    assert [(Status.UNKNOWN, Status.SENT)] == world.statuses


async def test_a_handler_that_hangs_does_not_hold_up_look_ups() -> None:
    """A handler called for a look-up has the same time limit as for an event."""
    world = World(handler_timeout=0.01)

    async def changed(_: StatusChanged) -> None:
        await asyncio.sleep(60)

    world.handlers.on_status(changed)
    tracked = await world.tracker.apply(report(Status.SENT, "m1"))

    with pytest.raises(TimeoutError):
        await world.dispatcher.state_found(tracked, NOW)


async def test_a_reply_opts_out(world: World) -> None:
    """A reply of only a keyword is recorded as an opt-out; a text that contains one is not."""
    world.listen()

    await world.give(reply("Stop by at noon", number=1), reply("Stop.", number=2))

    assert NUMBER in world.suppression
    assert [(NUMBER, reply("Stop.", number=2).key)] == [
        (each.address, each.key) for each in world.suppression.changes
    ]


async def test_an_opt_in_of_the_future_outweighs_no_later_opt_out(world: World) -> None:
    """A START counts from its arrival at the latest: the clock of its provider may be fast."""
    world.listen()
    start = attrs.evolve(reply("START", number=1), at=NOW + timedelta(minutes=10))
    await world.give(start)
    stop = attrs.evolve(reply("STOP", number=2), at=NOW + timedelta(minutes=1))

    await world.dispatcher.dispatch(stop, NOW + timedelta(minutes=1), UNTIL)

    assert NUMBER in world.suppression


async def test_a_repeated_opt_in_outweighs_no_opt_out_that_came_between(world: World) -> None:
    """A START that a handler has failed counts from its first arrival, not from its repetition."""
    failures = iter([True])

    def handle(_: Event) -> None:
        if next(failures, False):
            raise LookupError

    world.handlers.on_event(handle)
    start = attrs.evolve(reply("START", number=1), at=NOW + timedelta(minutes=10))
    stop = attrs.evolve(reply("STOP", number=2), at=NOW + timedelta(minutes=1))
    with pytest.raises(LookupError):
        await world.give(start)
    await world.dispatcher.dispatch(stop, NOW + timedelta(minutes=1), UNTIL)

    await world.dispatcher.dispatch(start, NOW + timedelta(minutes=2), UNTIL)

    assert NUMBER in world.suppression


async def test_the_words_are_those_of_the_application() -> None:
    """The application can add opt-out keywords for a country."""
    rules = OptOutRules(countries={"+372": Keywords(stop=frozenset(["LOPETA"]))})
    world = World(rules=rules).listen()

    await world.give(reply("lopeta"))

    assert NUMBER in world.suppression


async def test_a_report_opts_out(world: World) -> None:
    """A report of an opt-out is recorded with the recipient of the tracked message."""
    tell(world.tracker, accepted())

    await world.give(report(Status.REJECTED, "m1", reason=Reason.OPTED_OUT))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_an_early_report_opts_out_when_the_send_is_known(world: World) -> None:
    """An opt-out reported before the send is recorded once the recipient is known."""
    await world.give(report(Status.REJECTED, "m1", reason=Reason.OPTED_OUT))
    tell(world.tracker, accepted())
    tracked = await world.tracker.find(M1)
    assert tracked is not None
    was_known = NUMBER in world.suppression

    await world.dispatcher.state_found(tracked, NOW)

    assert not was_known
    assert NUMBER in world.suppression


async def test_an_opt_out_that_is_found_counts_from_then_at_the_latest(world: World) -> None:
    """The clock of its provider may be fast, and a later START undoes the opt-out all the same."""
    tell(world.tracker, accepted())
    found = leg(Status.REJECTED, seconds=600, reason=Reason.OPTED_OUT)
    tracked = await world.tracker.look_up(MessageStatus(id=M1, legs=(found,)))

    await world.dispatcher.state_found(tracked, NOW)

    assert [NOW] == [each.at for each in world.suppression.changes]


async def test_handlers_do_not_wait_for_a_list_that_is_down(world: World) -> None:
    """A status that was looked up is told, although its opt-out cannot be recorded yet."""
    world.note_statuses()
    world.suppression.is_down = True
    tell(world.tracker, accepted())
    found = leg(Status.REJECTED, reason=Reason.OPTED_OUT)
    tracked = await world.tracker.look_up(MessageStatus(id=M1, legs=(found,)))

    await world.dispatcher.state_found(tracked, NOW)
    await world.consents.aclose(1)

    assert [(Status.UNKNOWN, Status.REJECTED)] == world.statuses


async def test_a_report_of_an_unknown_message_opts_out_whom_it_names(world: World) -> None:
    """A report may be about a message that another process has sent; its recipient counts."""
    await world.give(report(Status.REJECTED, "m1", reason=Reason.OPTED_OUT, recipient=NUMBER))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_the_recipient_of_the_send_comes_first(world: World) -> None:
    """The suppression list gets the recipient as it was sent to, not as the provider writes it."""
    tell(world.tracker, accepted())

    await world.give(report(Status.REJECTED, "m1", reason=Reason.OPTED_OUT, recipient="0"))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_the_recipient_of_a_send_replaces_that_of_an_earlier_report(world: World) -> None:
    """A report that comes before the answer to its send names a recipient only until then."""
    await world.give(report(Status.SENT, "m1", recipient="0"))
    early = await world.tracker.find(M1)
    tell(world.tracker, accepted())
    known = await world.tracker.find(M1)

    assert early is not None
    assert known is not None
    assert ("0", NUMBER) == (early.to, known.to)


async def test_an_interaction_with_an_unknown_message_opts_out_whom_it_names(world: World) -> None:
    """An unsubscription often comes days later, when the message is not tracked any more."""
    world.listen()

    await world.give(attrs.evolve(unsubscribed("r1"), recipient=NUMBER))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


def unsubscribed(reference: str | None = None) -> InteractionEvent:
    """Return an unsubscribe event."""
    return InteractionEvent(
        provider="tiny",
        account="main",
        at=NOW,
        key="unsubscribed",
        reference=reference,
        interaction=Interaction(
            message_id=M1,
            kind=InteractionKind.UNSUBSCRIBED,
            provider_kind="unsubscribe-request",
            at=NOW,
            channel=Channel.EMAIL,
        ),
    )


@pytest.mark.parametrize("is_batch", [False, True])
async def test_an_interaction_opts_out(world: World, *, is_batch: bool) -> None:
    """An unsubscribe event is recorded with the recipient, of a batch's message by reference."""
    world.listen()
    tell(world.tracker, accepted(None, batch_id="b1") if is_batch else accepted())

    await world.give(unsubscribed("r1"))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_an_opt_out_of_nobody_known_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """An opt-out of an unknown recipient is recorded without an address and logged."""
    world.listen()

    await world.give(unsubscribed())

    assert [None] == [each.address for each in world.suppression.changes]
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "is unknown here" in record.getMessage()


async def test_an_opt_out_that_was_not_recorded_is_not_handled(world: World) -> None:
    """An event whose opt-out could not be recorded is not handled until it is repeated."""
    world.listen()
    world.suppression.is_down = True
    with pytest.raises(StoreDownError):
        await world.give(reply("STOP"))
    world.suppression.is_down = False

    await world.give(reply("STOP"))

    assert 1 == len(world.handled)
    assert NUMBER in world.suppression


async def test_changes_of_a_message_of_a_batch_come_in_order(world: World) -> None:
    """Changes of a message of a batch stay in order while its own id becomes known."""
    gate = asyncio.Event()
    under_way: list[Status] = []
    most = 0

    async def handle(change: StatusChanged) -> None:
        nonlocal most
        under_way.append(change.status.status)
        most = max(most, len(under_way))
        if change.status.status is Status.SENT:
            await gate.wait()
        under_way.pop()
        world.statuses.append((change.previous, change.status.status))

    world.handlers.on_status(handle)
    tell(world.tracker, accepted(None, batch_id="b1"))
    found = await world.tracker.look_up(MessageStatus(id=batch_id("b1"), legs=(leg(Status.SENT),)))
    looking_up = asyncio.ensure_future(world.dispatcher.state_found(found, NOW))
    await settled()
    reported = world.begin(report(Status.DELIVERED, "m1", "r1", batch="b1", seconds=1))
    await settled()
    gate.set()
    await asyncio.gather(looking_up, reported)
    await world.give(report(Status.DELIVERED, "m1", "r1", batch="b1", seconds=2))

    assert 1 == most
    assert [Status.SENT, Status.DELIVERED] == [each for _, each in world.statuses]


def locks() -> list[asyncio.Lock]:
    """Return all locks of the process that something still refers to."""
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, asyncio.Lock)]


async def test_a_dispatch_that_is_given_up_while_it_waits_keeps_no_lock(world: World) -> None:
    """A server that gives up behind another report of the message leaves nothing in memory."""
    before = locks()  # of other tests
    gate, began = asyncio.Event(), asyncio.Event()

    async def handle(_: Event) -> None:
        began.set()
        await gate.wait()

    world.handlers.on_event(handle)
    first = world.begin(report(Status.SENT))
    await began.wait()
    second = world.begin(report(Status.DELIVERED))
    await settled()
    second.cancel()
    await asyncio.wait([second])
    gate.set()
    await first
    del first, second

    assert [] == [each for each in locks() if each not in before]
