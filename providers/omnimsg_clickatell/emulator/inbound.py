"""Inbound messages, as far as the API refers to them.

Tests add them; One API would announce them in a callback.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from omnimsg.sandbox import SandboxState, ServiceWindows


@attrs.frozen(kw_only=True)
class InboundMessage:
    """An inbound message; ``at`` is epoch seconds."""

    id: str
    channel: str
    at: float


class InboundMessages:
    """The inbound messages of the integration by id; the oldest are dropped first.

    Args:
        state: Clock, ids and limits.
        windows: The service windows that an inbound WhatsApp message opens.
    """

    def __init__(self, state: SandboxState, windows: ServiceWindows) -> None:
        self._state = state
        self._windows = windows
        self._by_id: OrderedDict[str, InboundMessage] = OrderedDict()

    def receive(self, number: str, channel: str = "whatsapp") -> InboundMessage:
        """Add a message from a number (digits) and return it."""
        message = InboundMessage(id=self._state.hex_id(), channel=channel, at=self._state.clock())
        self._by_id[message.id] = message
        if channel == "whatsapp":
            self._windows.open(number)
        if len(self._by_id) > self._state.limits.messages:
            self._by_id.popitem(last=False)
        return message

    def get(self, message_id: str) -> InboundMessage | None:
        """Return an inbound message, None if it is unknown."""
        return self._by_id.get(message_id)

    def clear(self) -> None:
        """Forget all inbound messages."""
        self._by_id.clear()
