"""The inbox page shows each status of a provider as its adapter reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg.domain.status import Status
from omnimsg_bird.emulator.callback_source import BirdCallbacks
from omnimsg_bird.emulator.display import BirdDisplay
from omnimsg_bird.statuses import STATUSES as BIRD
from omnimsg_clickatell.emulator.callback_source import ClickatellCallbacks
from omnimsg_clickatell.emulator.display import ClickatellDisplay
from omnimsg_clickatell.statuses import STATUSES as CLICKATELL
from omnimsg_messente.codes import STATUSES as MESSENTE
from omnimsg_messente.emulator.callback_source import MessenteCallbacks
from omnimsg_messente.emulator.display import MessenteDisplay

if TYPE_CHECKING:
    from omnimsg.adapter import StatusTable
    from omnimsg.sandbox import CallbackSource
    from omnimsg.sandbox.display import Display

# The page does not tell who has refused a message, and a status that says nothing of the delivery
# leaves it where it was.
STAGES = {each: {each.value} for each in Status} | {
    Status.REJECTED: {"failed", "cancelled"},
    Status.UNKNOWN: {"sent", "read"},
}


@pytest.mark.parametrize(
    ("display", "callbacks", "table"),
    [
        (BirdDisplay, BirdCallbacks, BIRD),
        (ClickatellDisplay, ClickatellCallbacks, CLICKATELL),
        (MessenteDisplay, MessenteCallbacks, MESSENTE),
    ],
    ids=["bird", "clickatell", "messente"],
)
def test_a_status_is_shown_as_it_is_read(
    display: type[Display], callbacks: type[CallbackSource], table: StatusTable
) -> None:
    """Each status has the stage that its unified status names."""
    stages = {name: stage for name, stage in display.stages.items() if name}

    assert {*callbacks.statuses} == {*stages}
    assert {} == {
        name: stage
        for name, stage in stages.items()
        if stage not in STAGES[table.evidence(name).status]
    }
