"""Outcomes, reports and look-ups give the same result in any order, with any repetitions."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from support.delivery import (
    NOW,
    SetClock,
    accepted,
    batch_id,
    doubtful,
    looked_up,
    message_id,
    report,
    tell,
)

from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.tracked import Handover, Names, Tracked
from omnimsg.delivery.tracker import Tracker
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MessageStatus, Status
from omnimsg.engine.observers import Observers

if TYPE_CHECKING:
    from omnimsg.domain.events import StatusEvent
    from omnimsg.domain.outcome import Outcome

Fact: TypeAlias = Callable[[Tracker], Awaitable[object]]

STATUSES = st.sampled_from(
    (Status.ACCEPTED, Status.SENT, Status.FAILED, Status.EXPIRED, Status.DELIVERED, Status.READ)
)
BATCH: dict[str, Any] = {"provider_id": "m1", "reference": "r1", "batch": "b1"}
# The names that a report may have: the message's id, its reference or token, and the batch.
NAMES: tuple[dict[str, Any], ...] = (
    {"provider_id": "m1"},
    {"provider_id": "m1", "reference": "r1"},
    {"provider_id": None, "reference": "r1"},
    {"provider_id": "m1", "token_of": "r1"},
    {"provider_id": None, "token_of": "r1"},
    BATCH,
)


def told(event: StatusEvent) -> Fact:
    """Return a function that applies a report to a tracker."""
    return lambda tracker: tracker.apply(event)


def found(status: MessageStatus) -> Fact:
    """Return a function that applies the result of a look-up to a tracker."""
    return lambda tracker: tracker.look_up(status)


def outcome(kind: str) -> Fact:
    """Return a function that gives the outcome of a send to a tracker."""
    known: dict[str, Outcome] = {
        "own id": accepted("m1"),
        "batch": accepted(None, batch_id="b1"),
        "doubt": doubtful(),
    }

    async def tell_it(tracker: Tracker) -> None:
        tell(tracker, known[kind])
        await tracker.commit()

    return tell_it


REPORTS = st.builds(
    lambda names, status, seconds: report(status, seconds=seconds, **names),
    st.sampled_from(NAMES),
    STATUSES,
    st.integers(0, 3),
)
LOOK_UPS = st.builds(looked_up, STATUSES, seconds=st.integers(0, 3).map(float))


async def after(facts: Sequence[Fact]) -> tuple[Tracker, list[Tracked]]:
    """Apply facts to a new tracker; return it and the message as found by each of its names."""
    tracker = Tracker(MemoryStore(), SetClock(), Observers())
    for each in facts:
        await each(tracker)
    reference = report(Status.SENT, None, "r1")
    names = [
        Names(account="main", ids=(message_id("m1"),)),  # type: ignore[arg-type]
        Names.of_event(reference),
        Names(account="main", ids=(batch_id("b1"),)),
    ]
    known = [await tracker.find_named(each) for each in names]
    return tracker, [each for each in known if each is not None]


def said(tracked: Tracked) -> tuple[object, ...]:
    """Return the parts of a tracked message that do not depend on the order of the facts."""
    return tracked.legs, tracked.handover, set(tracked.ids), tracked.reference, tracked.to


# No deadline: each example runs an event loop, which is slow on a busy machine.
@settings(deadline=None)
@given(
    kind=st.sampled_from(("own id", "batch", "doubt")),
    reports=st.lists(REPORTS, max_size=5),
    look_ups=st.lists(LOOK_UPS, max_size=2),
    seed=st.integers(0, 2**32),
    repeated=st.integers(0, 3),
)
def test_any_order_gives_one_answer(
    kind: str,
    reports: list[StatusEvent],
    look_ups: list[MessageStatus],
    seed: int,
    repeated: int,
) -> None:
    """In any order, all names find one message with the same evidence, and a doubt is settled."""
    # The id and the reference are joined by the answer to the send, or by a report that has both.
    tie = [] if kind == "own id" else [told(report(Status.SENT, **BATCH))]
    given_ = [told(each) for each in reports]
    facts = [outcome(kind), *tie, *given_, *(found(each) for each in look_ups)]
    chance = random.Random(seed)  # noqa: S311 - repeatable
    shuffled = facts + chance.sample(given_, min(repeated, len(given_)))
    chance.shuffle(shuffled)

    _, in_order = asyncio.run(after(facts))
    tracker, in_any_order = asyncio.run(after(shuffled))

    assert {said(in_order[0])[0]} == {said(each)[0] for each in (*in_order, *in_any_order)}
    assert said(in_order[0]) == said(in_any_order[0])
    assert Handover.ACCEPTED is in_any_order[0].handover
    assert (kind == "doubt") == (tracker.doubts_settled == 1)


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    reports=st.lists(STATUSES, min_size=1, max_size=6),
)
def test_the_highest_status_is_the_answer(seed: int, reports: list[Status]) -> None:
    """The highest status wins in any order; failed and delivered together are contradicted."""
    facts = [outcome("own id"), *(told(report(each, "m1", "r1")) for each in reports)]
    random.Random(seed).shuffle(facts)  # noqa: S311 - repeatable

    _, (tracked, *_) = asyncio.run(after(facts))

    status = tracked.status
    assert status is not None
    assert max(reports, key=lambda each: each.rank) is status.status
    assert set(reports) == {each.status for each in tracked.legs[0].timeline.entries}
    is_contradicted = any(each.failed for each in reports) and any(each.reached for each in reports)
    assert is_contradicted == status.contradicted


@settings(deadline=None)
@given(
    first=st.lists(STATUSES, max_size=3),
    second=st.lists(STATUSES, max_size=3),
    kinds=st.tuples(st.sampled_from(("own id", "doubt")), st.just("own id")),
    seed=st.integers(0, 2**32),
)
def test_two_sends_with_one_reference_are_two_messages(
    first: list[Status], second: list[Status], kinds: tuple[str, str], seed: int
) -> None:
    """Two sends with one reference stay two messages; neither settles the other's doubt."""
    tracker = Tracker(MemoryStore(), SetClock(), Observers())
    events = [report(each, "m1", "r1") for each in first]
    events += [report(each, "m2", "r1") for each in second]
    random.Random(seed).shuffle(events)  # noqa: S311 - repeatable
    expected = {"m1": set(first), "m2": set(second)}

    async def live() -> dict[str, set[Status]]:
        tell(tracker, accepted("m1") if kinds[0] == "own id" else doubtful())
        await tracker.commit()
        # Send the second message once the first one's outcome is stored.
        tell(tracker, accepted("m2"))
        for each in events:
            await tracker.apply(each)
        seen = {}
        for name in ("m1", "m2"):
            tracked = await tracker.find(message_id(name))  # type: ignore[arg-type]
            legs = () if tracked is None else tracked.legs
            seen[name] = {each.status for leg in legs for each in leg.timeline.entries}
        return seen

    seen = asyncio.run(live())

    assert expected == seen
    is_settled = kinds[0] == "doubt" and bool(first)
    assert int(is_settled) == tracker.doubts_settled


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    reports=st.lists(REPORTS, max_size=3),
    at=st.lists(st.integers(0, 3), min_size=1, max_size=3),
)
def test_not_found_decides_nothing(seed: int, reports: list[StatusEvent], at: list[int]) -> None:
    """A look-up that does not find the message never changes the status that reports gave."""
    id_ = message_id("m1")
    assert id_ is not None
    misses = [found(MessageStatus.not_found(id_, NOW + timedelta(seconds=each))) for each in at]
    facts = [outcome("own id"), *map(told, reports)]
    mixed = [*facts, *misses]
    random.Random(seed).shuffle(mixed)  # noqa: S311 - repeatable

    _, (without, *_) = asyncio.run(after(facts))
    _, (tracked, *_) = asyncio.run(after(mixed))

    assert without.status is not None
    assert tracked.status is not None
    assert without.status.status is tracked.status.status
    if not reports:
        assert Reason.NOT_FOUND is tracked.status.reason
