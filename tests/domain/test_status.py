"""The lifecycle: evidence in any order gives one status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import evidence, message_statuses, timelines, times

from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import (
    MAX_EVIDENCE,
    Evidence,
    LegStatus,
    MessageStatus,
    Status,
    Timeline,
)

if TYPE_CHECKING:
    from random import Random

NOW = datetime(2030, 1, 2, tzinfo=UTC)


def _timeline(*statuses: Status) -> Timeline:
    return Timeline(
        FrozenDict(
            {
                Evidence(status, status.value.upper()): NOW + timedelta(seconds=position)
                for position, status in enumerate(statuses)
            }
        )
    )


def _leg(*statuses: Status, channel: Channel | None = None) -> LegStatus:
    return LegStatus(channel=channel, timeline=_timeline(*statuses))


def _message(*legs: LegStatus) -> MessageStatus:
    return MessageStatus(id=MessageId("messente:1"), legs=legs)


def _inventive(start: int) -> Timeline:
    """A timeline of a provider that invents a word for every report."""
    words = range(start, start + MAX_EVIDENCE)
    return Timeline(FrozenDict({Evidence(Status.UNKNOWN, f"NEW-{word:03}"): NOW for word in words}))


MANY = timelines() | st.integers(0, 200).map(_inventive)


def test_the_ranks() -> None:
    """A later rank wins whatever the order of the reports."""
    assert [
        "unknown",
        "scheduled",
        "accepted",
        "sent",
        "cancelled",
        "rejected",
        "expired",
        "failed",
        "delivered",
        "read",
    ] == sorted(Status, key=lambda status: status.rank)


def test_failed_reached_and_final() -> None:
    """A final status is one that failed or reached a handset, never both."""
    assert {Status.DELIVERED, Status.READ} == {each for each in Status if each.reached}
    assert {Status.CANCELLED, Status.REJECTED, Status.EXPIRED, Status.FAILED} == {
        each for each in Status if each.failed
    }
    assert all(each.final == (each.failed != each.reached) for each in Status)


@given(MANY, MANY)
def test_merging_is_commutative(one: Timeline, other: Timeline) -> None:
    """It does not matter which report came first."""
    assert one.merge(other) == other.merge(one)


@given(MANY, MANY, MANY)
def test_merging_is_associative(one: Timeline, two: Timeline, three: Timeline) -> None:
    """It does not matter which reports were put together first."""
    assert one.merge(two).merge(three) == one.merge(two.merge(three))


@given(MANY)
def test_merging_is_idempotent(one: Timeline) -> None:
    """A report that is repeated changes nothing."""
    assert one == one.merge(one) == one.merge(Timeline()) == Timeline().merge(one)


@given(MANY, MANY)
def test_merging_keeps_the_highest_rank_and_is_bounded(one: Timeline, other: Timeline) -> None:
    """What decides is never lost, and invented words do not grow without end."""
    merged = one.merge(other)

    assert merged.status.rank == max(one.status.rank, other.status.rank)
    assert len(merged.entries) <= MAX_EVIDENCE


@given(st.lists(st.tuples(evidence(), times()), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_reports_never_matters(
    reports: list[tuple[Evidence, datetime]], random: Random
) -> None:
    """Reports in any order, each any number of times, give one timeline."""
    shuffled = reports + reports[:2]
    random.shuffle(shuffled)

    told = reduce(Timeline.merge, (Timeline.of(*each) for each in reports), Timeline())
    retold = reduce(Timeline.merge, (Timeline.of(*each) for each in shuffled), Timeline())

    assert (told, told.latest) == (retold, retold.latest)


@given(evidence(), evidence())
def test_the_order_of_evidence_is_total(one: Evidence, other: Evidence) -> None:
    """Two pieces of evidence have one place in the order only if they are the same."""
    assert (one.order == other.order) == (one == other)


def test_the_earliest_time_is_kept() -> None:
    """The same word said again later does not move it."""
    said = Evidence(Status.SENT, "SENT")
    early, late = Timeline.of(said, NOW), Timeline.of(said, NOW + timedelta(hours=1))

    assert late.merge(early) == early


def test_evidence_needs_an_offset() -> None:
    """A time without an offset could not be compared with another."""
    with pytest.raises(InvalidValue, match=r"Evidence\.at: must be a datetime with a UTC offset"):
        Timeline.of(Evidence(Status.SENT, "SENT"), NOW.replace(tzinfo=None))


def test_nothing_said() -> None:
    """No evidence is UNKNOWN, without a reason."""
    assert (Status.UNKNOWN, None, None) == (
        Timeline().status,
        Timeline().latest,
        LegStatus().reason,
    )


@pytest.mark.parametrize(
    ("statuses", "contradicted"),
    [
        ((), False),
        ((Status.SENT, Status.FAILED), False),
        ((Status.SENT, Status.DELIVERED, Status.READ), False),
        ((Status.DELIVERED, Status.FAILED), True),
        ((Status.EXPIRED, Status.READ), True),
    ],
)
def test_contradictions(statuses: tuple[Status, ...], contradicted: bool) -> None:
    """Failed and delivered is kept and flagged."""
    assert _timeline(*statuses).contradicted is contradicted
    assert _message(_leg(), _leg(*statuses)).contradicted is contradicted


@pytest.mark.parametrize(
    ("legs", "expected", "deciding"),
    [
        ([], Status.UNKNOWN, None),
        ([_leg()], Status.UNKNOWN, 0),
        # Viber expired, and the SMS that stepped in was delivered.
        ([_leg(Status.EXPIRED), _leg(Status.SENT, Status.DELIVERED)], Status.DELIVERED, 1),
        # Delivered by the first: of the reserves nothing is ever said.
        ([_leg(Status.SENT, Status.DELIVERED), _leg(), _leg()], Status.DELIVERED, 0),
        # Viber expired, and the SMS is on its way.
        ([_leg(Status.EXPIRED), _leg(Status.SENT)], Status.SENT, 1),
        ([_leg(Status.EXPIRED), _leg()], Status.UNKNOWN, 1),
        # All failed: the last says why, although the first has the higher rank.
        ([_leg(Status.FAILED), _leg(Status.EXPIRED)], Status.EXPIRED, 1),
        # A late delivery of the first leg beats whatever the second is doing.
        ([_leg(Status.EXPIRED, Status.DELIVERED), _leg(Status.SENT)], Status.DELIVERED, 0),
        ([_leg(Status.DELIVERED), _leg(Status.READ)], Status.READ, 1),
        ([_leg(Status.ACCEPTED), _leg(Status.SCHEDULED)], Status.ACCEPTED, 0),
    ],
)
def test_folding_legs(legs: list[LegStatus], expected: Status, deciding: int | None) -> None:
    """The best leg that arrived; else the furthest that can still run; else the last failure."""
    message = _message(*legs)

    assert expected is message.status
    assert message.deciding is (None if deciding is None else legs[deciding])


def test_an_id_that_is_not_known() -> None:
    """It is no failure but an unknown, which says why, when and in which words."""
    found = MessageStatus.not_found(
        MessageId("messente:1"), NOW, channel=Channel.SMS, provider_status="NONE", raw={"a": 1}
    )

    [(said, at)] = found.legs[0].timeline.entries.items()
    assert (Status.UNKNOWN, Reason.NOT_FOUND, {"a": 1}) == (found.status, found.reason, found.raw)
    assert (Channel.SMS, "NONE", Reason.NOT_FOUND.fault, NOW) == (
        found.legs[0].channel,
        said.provider_status,
        said.fault,
        at,
    )


def test_the_reason_is_the_deciding_legs() -> None:
    """A message failed for the reason of the leg that speaks for it."""
    said = Evidence(Status.FAILED, "FAILED", reason=Reason.UNROUTABLE)
    failed = LegStatus(timeline=Timeline.of(said, NOW))

    assert (Reason.UNROUTABLE, None) == (_message(failed).reason, _message().reason)


def test_the_order_of_two_reports_for_legs_never_matters() -> None:
    """Whichever leg is reported first, and in whatever order, the message's status is one."""
    reports = [
        (0, Status.SENT),
        (0, Status.EXPIRED),
        (1, Status.SENT),
        (1, Status.DELIVERED),
    ]
    found = set()
    for order in permutations(reports):
        legs = [Timeline(), Timeline()]
        for leg, status in order:
            legs[leg] = legs[leg].merge(_timeline(status))
        found.add(_message(*(LegStatus(timeline=each) for each in legs)).status)

    assert found == {Status.DELIVERED}


@given(message_statuses())
def test_the_status_of_a_message_is_that_of_a_leg(message: MessageStatus) -> None:
    """No status is made up, and one that reached a handset is never hidden."""
    said = {leg.status for leg in message.legs} or {Status.UNKNOWN}

    assert message.status in said
    assert message.status.reached == any(status.reached for status in said)
