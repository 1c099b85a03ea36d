"""Merging reports and look-ups: the order and the number of times make no difference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import evidence, times

from omnimsg.domain.channel import Channel
from omnimsg.domain.events import StatusEvent
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, LegId, Usage
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Status, Timeline
from omnimsg.domain.status_merge import (
    MAX_LEGS,
    merge_event,
    merge_legs,
    merge_statuses,
    status_of_accepted,
)

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
ID = MessageId("main:m-1")
EMPTY = MessageStatus(id=ID, legs=())


def leg(status: Status, *, minutes: int = 0, **fields: Any) -> LegStatus:
    """Build a leg with one piece of evidence."""
    at = NOW + timedelta(minutes=minutes)
    return LegStatus(timeline=Timeline.of(Evidence(status, status.value), at), **fields)


def report(status: Status, *, minutes: int = 0, **fields: Any) -> StatusEvent:
    """Build a report of a leg."""
    found = leg(status, minutes=minutes, **fields)
    return StatusEvent(
        provider="toy", account="main", at=NOW, key=f"{status}{minutes}", leg=found, message_id=ID
    )


def merged(*reports: StatusEvent) -> MessageStatus:
    """Merge reports in this order."""
    status = EMPTY
    for each in reports:
        status = merge_event(status, each)
    return status


NOT_FOUND = Evidence(Status.UNKNOWN, "gone", reason=Reason.NOT_FOUND, fault=Reason.NOT_FOUND.fault)
_TIMELINES = st.builds(Timeline.of, evidence() | st.just(NOT_FOUND), times())
_LEGS = st.builds(
    LegStatus,
    channel=st.none() | st.sampled_from((Channel.SMS, Channel.VIBER)),
    timeline=st.none().map(lambda _: Timeline())
    | _TIMELINES
    | st.builds(Timeline.merge, _TIMELINES, _TIMELINES),
    provider_id=st.sampled_from((None, "leg-1", "leg-2")),
    usage=st.none()
    | st.builds(
        Usage,
        parts=st.sampled_from((None, 1, 2)),
        price=st.sampled_from((None, Decimal("0.05"), Decimal("0.10"))),
        currency=st.sampled_from((None, "EUR", "USD")),
    ),
    detail=st.sampled_from(("", "unknown", "expired")),
)


@given(st.lists(_LEGS, max_size=6), st.randoms(use_true_random=False))
def test_the_order_makes_no_difference(legs: list[LegStatus], random: Any) -> None:
    """Merging legs in another order, or some of them twice, gives the same legs."""
    shuffled = [*legs, *legs[:2]]
    random.shuffle(shuffled)

    assert merge_legs(legs) == merge_legs(shuffled)


@given(st.lists(_LEGS, max_size=4), st.lists(_LEGS, max_size=4), st.lists(_LEGS, max_size=4))
def test_parts_may_be_merged_first(
    first: list[LegStatus], second: list[LegStatus], third: list[LegStatus]
) -> None:
    """Merging is associative, so two processes, or a process and a store, get the same legs."""
    together = merge_legs([*first, *second, *third])

    assert together == merge_legs([*merge_legs([*first, *second]), *third])
    assert together == merge_legs([*first, *merge_legs([*second, *third])])
    assert together == merge_legs(together)


@given(st.lists(_LEGS, min_size=1, max_size=6))
def test_no_evidence_is_lost(legs: list[LegStatus]) -> None:
    """A merge keeps all evidence, and the highest status decides each leg.

    Only the evidence that the provider did not know the message may be dropped.
    """
    found = merge_legs(legs)

    assert {each for one in legs for each in one.timeline.entries} - {NOT_FOUND} == {
        each for one in found for each in one.timeline.entries
    } - {NOT_FOUND}
    assert max(each.status.rank for each in legs) == max(each.status.rank for each in found)


def test_a_late_report_undoes_nothing() -> None:
    """A late report of a lower status is kept as evidence and does not lower the status."""
    sent, delivered, read = (
        report(each, minutes=number, provider_id="leg-1")
        for number, each in enumerate((Status.SENT, Status.DELIVERED, Status.READ))
    )

    assert Status.DELIVERED is merged(delivered, sent).status
    assert Status.READ is merged(read, delivered, sent, read).status
    assert 3 == len(merged(read, delivered, sent).legs[0].timeline.entries)


def test_a_contradiction_is_flagged() -> None:
    """A leg reported as failed and as delivered is delivered and flagged as contradicted."""
    status = merged(
        report(Status.FAILED, provider_id="leg-1"),
        report(Status.DELIVERED, minutes=1, provider_id="leg-1"),
    )

    assert Status.DELIVERED is status.status
    assert [True] == [each.timeline.contradicted for each in status.legs]


def test_a_leg_that_failed_is_followed_by_the_next() -> None:
    """A message is delivered if any leg is; its legs are in the order of their times."""
    expired = report(Status.EXPIRED, channel=Channel.VIBER, provider_id="leg-2")
    delivered = report(Status.DELIVERED, minutes=5, channel=Channel.SMS, provider_id="leg-1")

    for status in (merged(expired, delivered), merged(delivered, expired)):
        assert Status.DELIVERED is status.status
        assert [Channel.VIBER, Channel.SMS] == [each.channel for each in status.legs]


@pytest.mark.parametrize("found", [Status.SCHEDULED, Status.ACCEPTED])
def test_legs_that_were_found_waiting_at_the_same_time_are_in_the_order_of_their_tries(
    found: Status,
) -> None:
    """A look-up before the first leg was tried, which finds all legs waiting, changes no result."""
    names = [(Channel.VIBER, "leg-2"), (Channel.SMS, "leg-1")]
    waiting = MessageStatus(
        id=ID, legs=tuple(leg(found, channel=c, provider_id=id_) for c, id_ in names)
    )
    expired = report(Status.EXPIRED, minutes=5, channel=Channel.VIBER, provider_id="leg-2")
    running = merge_event(waiting, expired)
    failed = report(Status.FAILED, minutes=9, channel=Channel.SMS, provider_id="leg-1")
    ended = merge_event(running, failed)

    assert [found, Status.FAILED] == [running.status, ended.status]
    assert [[Channel.VIBER, Channel.SMS]] * 2 == [
        [each.channel for each in status.legs] for status in (running, ended)
    ]


def test_a_leg_of_the_send_waits_for_its_reports() -> None:
    """A message is not final while a leg named by the send has no report, even if others failed."""
    accepted = Accepted(
        reference="r-1",
        account="main",
        provider_id="m-1",
        legs=(
            LegId(channel=Channel.VIBER, provider_id="leg-1"),
            LegId(channel=Channel.SMS, provider_id="leg-2"),
        ),
    )
    known = status_of_accepted(accepted)

    failed = merge_event(known, report(Status.EXPIRED, provider_id="leg-1"))
    ended = merge_event(failed, report(Status.FAILED, minutes=5, provider_id="leg-2"))

    assert (ID, Status.UNKNOWN, False) == (failed.id, failed.status, failed.status.final)
    assert [Channel.VIBER, Channel.SMS] == [each.channel for each in failed.legs]
    assert Status.FAILED is ended.status


def test_what_a_message_cost_is_known_in_parts() -> None:
    """The number of parts and the price may come with different reports."""
    status = merged(
        report(Status.SENT, provider_id="leg-1", usage=Usage(parts=2)),
        report(Status.DELIVERED, provider_id="leg-1", usage=Usage(price=Decimal("0.10"))),
        report(Status.READ, provider_id="leg-1"),
    )

    assert Usage(parts=2, price=Decimal("0.10")) == status.usage


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            Usage(price=Decimal("0.10"), currency="EUR"),
            Usage(price=Decimal("0.50"), currency="USD"),
            Usage(price=Decimal("0.50"), currency="USD"),
        ),
        (
            Usage(price=Decimal("0.50"), currency="EUR"),
            Usage(price=Decimal("0.10"), currency="USD"),
            Usage(price=Decimal("0.10"), currency="USD"),
        ),
        (
            Usage(parts=2, price=Decimal("0.50")),
            Usage(price=Decimal("0.10"), currency="EUR"),
            Usage(parts=2, price=Decimal("0.10"), currency="EUR"),
        ),
        (
            Usage(parts=1, currency="USD"),
            Usage(parts=2, price=Decimal("0.10")),
            Usage(parts=2, price=Decimal("0.10")),
        ),
    ],
)
def test_a_price_keeps_its_currency(first: Usage, second: Usage, expected: Usage) -> None:
    """Of two prices one is kept, never the amount of one with the currency of the other."""
    reports = [report(Status.SENT, provider_id="leg-1", usage=each) for each in (first, second)]

    assert expected == merged(*reports).usage
    assert expected == merged(*reversed(reports)).usage


def test_what_was_said_of_a_failure_ends_with_the_failure() -> None:
    """A leg that was delivered after a failure has no `detail`; one that failed keeps it."""
    failed = report(Status.FAILED, provider_id="leg-1", detail="unknown subscriber")
    delivered = report(Status.DELIVERED, minutes=1, provider_id="leg-1")

    assert "" == merged(failed, delivered).detail
    assert "" == merged(delivered, failed).detail
    assert "unknown subscriber" == merged(failed, report(Status.SENT, provider_id="leg-1")).detail


def test_that_a_message_is_unknown_ends_with_its_first_report() -> None:
    """The first report replaces `NOT_FOUND`, whether the look-up came before or after it."""
    unknown = MessageStatus.not_found(ID, NOW)
    failed = report(Status.FAILED, minutes=1, provider_id="leg-1")

    for status in (
        merge_event(unknown, failed),
        merge_statuses(merged(failed), unknown),
        merge_statuses(merge_event(unknown, failed), unknown),
    ):
        assert (Status.FAILED, None, 1) == (status.status, status.reason, len(status.legs))


def test_a_leg_that_is_known_by_its_channel_forgets_that_it_was_not_found() -> None:
    """A report of the same channel replaces the `NOT_FOUND` of a leg, in any order of merging."""
    unknown = MessageStatus.not_found(ID, NOW, channel=Channel.SMS)
    sent = report(Status.SENT, minutes=1, channel=Channel.SMS)

    assert [Status.SENT] == [
        each.status for each in merge_event(unknown, sent).legs[0].timeline.entries
    ]


def test_a_message_that_is_only_unknown_is_not_found() -> None:
    """A message without any report keeps the reason `NOT_FOUND`."""
    unknown = MessageStatus.not_found(ID, NOW)

    assert unknown == merge_statuses(unknown, unknown)
    assert Reason.NOT_FOUND is merge_statuses(EMPTY, unknown).reason


def test_merging_a_status_with_itself_changes_nothing() -> None:
    """Merging a status with itself changes nothing, also where legs have a channel and no id."""
    status = MessageStatus(
        id=ID,
        legs=(
            leg(Status.EXPIRED, channel=Channel.WHATSAPP, detail="expired"),
            leg(Status.DELIVERED, minutes=1, channel=Channel.SMS),
        ),
    )

    assert status == merge_statuses(status, status)


def test_a_look_up_and_a_report_are_one_answer() -> None:
    """A look-up and a report merge in either order; the result has no `raw` of the look-up."""
    looked_up = MessageStatus(id=ID, legs=(leg(Status.SENT, provider_id="leg-1"),), raw={"a": 1})
    delivered = report(Status.DELIVERED, minutes=1, provider_id="leg-1")

    status = merge_statuses(looked_up, merged(delivered))

    assert status == merge_statuses(merged(delivered), looked_up)
    assert status == merge_event(looked_up, delivered)
    assert (Status.DELIVERED, 1, None) == (status.status, len(status.legs), status.raw)


def test_statuses_of_two_messages_are_not_merged() -> None:
    """Merging the statuses of two different messages raises `ValueError`."""
    other = MessageStatus(id=MessageId("main:m-2"), legs=())

    with pytest.raises(ValueError, match="different messages"):
        merge_statuses(EMPTY, other)


def test_the_memory_of_a_message_is_bounded() -> None:
    """A merge keeps at most `MAX_LEGS` legs, and the same ones in any order of arrival."""
    legs = [
        leg(Status.SENT, minutes=number, provider_id=f"leg-{number:04d}") for number in range(99)
    ]

    assert MAX_LEGS == len(merge_legs(legs))
    assert merge_legs(legs) == merge_legs([*merge_legs(legs[50:]), *merge_legs(legs[:50])])
