"""Which messages are plain texts: the common case, which needs no check and is queued in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

    def include(self, message: Message) -> bool:
        """Return whether a message is a plain text that needs no check."""
        if type(message) is not Message or not message.is_plain_text:
            return False
        text: Any = message.content
        return len(text.text) <= self._limits.get(message.channel, -1)
