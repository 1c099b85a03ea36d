"""Which messages are plain texts: the common case, which needs no check and is queued in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Adapter


def plain_text_test(adapter: Adapter[Any]) -> Callable[[Message], bool]:
    """Return the test for messages that the adapter's `check` is known to pass.

    Args:
        adapter: The account's adapter, which is asked once.
    """
    # What replaces a method of one object is asked about every message.
    is_replaced = not vars(adapter).keys().isdisjoint({"check", "channel_of"})
    limit_of = ({} if is_replaced else adapter.plain_text_limits()).get

    def is_plain_text(message: Message) -> bool:
        if type(message) is not Message or not message.is_plain_text:
            return False
        text: Any = message.content
        return len(text.text) <= limit_of(message.channel, -1)

    return is_plain_text
