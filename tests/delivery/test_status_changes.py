"""The dispatcher: changes of a status are told once, in order, with what is known by then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import attrs
import pytest
from support.delivery import NOW, accepted, batch_id, leg, report, tell
from support.dispatching import World
from support.sending import settled

from omnimsg.domain.channel import Channel
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import LegId
from omnimsg.domain.status import MessageStatus, Status

if TYPE_CHECKING:
    from omnimsg.engine.delivery_events import StatusChanged

pytestmark = pytest.mark.anyio

M1 = MessageId("main:m1")
LEGS = tuple(LegId(channel=Channel.SMS, provider_id=each) for each in ("leg-1", "leg-2"))


@pytest.fixture
def world() -> World:
    """Return a dispatcher with its records."""
    return World()


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
