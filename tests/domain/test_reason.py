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
from omnimsg.domain.opt_out import Consent
from omnimsg.domain.ordered_enum import Ordered
from omnimsg.domain.outcome import Scope
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.sms_parts import SmsEncoding
from omnimsg.domain.status import Status

ENUMS = [
    Autoconvert,
    ButtonKind,
    CardHeight,
    CardLayout,
    CardWidth,
    Channel,
    Consent,
    Direction,
    Fault,
    InteractionKind,
    MediaKind,
    Priority,
    Reason,
    Retry,
    Scope,
    SmsEncoding,
    Status,
]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_fault(reason: Reason) -> None:
    """Every reason has a usual fault."""
    assert isinstance(reason.fault, Fault)


def test_every_fault_has_a_reason() -> None:
    """Every fault is the usual fault of some reason."""
    assert set(Fault) == {reason.fault for reason in Reason}


GROUPS = [name for name in vars(Reason) if name.startswith("is_")]


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_in_one_group_at_most(reason: Reason) -> None:
    """Groups do not overlap, so that a program can branch on them in any order."""
    assert sum(getattr(reason, group) for group in GROUPS) <= 1


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_has_a_reason(group: str) -> None:
    """Every group has at least one reason."""
    assert any(getattr(reason, group) for reason in Reason)


def test_only_a_full_opt_out_is_an_opt_out() -> None:
    """Only `OPTED_OUT` and `SUPPRESSED` count as an opt-out; one from marketing does not."""
    assert {Reason.OPTED_OUT, Reason.SUPPRESSED} == {
        reason for reason in Reason if reason.is_opt_out
    }


@pytest.mark.parametrize("reason", [Reason.EXPIRED, Reason.RECIPIENT_LIMIT])
def test_what_passes_by_itself_blames_nobody(reason: Reason) -> None:
    """An expired ttl and a limit of the recipient are nobody's fault."""
    assert reason.fault is Fault.NOBODY


@pytest.mark.parametrize("enum", ENUMS)
def test_values_are_the_names_in_lower_case(enum: type[StrEnum]) -> None:
    """Every value is its member's name in lower case, so no member is an alias of another."""
    assert [name.lower() for name in enum.__members__] == [each.value for each in enum]
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*(_[0-9])?", each) for each in enum)


def test_all_enums_are_listed() -> None:
    """The list of enums in this module has every enum of the model."""
    found = {
        each
        for base in (StrEnum, Ordered)
        for each in base.__subclasses__()
        if each is not Ordered and each.__module__.startswith("omnimsg.domain.")
    }

    assert found == set(ENUMS)
