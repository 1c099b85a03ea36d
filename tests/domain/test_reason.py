"""The enums of the model: their values, and the fault of each reason."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Autoconvert, ButtonKind, CardHeight, CardLayout, CardWidth
from omnimsg.domain.history import Direction, InteractionKind
from omnimsg.domain.media import MediaKind
from omnimsg.domain.message import Priority
from omnimsg.domain.outcome import Scope
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import Status

ENUMS = [
    Autoconvert,
    ButtonKind,
    CardHeight,
    CardLayout,
    CardWidth,
    Channel,
    Direction,
    Fault,
    InteractionKind,
    MediaKind,
    Priority,
    Reason,
    Retry,
    Scope,
    Status,
]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_fault(reason: Reason) -> None:
    """Every reason has a usual fault."""
    assert isinstance(reason.fault, Fault)


def test_every_fault_has_a_reason() -> None:
    """Every fault is the usual fault of some reason."""
    assert set(Fault) == {reason.fault for reason in Reason}


@pytest.mark.parametrize("enum", ENUMS)
def test_values_are_the_names_in_lower_case(enum: type[StrEnum]) -> None:
    """Every value is its member's name in lower case, so no member is an alias of another."""
    assert [name.lower() for name in enum.__members__] == [each.value for each in enum]
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) for each in enum)


def test_all_enums_are_listed() -> None:
    """Every enum of the model is tested here."""
    found = {
        each for each in StrEnum.__subclasses__() if each.__module__.startswith("omnimsg.domain.")
    }

    assert found == set(ENUMS)
