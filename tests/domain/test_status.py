"""The status of a message does not depend on the order of reports."""

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
                Evidence(status, status.value.upper()): NOW + timedelta(seconds=index)
                for index, status in enumerate(statuses)
            }
        )
    )


def _leg(*statuses: Status, channel: Channel | None = None) -> LegStatus:
    return LegStatus(channel=channel, timeline=_timeline(*statuses))


def _message(*legs: LegStatus) -> MessageStatus:
    return MessageStatus(id=MessageId("messente:1"), legs=legs)


def _full(start: int) -> Timeline:
    """Build a timeline with as many unknown statuses as it can hold."""
    numbers = range(start, start + MAX_EVIDENCE)
    return Timeline(FrozenDict({Evidence(Status.UNKNOWN, f"NEW-{n:03}"): NOW for n in numbers}))


TIMELINES = timelines() | st.integers(0, 200).map(_full)


def test_the_ranks() -> None:
    """Sorting statuses by rank gives the order of the lifecycle."""
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
    """A final status has either failed or reached a handset."""
    assert {Status.DELIVERED, Status.READ} == {each for each in Status if each.reached}
    assert {Status.CANCELLED, Status.REJECTED, Status.EXPIRED, Status.FAILED} == {
        each for each in Status if each.failed
    }
    assert all(each.final == (each.failed != each.reached) for each in Status)


@given(TIMELINES, TIMELINES)
def test_merging_is_commutative(one: Timeline, other: Timeline) -> None:
    """Merging two timelines in either order gives the same timeline."""
    assert one.merge(other) == other.merge(one)


@given(TIMELINES, TIMELINES, TIMELINES)
def test_merging_is_associative(one: Timeline, two: Timeline, three: Timeline) -> None:
    """Grouping three merges either way gives the same timeline."""
    assert one.merge(two).merge(three) == one.merge(two.merge(three))


@given(TIMELINES)
def test_merging_is_idempotent(one: Timeline) -> None:
    """Merging a timeline with itself, or with an empty one, does not change it."""
    assert one == one.merge(one) == one.merge(Timeline()) == Timeline().merge(one)


@given(TIMELINES, TIMELINES)
def test_merging_keeps_the_highest_rank_and_is_bounded(one: Timeline, other: Timeline) -> None:
    """A merge keeps the highest status and at most 64 entries."""
    merged = one.merge(other)

    assert merged.status.rank == max(one.status.rank, other.status.rank)
    assert len(merged.entries) <= MAX_EVIDENCE


@given(st.lists(st.tuples(evidence(), times()), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_reports_never_matters(
    reports: list[tuple[Evidence, datetime]], random: Random
) -> None:
    """The same reports in any order, some of them repeated, give the same timeline."""
    shuffled = reports + reports[:2]
    random.shuffle(shuffled)

    expected = reduce(Timeline.merge, (Timeline.of(*each) for each in reports), Timeline())
    actual = reduce(Timeline.merge, (Timeline.of(*each) for each in shuffled), Timeline())

    assert (expected, expected.latest) == (actual, actual.latest)


@given(evidence(), evidence())
def test_the_order_of_evidence_is_total(one: Evidence, other: Evidence) -> None:
    """Two pieces of evidence have the same sort key only if they are equal."""
    assert (one.order == other.order) == (one == other)


def test_the_earliest_time_is_kept() -> None:
    """A later repetition of a report does not change its time."""
    evidence = Evidence(Status.SENT, "SENT")
    early, late = Timeline.of(evidence, NOW), Timeline.of(evidence, NOW + timedelta(hours=1))

    assert late.merge(early) == early


def test_evidence_needs_an_offset() -> None:
    """A time without a UTC offset is refused: it could not be compared with others."""
    with pytest.raises(InvalidValue, match=r"Evidence\.at: must be a datetime with a UTC offset"):
        Timeline.of(Evidence(Status.SENT, "SENT"), NOW.replace(tzinfo=None))


def test_no_evidence() -> None:
    """Without evidence the status is `UNKNOWN`, and there is no reason."""
    assert (Status.UNKNOWN, None, None, None) == (
        Timeline().status,
        Timeline().latest,
        Timeline().earliest,
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
    """A leg or message that was reported as failed and as delivered is contradicted."""
    assert _timeline(*statuses).contradicted is contradicted
    assert _message(_leg(), _leg(*statuses)).contradicted is contradicted


@pytest.mark.parametrize(
    ("legs", "expected", "deciding"),
    [
        ([], Status.UNKNOWN, None),
        ([_leg()], Status.UNKNOWN, 0),
        # Viber expired, and the fallback SMS was delivered.
        ([_leg(Status.EXPIRED), _leg(Status.SENT, Status.DELIVERED)], Status.DELIVERED, 1),
        # The first leg was delivered, so its fallbacks are never reported.
        ([_leg(Status.SENT, Status.DELIVERED), _leg(), _leg()], Status.DELIVERED, 0),
        # Viber expired, and the SMS is on its way.
        ([_leg(Status.EXPIRED), _leg(Status.SENT)], Status.SENT, 1),
        ([_leg(Status.EXPIRED), _leg()], Status.UNKNOWN, 1),
        # All failed: the last one decides, although the first has the higher rank.
        ([_leg(Status.FAILED), _leg(Status.EXPIRED)], Status.EXPIRED, 1),
        # A late delivery of the first leg wins over the second leg's status.
        ([_leg(Status.EXPIRED, Status.DELIVERED), _leg(Status.SENT)], Status.DELIVERED, 0),
        ([_leg(Status.DELIVERED), _leg(Status.READ)], Status.READ, 1),
        ([_leg(Status.ACCEPTED), _leg(Status.SCHEDULED)], Status.ACCEPTED, 0),
    ],
)
def test_the_deciding_leg(legs: list[LegStatus], expected: Status, deciding: int | None) -> None:
    """The highest delivered leg decides; else the highest that has not ended; else the last."""
    message = _message(*legs)

    assert expected is message.status
    assert message.deciding is (None if deciding is None else legs[deciding])


def test_an_unknown_id() -> None:
    """The status is `UNKNOWN` with `NOT_FOUND`, the time and the provider's status and answer."""
    found = MessageStatus.not_found(
        MessageId("messente:1"), NOW, channel=Channel.SMS, provider_status="NONE", raw={"a": 1}
    )

    [(evidence, at)] = found.legs[0].timeline.entries.items()
    assert (Status.UNKNOWN, Reason.NOT_FOUND, {"a": 1}) == (found.status, found.reason, found.raw)
    assert (Channel.SMS, "NONE", Reason.NOT_FOUND.fault, NOW) == (
        found.legs[0].channel,
        evidence.provider_status,
        evidence.fault,
        at,
    )


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.UNKNOWN])
def test_not_found_decides_nothing_where_more_is_known(status: Status) -> None:
    """A look-up may come too early, or after the provider has forgotten the message."""
    not_found = MessageStatus.not_found(MessageId("messente:1"), NOW).legs[0]

    for message in (_message(not_found, _leg(status)), _message(_leg(status), not_found)):
        assert (status, None) == (message.status, message.reason)


def test_the_reason_is_the_deciding_legs() -> None:
    """The reason of a message is that of its deciding leg."""
    evidence = Evidence(Status.FAILED, "FAILED", reason=Reason.UNROUTABLE)
    failed = LegStatus(timeline=Timeline.of(evidence, NOW))

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
    """The status is that of a leg, and it reached a handset if any leg did."""
    statuses = {leg.status for leg in message.legs} or {Status.UNKNOWN}

    assert message.status in statuses
    assert message.status.reached == any(status.reached for status in statuses)
