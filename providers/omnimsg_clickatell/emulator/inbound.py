"""Messages that a phone has sent to the business, as far as the API refers to them.

Tests plant them; One API would announce them in a callback.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from omnimsg.sandbox import World

WINDOW_SECONDS: Final = 24 * 3600
"""How long after an inbound WhatsApp message free content may be sent."""


@attrs.frozen(kw_only=True)
class Inbound:
    """An inbound message; ``at`` is epoch seconds."""

    id: str
    channel: str
    number: str
    at: float


class Inbox:
    """The inbound messages of the integration by id, the oldest go first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: OrderedDict[str, Inbound] = OrderedDict()
        self._latest: OrderedDict[str, float] = OrderedDict()

    def receive(self, number: str, channel: str = "whatsapp") -> Inbound:
        """Plant a message from a number (digits) and return it."""
        message = Inbound(
            id=self._world.hex_id(), channel=channel, number=number, at=self._world.clock()
        )
        self._by_id[message.id] = message
        if channel == "whatsapp":
            self._latest[number] = message.at
            self._latest.move_to_end(number)
        if len(self._by_id) > self._world.limits.messages:
            self._by_id.popitem(last=False)
        if len(self._latest) > self._world.limits.handsets:
            self._latest.popitem(last=False)
        return message

    def get(self, message_id: str) -> Inbound | None:
        """Return an inbound message, None if it is unknown."""
        return self._by_id.get(message_id)

    def open(self, number: str) -> bool:
        """Say whether the number's service window is open."""
        at = self._latest.get(number)
        return at is not None and self._world.clock() - at < WINDOW_SECONDS

    def clear(self) -> None:
        """Forget everything."""
        self._by_id.clear()
        self._latest.clear()
