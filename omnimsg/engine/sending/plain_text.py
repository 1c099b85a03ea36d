"""Recognise plain texts: the common case, which needs no check and is queued in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.channel import Channel
from omnimsg.domain.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Adapter


def plain_text_test(adapter: Adapter[Any]) -> Callable[[Message], bool]:
    """Return the test for messages that the adapter's `check` is known to pass.

    Args:
        adapter: The account's adapter; its limits are read once.
    """
    is_stated = states_of_its_check(adapter, "plain_text_limits")
    # Without a limit the check decides, whatever the length.
    limits: dict[Channel | None, int] = dict.fromkeys((None, *Channel), -1)
    if is_stated:
        limits |= adapter.plain_text_limits()

    def is_plain_text(message: Message) -> bool:
        if message.__class__ is not Message or not message.is_plain_text:
            return False
        text: Any = message.content
        return len(text.text) <= limits[message.channel]

    return is_plain_text


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
