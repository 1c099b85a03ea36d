"""The state of one message: its names, and what reports, look-ups and outcomes add to it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
import pytest
from support.delivery import (
    NOW,
    NUMBER,
    accepted,
    batch_id,
    doubtful,
    leg,
    looked_up,
    message,
    report,
)

from omnimsg.adapter.context import report_token
from omnimsg.delivery.tracked import Handover, Names, Tracked, address_of
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel
from omnimsg.domain.events import InteractionEvent
from omnimsg.domain.history import Interaction, InteractionKind
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import LegId
from omnimsg.domain.status import LegStatus, Status
from omnimsg.domain.status_merge import merge_legs

if TYPE_CHECKING:
    from omnimsg.domain.events import StatusEvent

TOKEN = report_token("main", "r1")
M1, M2 = MessageId("main:m1"), MessageId("main:m2")
B1, B2 = batch_id("b1"), batch_id("b2")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (report(), Names(account="main", ids=(M1,))),
        (report(reference="r1"), Names(account="main", ids=(M1,), token=TOKEN)),
        (report(token_of="r1"), Names(account="main", ids=(M1,), token=TOKEN)),
        (
            report(provider_id=None, reference="r1", batch="b1"),
            Names(account="main", ids=(B1,), token=TOKEN),
        ),
        (
            report(reference="r1", batch="b1"),
            Names(account="main", ids=(M1, B1), token=TOKEN),
        ),
        (report(batch="b1"), Names(account="main", ids=(M1,))),
    ],
)
def test_the_names_in_a_report(event: StatusEvent, expected: Names) -> None:
    """A report names its id, a token or a reference, and the id of its batch with a reference."""
    assert expected == Names.of_event(event)


@pytest.mark.parametrize(("reference", "token"), [("r1", TOKEN), (None, None)])
def test_the_names_of_an_interaction(reference: str | None, token: str | None) -> None:
    """An interaction names the id of its message, and its reference if the provider quotes it."""
    interaction = Interaction(
        message_id=M1, kind=InteractionKind.READ, provider_kind="read", at=NOW
    )
    event = InteractionEvent(
        provider="tiny",
        account="main",
        at=NOW,
        key="k",
        reference=reference,
        interaction=interaction,
    )

    assert Names(account="main", ids=(M1,), token=token) == Names.of_interaction(event)


@pytest.mark.parametrize(
    ("id_", "expected"),
    [
        (M1, Names(account="main", ids=(M1,))),
        (B1, Names(account="main", ids=(B1,), token=TOKEN, is_answer=True)),
    ],
)
def test_the_names_in_an_id(id_: MessageId, expected: Names) -> None:
    """The id of a batch contains a reference, and comes from the answer to a send."""
    assert expected == Names.of_id(id_)


def names(*ids: MessageId, is_answer: bool = False, doubt_key: str | None = None) -> Names:
    """Make names with the token of the reference."""
    return Names(account="main", ids=ids, token=TOKEN, is_answer=is_answer, doubt_key=doubt_key)


def tracked(
    *ids: MessageId, handover: Handover = Handover.UNKNOWN, doubt_key: str | None = None
) -> Tracked:
    """Make a message with the token of the reference."""
    return Tracked(
        account="main", since=NOW, ids=ids, token=TOKEN, handover=handover, doubt_key=doubt_key
    )


ACCEPTED, IN_DOUBT = Handover.ACCEPTED, Handover.IN_DOUBT


@pytest.mark.parametrize(
    ("given", "other", "found", "expected"),
    [
        (names(), tracked(), (), True),
        (names(), tracked(handover=IN_DOUBT), (), True),
        (names(M1), tracked(handover=Handover.UNRESOLVED), (), True),
        (names(M1), tracked(B1, handover=ACCEPTED), (), True),
        # Its own id finds a message that has been accepted.
        (names(), tracked(M1, handover=ACCEPTED), (), False),
        (names(doubt_key="k"), tracked(M1, handover=ACCEPTED, doubt_key="k"), (), True),
        (names(doubt_key="k"), tracked(M1, handover=ACCEPTED, doubt_key="l"), (), False),
        # Two sends with one reference.
        (names(M1, is_answer=True), tracked(), (), True),
        (names(M1, is_answer=True), tracked(handover=IN_DOUBT), (), False),
        (names(M1), tracked(handover=IN_DOUBT), (tracked(M1),), True),
        (names(M1), tracked(handover=IN_DOUBT), (tracked(M1, handover=ACCEPTED),), False),
        # One message has one own id, and one id of a batch.
        (names(M1), tracked(M1), (), True),
        (names(M1), tracked(M2), (), False),
        (names(), tracked(M2), (tracked(M1),), False),
        (names(B1), tracked(M2), (), True),
        (names(B1), tracked(B2), (), False),
        (names(M1, B1), tracked(M2, B1), (), False),
        (names(M1, B1), tracked(M1, B2), (), False),
        (names(M1, B1), tracked(M1, B1), (), True),
    ],
)
def test_which_message_of_the_same_reference_names_mean(
    given: Names, other: Tracked, found: tuple[Tracked, ...], expected: bool
) -> None:
    """A token stands for a reference, which several messages may have: the rest must not differ."""
    assert expected is given.may_mean(other, found)


def test_an_id_of_a_batch_is_not_the_messages_own() -> None:
    """A message that has only the id of its batch has an id, and none of its own."""
    assert (None, None) == (tracked().id, tracked().own_id)
    assert (B1, None) == (tracked(B1).id, tracked(B1).own_id)
    assert (B1, M1) == (tracked(B1, M1).id, tracked(B1, M1).own_id)


LATER = NOW + timedelta(minutes=1)
EMPTY = Tracked(account="main", since=NOW)
FULL = Tracked(
    account="main",
    since=NOW,
    ids=(M1,),
    reference="r1",
    token=TOKEN,
    to=NUMBER,
    handover=ACCEPTED,
    legs=(leg(Status.SENT, leg_id="m1"),),
    told=Status.SENT,
    followed_by=(M2,),
    reached_twice=True,
    doubt_key="k",
)


def test_what_is_known_of_a_message_from_its_outcome() -> None:
    """An acceptance has ids and legs; a doubt has the recipient and a key, and no id."""
    legs = (LegId(channel=Channel.SMS, provider_id="l1"),)
    taken = Tracked.of_accepted(attrs.evolve(accepted(), legs=legs), NUMBER, NOW)
    known = attrs.evolve(EMPTY, reference="r1", token=TOKEN, to=NUMBER)

    assert taken == attrs.evolve(
        known,
        ids=(M1,),
        handover=ACCEPTED,
        legs=(LegStatus(channel=Channel.SMS, provider_id="l1"),),
    )
    assert Tracked.of_doubt(doubtful(), message(), NOW, key="k") == attrs.evolve(
        known, handover=IN_DOUBT, doubt_key="k"
    )


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (NUMBER, NUMBER),
        (ProviderContact(key="phonenumber", value=NUMBER), NUMBER),
        (ProviderContact(id="k-1"), None),
    ],
)
def test_the_address_of_a_recipient(to: str | ProviderContact, expected: str | None) -> None:
    """A contact that only the provider knows has no address."""
    assert expected == address_of(attrs.evolve(message(), to=to))


def test_a_report_adds_to_a_message() -> None:
    """A report adds its leg and its names, and changes nothing else that is known."""
    event = report(reference="r1", recipient=NUMBER, seconds=1)
    other = report(reference="another", recipient="+37255500009", seconds=1)

    assert EMPTY.reported(event) == attrs.evolve(
        EMPTY, ids=(M1,), reference="r1", token=TOKEN, to=NUMBER, legs=(event.leg,)
    )
    assert FULL.reported(other) == attrs.evolve(FULL, legs=merge_legs((*FULL.legs, other.leg)))


@pytest.mark.parametrize("handover", [IN_DOUBT, Handover.UNRESOLVED])
def test_only_a_report_with_an_id_ends_a_doubt(handover: Handover) -> None:
    """A report proves that a message was sent if it names the message by its own id."""
    doubt = attrs.evolve(EMPTY, handover=handover, token=TOKEN)

    events = (
        report(token_of="r1"),
        report(provider_id=None, token_of="r1"),
        report(provider_id=None, reference="r1", batch="b1"),
    )

    assert [ACCEPTED, handover, handover] == [doubt.reported(each).handover for each in events]


def test_a_look_up_adds_to_a_message() -> None:
    """A look-up adds its legs, its id, and what an id of a batch contains."""
    found = looked_up(Status.DELIVERED, seconds=1)
    of_batch = attrs.evolve(found, id=B1)

    assert FULL.looked_up(found) == attrs.evolve(FULL, legs=merge_legs((*FULL.legs, *found.legs)))
    assert EMPTY.looked_up(found) == attrs.evolve(EMPTY, ids=(M1,), legs=found.legs)
    assert EMPTY.looked_up(of_batch) == attrs.evolve(
        EMPTY, ids=(B1,), reference="r1", token=TOKEN, legs=found.legs
    )


@pytest.mark.parametrize(("to", "expected"), [(NUMBER, NUMBER), (None, "37255500001")])
def test_an_answer_comes_before_what_was_reported(to: str | None, expected: str) -> None:
    """The id and the recipient of an outcome come first; reports before it are kept."""
    known = EMPTY.reported(report(reference="r1", recipient="37255500001"))
    new = Tracked.of_accepted(accepted(None, batch_id="b1"), to, LATER)

    assert new.joined_with(known) == attrs.evolve(
        known, ids=(B1, M1), to=expected, handover=ACCEPTED
    )
    assert new.joined_with(None) is new


def test_an_answer_to_a_reported_message_leaves_no_doubt() -> None:
    """A doubtful outcome whose message was reported before is accepted."""
    known = EMPTY.reported(report(reference="r1"))
    doubt = Tracked.of_doubt(doubtful(), message(), LATER, key="k")

    assert doubt.joined_with(known) == attrs.evolve(
        known, to=NUMBER, handover=ACCEPTED, doubt_key="k"
    )


def test_two_states_of_one_message_are_merged_in_any_order() -> None:
    """Of two states the earlier one is completed by the later one."""
    later = Tracked(
        account="main",
        since=LATER,
        ids=(B1,),
        reference="another",
        to="+37255500009",
        legs=(leg(Status.DELIVERED, seconds=1, leg_id="m1"),),
        told=Status.DELIVERED,
        followed_by=(B2,),
    )

    expected = attrs.evolve(
        FULL,
        ids=(M1, B1),
        legs=merge_legs((*FULL.legs, *later.legs)),
        told=Status.DELIVERED,
        followed_by=(M2, B2),
    )
    assert expected == FULL.merged(later)
    assert expected == later.merged(FULL)
    same_time = attrs.evolve(later, since=NOW)
    assert FULL.merged(same_time) == same_time.merged(FULL)
    assert attrs.evolve(FULL, since=NOW) == EMPTY.merged(attrs.evolve(FULL, since=LATER))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Handover.UNKNOWN, Handover.UNRESOLVED, Handover.UNRESOLVED),
        (Handover.UNRESOLVED, IN_DOUBT, IN_DOUBT),
        (IN_DOUBT, ACCEPTED, ACCEPTED),
    ],
)
def test_the_more_certain_hand_over_counts(
    first: Handover, second: Handover, expected: Handover
) -> None:
    """A doubt stays one when states are merged, so that the caller sees that a proof ends it."""
    some, other = tracked(M1, handover=first), tracked(handover=second)

    assert (expected, expected) == (some.merged(other).handover, other.merged(some).handover)
