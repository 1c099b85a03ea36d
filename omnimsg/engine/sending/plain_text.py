"""Recognise plain texts: the common case, which needs no check and is queued in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.channel import Channel
from omnimsg.domain.message import Message

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter


class PlainTexts:
    """The plain texts that an adapter's `check` is known to pass.

    Args:
        adapter: The account's adapter; its limits are read once.

    Attributes:
        limits: The longest such text by the channel of its message.
    """

    def __init__(self, adapter: Adapter[Any]) -> None:
        # Without a limit the check decides, whatever the length.
        self.limits: dict[Channel | None, int] = dict.fromkeys((None, *Channel), -1)
        if states_of_its_check(adapter, "plain_text_limits"):
            self.limits |= adapter.plain_text_limits()

    def include(self, message: Message) -> bool:
        """Return whether a message has one of these texts."""
        if message.__class__ is not Message or not message.is_plain_text:
            return False
        content: Any = message.content
        return len(content.text) <= self.limits[message.channel]


def states_of_its_check(adapter: Adapter[Any], name: str) -> bool:
    """Return whether an adapter's statement about `check` holds for the `check` that it has.

    It does not hold for a subclass, or an object, that replaces `check` or `channel_of` without a
    statement of its own: `check` is then called for every message, so that no new rule is skipped.

    Args:
        adapter: The adapter.
        name: The attribute with the statement.
    """
    replaced = ("check", "channel_of")
    if not vars(adapter).keys().isdisjoint(replaced):
        return False
    ranks = {
        each: rank for rank, kind in enumerate(type(adapter).__mro__[::-1]) for each in vars(kind)
    }
    return all(ranks[name] >= ranks[each] for each in replaced)
