"""The error or the lifecycle of a message, by scenario.

Source: Clickatell "One API message status table"
(docs.clickatell.com/channels/one-api/one-api-message-status-table) and the status enumeration of
the reference. Statuses are used by name: the look-up returns no number.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from omnimsg.sandbox import LifecycleStep, Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEDULED: Final = "SCHEDULED"
UNKNOWN: Final = "UNKNOWN"

REFUSALS: Final[Mapping[Scenario, int]] = MappingProxyType(
    {
        Scenario.INVALID_RECIPIENT: 25,
        Scenario.OPTED_OUT: 26,
        Scenario.NOT_ON_CHANNEL: 27,
        Scenario.NO_FUNDS: 20,
    }
)
"""The error code of a message that is refused at once."""
THROTTLED: Final = 43

_SENT = (LifecycleStep("QUEUED"), LifecycleStep("SENT_TO_SUPPLIER"))
_DELIVERED = (*_SENT, LifecycleStep("DEVICE_ACK", delivers=True))


def steps_to_failure(status: str) -> tuple[LifecycleStep, ...]:
    """Return the steps of a message that fails with ``status`` after it is sent to the supplier."""
    return (*_SENT, LifecycleStep(status))


_STEPS: Final[Mapping[tuple[str, Scenario], tuple[LifecycleStep, ...]]] = MappingProxyType(
    {
        ("whatsapp", Scenario.READ): (*_DELIVERED, LifecycleStep("READ")),
        ("sms", Scenario.UNDELIVERABLE): steps_to_failure("DELIVERY_FAILURE"),
        ("whatsapp", Scenario.UNDELIVERABLE): steps_to_failure("WHATSAPP_MESSAGE_UNDELIVERABLE"),
        ("sms", Scenario.EXPIRED): steps_to_failure("EXPIRED"),
        ("whatsapp", Scenario.EXPIRED): steps_to_failure("EXPIRED"),
        ("sms", Scenario.PROVIDER_FAULT): steps_to_failure("ROUTING_ERROR"),
        ("whatsapp", Scenario.PROVIDER_FAULT): steps_to_failure("WHATSAPP_SERVER_RATE_LIMIT"),
        ("sms", Scenario.NEVER_SETTLES): _SENT,
        ("whatsapp", Scenario.NEVER_SETTLES): _SENT,
    }
)


def steps_for(channel: str, scenario: Scenario) -> tuple[LifecycleStep, ...]:
    """Return the steps of an accepted message; SMS has no READ."""
    return _STEPS.get((channel, scenario), _DELIVERED)
