"""The names of a message: what they contain, and which message of the same reference they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.delivery import NOW, batch_id, report

from omnimsg.adapter.context import report_token
from omnimsg.delivery.tracked import Handover, Names, Tracked
from omnimsg.domain.events import InteractionEvent
from omnimsg.domain.history import Interaction, InteractionKind
from omnimsg.domain.message_id import MessageId

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
    assert (B1, None) == (tracked(B1).id, tracked(B1).own_id)
    assert (B1, M1) == (tracked(B1, M1).id, tracked(B1, M1).own_id)
