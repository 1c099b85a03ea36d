"""The error or the lifecycle of a message, by scenario.

Source: Clickatell "One API message status table"
(docs.clickatell.com/channels/one-api/one-api-message-status-table) and the status enumeration of
the reference. Statuses are used by name: the look-up returns no number. `validityPeriod` of the
reference: minutes after which a message is not processed, queued or retried any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omnimsg.sandbox import LifecycleStep, Scenario
from omnimsg_clickatell.emulator.statuses import DELIVERED, READ, SENT, steps_to

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEDULED: Final = "SCHEDULED"
UNKNOWN: Final = "UNKNOWN"
THROTTLED: Final = 43

_WAITING: Final = {"QUEUED", "SCHEDULED", "SENT_TO_SUPPLIER"}

_REFUSALS: Final[Mapping[Scenario, int]] = {
    Scenario.INVALID_RECIPIENT: 25,
    Scenario.OPTED_OUT: 26,
    Scenario.NOT_ON_CHANNEL: 27,
    Scenario.NO_FUNDS: 20,
}

_STEPS: Final[Mapping[tuple[str, Scenario], tuple[LifecycleStep, ...]]] = {
    ("whatsapp", Scenario.READ): READ,
    ("sms", Scenario.UNDELIVERABLE): steps_to("DELIVERY_FAILURE"),
    ("whatsapp", Scenario.UNDELIVERABLE): steps_to("WHATSAPP_MESSAGE_UNDELIVERABLE"),
    ("sms", Scenario.EXPIRED): steps_to("EXPIRED"),
    ("whatsapp", Scenario.EXPIRED): steps_to("EXPIRED"),
    ("sms", Scenario.PROVIDER_FAULT): steps_to("ROUTING_ERROR"),
    ("whatsapp", Scenario.PROVIDER_FAULT): steps_to("WHATSAPP_SERVER_RATE_LIMIT"),
    ("sms", Scenario.NEVER_SETTLES): SENT,
    ("whatsapp", Scenario.NEVER_SETTLES): SENT,
}


def refusal_of(channel: str, scenario: Scenario) -> int | None:
    """Return the error code of a message that is refused at once, None if it is accepted.

    Every number can receive SMS, so NOT_ON_CHANNEL has no effect there.
    """
    if channel == "sms" and scenario is Scenario.NOT_ON_CHANNEL:
        return None
    return _REFUSALS.get(scenario)


def steps_for(channel: str, scenario: Scenario) -> tuple[LifecycleStep, ...]:
    """Return the steps of an accepted message; SMS has no READ."""
    return _STEPS.get((channel, scenario), DELIVERED)


def limit_to_validity(
    steps: tuple[LifecycleStep, ...], minutes: int | None
) -> tuple[LifecycleStep, ...]:
    """Return the steps of a message that expires if it still waits at the end of its validity.

    Args:
        steps: The steps, with their offsets.
        minutes: The ``validityPeriod``; None for no end, although Clickatell's default is a day, so
            that a message may stay sent for ever.
    """
    if minutes is None:
        return steps
    end = minutes * 60.0
    settled = next((step.offset for step in steps if step.status not in _WAITING), None)
    if settled is not None and settled <= end:
        return steps
    in_time = tuple(step for step in steps if step.offset < end)
    return (*in_time, LifecycleStep("EXPIRED", end))
