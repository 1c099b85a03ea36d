"""WhatsApp's service window: free content only within 24 hours of the recipient's last message.

Source: the WhatsApp pages of all three providers: all content except a template needs an open
window.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from omnimsg.sandbox.scenarios import Scenario, is_magic, scenario

if TYPE_CHECKING:
    from omnimsg.sandbox.state import SandboxState

WINDOW_SECONDS: Final = 24 * 3600
"""How long after a recipient's message free content may be sent."""


class ServiceWindows:
    """The service windows of one business number.

    The window of a magic recipient depends only on its scenario: it is closed for
    ``WINDOW_CLOSED``, and open for all others.

    Args:
        state: Clock and limits.
        enforced: Whether windows are enforced; if not, all content may be sent at any time.
    """

    def __init__(self, state: SandboxState, *, enforced: bool = True) -> None:
        self._state = state
        self._enforced = enforced
        self._opened: OrderedDict[str, float] = OrderedDict()

    def open(self, number: str) -> None:
        """Open the window of a number, with or without its plus, for 24 hours."""
        key = number.removeprefix("+")
        self._opened[key] = self._state.clock()
        self._opened.move_to_end(key)
        if len(self._opened) > self._state.limits.handsets:
            self._opened.popitem(last=False)

    def is_open(self, number: str) -> bool:
        """Return whether free content may be sent to a number."""
        if scenario(number) is Scenario.WINDOW_CLOSED:
            return False
        if not self._enforced or is_magic(number):
            return True
        at = self._opened.get(number.removeprefix("+"))
        return at is not None and self._state.clock() - at < WINDOW_SECONDS

    def clear(self) -> None:
        """Close all windows."""
        self._opened.clear()
