"""The closed vocabularies."""

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

VOCABULARIES = [
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
    """Whatever went wrong, somebody can be asked to mend it."""
    assert isinstance(reason.fault, Fault)


def test_every_fault_is_somebodys() -> None:
    """No fault is named that no reason has."""
    assert set(Fault) == {reason.fault for reason in Reason}


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_words_are_lower_case_and_unique(vocabulary: type[StrEnum]) -> None:
    """Words are the names in lower case, so that JSON, TOML and Python agree; none is an alias."""
    assert [name.lower() for name in vocabulary.__members__] == [each.value for each in vocabulary]
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each) for each in vocabulary)


def test_all_vocabularies_are_listed() -> None:
    """A new vocabulary of the model has to be held to the same."""
    ours = {
        each for each in StrEnum.__subclasses__() if each.__module__.startswith("omnimsg.domain.")
    }

    assert ours == set(VOCABULARIES)
