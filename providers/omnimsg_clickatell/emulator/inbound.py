"""Messages from a phone to the business, as far as the API refers to them.

Tests add them; One API would announce them in a callback.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from omnimsg.sandbox import SandboxState

WINDOW_SECONDS: Final = 24 * 3600
"""How long after an inbound WhatsApp message free content may be sent."""


@attrs.frozen(kw_only=True)
class InboundMessage:
    """An inbound message; ``at`` is epoch seconds."""

    id: str
    channel: str
    number: str
    at: float


class Inbox:
    """The inbound messages of the integration by id; the oldest are dropped first."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._by_id: OrderedDict[str, InboundMessage] = OrderedDict()
        self._latest_by_number: OrderedDict[str, float] = OrderedDict()

    def receive(self, number: str, channel: str = "whatsapp") -> InboundMessage:
        """Add a message from a number (digits) and return it."""
        message = InboundMessage(
            id=self._state.hex_id(), channel=channel, number=number, at=self._state.clock()
        )
        self._by_id[message.id] = message
        if channel == "whatsapp":
            self._latest_by_number[number] = message.at
            self._latest_by_number.move_to_end(number)
        if len(self._by_id) > self._state.limits.messages:
            self._by_id.popitem(last=False)
        if len(self._latest_by_number) > self._state.limits.handsets:
            self._latest_by_number.popitem(last=False)
        return message

    def get(self, message_id: str) -> InboundMessage | None:
        """Return an inbound message, None if it is unknown."""
        return self._by_id.get(message_id)

    def is_window_open(self, number: str) -> bool:
        """Return whether the number's service window is open."""
        at = self._latest_by_number.get(number)
        return at is not None and self._state.clock() - at < WINDOW_SECONDS

    def clear(self) -> None:
        """Forget all inbound messages."""
        self._by_id.clear()
        self._latest_by_number.clear()
