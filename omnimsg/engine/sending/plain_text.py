"""Which messages are plain texts: the common case, which needs no check and is queued in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.message import Message

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter


class PlainTexts:
    """Recognises the messages that the adapter's `check` is known to pass.

    Args:
        adapter: The account's adapter.
    """

    def __init__(self, adapter: Adapter[Any]) -> None:
        self._limits = adapter.room

    def __contains__(self, message: object) -> bool:
        """Return whether a message is a plain text that needs no check."""
        if message.__class__ is not Message:
            return False
        text = message.words
        return text is not None and len(text) <= self._limits.get(message.channel, -1)
