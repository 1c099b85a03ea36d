"""Statuses and priorities compare by their own order, not by their letters."""

from __future__ import annotations

from itertools import product
from operator import ge, gt, le, lt

import pytest

from omnimsg import Priority, Status


@pytest.mark.parametrize("kind", [Status, Priority])
def test_members_compare_in_their_order(kind: type[Status | Priority]) -> None:
    """Every comparison operator follows the order of the members, not of their letters."""
    members = list(kind)
    places = range(len(members))

    for compare in (lt, le, gt, ge):
        for one, other in product(places, places):
            assert compare(one, other) == compare(members[one], members[other])
    assert members[-1] is max(members)


def test_the_text_of_a_member_compares_like_it() -> None:
    """The text of a member compares as the member does, on either side of an operator."""
    assert Status.SENT < "delivered"
    assert "sent" < Status.DELIVERED
    assert Status.READ >= "delivered"


def test_another_text_compares_as_text() -> None:
    """Compared with a text of no member, a member compares as text."""
    assert ["queued", Status.SENT, "waiting"] == sorted(["waiting", Status.SENT, "queued"])


def test_what_is_no_text_does_not_compare() -> None:
    """Comparing a member with anything but a text raises `TypeError`."""
    with pytest.raises(TypeError):
        sorted([Status.SENT, 3])  # type: ignore[type-var]
