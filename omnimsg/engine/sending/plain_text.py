"""Which messages are plain texts: the common case, which needs no check and is queued in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.content import Text
from omnimsg.domain.message import Message

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter


class PlainTexts:
    """Recognises the messages that the adapter's `check` is known to pass.

    Args:
        adapter: The account's adapter, which is asked once.
    """

    def __init__(self, adapter: Adapter[Any]) -> None:
        # What replaces a method of one object is asked about every message.
        is_replaced = not vars(adapter).keys().isdisjoint({"check", "channel_of"})
        self._limits = {} if is_replaced else adapter.plain_text_limits()

    def __contains__(self, message: object) -> bool:
        """Return whether a message is a plain text that needs no check."""
        if type(message) is not Message or not message.is_plain_text:
            return False
        content, limit = message.content, self._limits.get(message.channel, -1)
        return isinstance(content, Text) and len(content.text) <= limit
