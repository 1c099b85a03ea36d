"""What becomes of a message: refusals and lives by scenario.

Source: Clickatell "One API message status table"
(docs.clickatell.com/channels/one-api/one-api-message-status-table) and the status enumeration of
the reference. Statuses are used by name: the look-up gives no number.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from omnimsg.sandbox import Scenario, Step

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

_SENT = (Step("QUEUED"), Step("SENT_TO_SUPPLIER"))
_ARRIVED = (*_SENT, Step("DEVICE_ACK", delivers=True))


def failed(status: str) -> tuple[Step, ...]:
    """Return a life that ends in a status after the supplier has taken the message."""
    return (*_SENT, Step(status))


_ENDS: Final[Mapping[tuple[str, Scenario], tuple[Step, ...]]] = MappingProxyType(
    {
        ("whatsapp", Scenario.READ): (*_ARRIVED, Step("READ")),
        ("sms", Scenario.UNDELIVERABLE): failed("DELIVERY_FAILURE"),
        ("whatsapp", Scenario.UNDELIVERABLE): failed("WHATSAPP_MESSAGE_UNDELIVERABLE"),
        ("sms", Scenario.EXPIRED): failed("EXPIRED"),
        ("whatsapp", Scenario.EXPIRED): failed("EXPIRED"),
        ("sms", Scenario.PROVIDER_FAULT): failed("ROUTING_ERROR"),
        ("whatsapp", Scenario.PROVIDER_FAULT): failed("WHATSAPP_SERVER_RATE_LIMIT"),
        ("sms", Scenario.NEVER_SETTLES): _SENT,
        ("whatsapp", Scenario.NEVER_SETTLES): _SENT,
    }
)


def life(channel: str, scenario: Scenario) -> tuple[Step, ...]:
    """Return the steps of an accepted message; SMS has no reading."""
    return _ENDS.get((channel, scenario), _ARRIVED)
