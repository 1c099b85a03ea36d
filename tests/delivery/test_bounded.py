"""Texts of reports and look-ups are bounded where they are kept, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support import dispatching
from support.delivery import NOW, NUMBER, accepted, looked_up, report, tell
from support.tracking import World

from omnimsg.delivery.bounded import MAX_LENGTH
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.tracked import Names
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Usage
from omnimsg.domain.status import Evidence, LegStatus, Status, Timeline

if TYPE_CHECKING:
    from omnimsg.delivery.tracked import Tracked
    from omnimsg.domain.events import Event, StatusEvent

pytestmark = pytest.mark.anyio

SHORT, LONG = "x" * MAX_LENGTH, "x" * 100_000
M1 = MessageId("main:m1")


def failed_leg(text: str) -> LegStatus:
    """Return a failed leg whose texts are all this one."""
    evidence = Evidence(Status.FAILED, text, code=text)
    return LegStatus(
        timeline=Timeline.of(evidence, NOW),
        provider_id=text,
        usage=Usage(parts=2, currency=text),
        detail=text,
    )


def filled(text: str, **fields: Any) -> StatusEvent:
    """Return a report whose texts are all this one, with some fields changed."""
    given = {
        "reference": text,
        "message_id": MessageId(f"main:{text}"),
        "batch_id": text,
        "token": text,
        "recipient": text,
        "leg": failed_leg(text),
        **fields,
    }
    return attrs.evolve(report(), **given)


async def test_a_report_is_kept_with_texts_of_bounded_length() -> None:
    """A long description or status is cut; a long id, reference, token or address is left out."""
    tracked = await World().tracker.apply(filled(LONG, message_id=M1))

    expected = {
        "ids": (M1,),
        "reference": None,
        "token": None,
        "to": None,
        "legs": (attrs.evolve(failed_leg(SHORT), provider_id=None, usage=None),),
    }
    assert expected == {each: getattr(tracked, each) for each in expected}


async def test_a_message_is_not_found_by_an_id_that_is_too_long() -> None:
    """What remains of a report that names its message by long names alone has no name."""
    tracked = await World().tracker.apply(filled(LONG))

    assert Names(account="main") == tracked.names


async def test_texts_up_to_the_limit_are_kept_whole() -> None:
    """A report whose texts are as long as allowed is kept as it came."""
    event = filled(SHORT, message_id=M1)

    tracked = await World().tracker.apply(event)

    assert (SHORT, SHORT, SHORT, (event.leg,)) == (
        tracked.reference,
        tracked.token,
        tracked.to,
        tracked.legs,
    )


async def test_statuses_that_are_cut_to_the_same_text_are_one() -> None:
    """Of several long statuses that begin alike, one is kept, with its earliest time."""
    world = World()
    for seconds, end in ((5, "a"), (3, "b"), (4, "c")):
        at = report(seconds=seconds).at
        leg = LegStatus(timeline=Timeline.of(Evidence(Status.SENT, LONG + end), at))
        tracked = await world.tracker.apply(attrs.evolve(report(), leg=leg))

    (kept,) = tracked.legs
    assert {Evidence(Status.SENT, SHORT): report(seconds=3).at} == kept.timeline.entries


@pytest.mark.parametrize("is_late", [False, True])
async def test_the_answer_of_a_look_up_is_bounded_too(is_late: bool) -> None:
    """A look-up is kept as a report is, also if the store takes it later."""
    world, found = World(), attrs.evolve(looked_up(Status.FAILED), legs=(failed_leg(LONG),))
    stored: list[Tracked] = []
    if is_late:
        world.tracker.look_up_later(found, found.id, stored.append)
        await world.tracker.commit()
    else:
        stored.append(await world.tracker.look_up(found))

    (leg,) = stored[0].legs
    assert attrs.evolve(failed_leg(SHORT), provider_id=None, usage=None) == leg


async def test_an_early_report_with_a_long_reference_takes_nothing_from_its_message() -> None:
    """The reference of a send stays whole, although a report with a long one came before."""
    world = World(MemoryStore())
    await world.tracker.apply(filled(LONG, message_id=M1))
    tell(world.tracker, accepted())

    tracked = await world.tracker.find(M1)

    assert tracked is not None
    assert ("r1", NUMBER) == (tracked.reference, tracked.to)


async def test_the_handlers_get_a_report_as_it_came() -> None:
    """Only what is kept is bounded."""
    world = dispatching.World()
    given: list[Event] = []
    world.handlers.on_event(given.append)
    event = filled(LONG, message_id=M1)

    await world.give(event)

    assert [event] == given
