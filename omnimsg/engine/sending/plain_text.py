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
    is_stated = states_of_its_check(adapter, "plain_text_limits")
    limit_of = (adapter.plain_text_limits() if is_stated else {}).get

    def is_plain_text(message: Message) -> bool:
        if type(message) is not Message or not message.is_plain_text:
            return False
        text: Any = message.content
        return len(text.text) <= limit_of(message.channel, -1)

    return is_plain_text


def states_of_its_check(adapter: Adapter[Any], name: str) -> bool:
    """Return whether what an adapter states of its `check` is meant of the one that it has.

    A subclass, or an object, that replaces `check` or `channel_of` and states nothing of it is
    asked about every message, so that a new rule is never skipped.

    Args:
        adapter: The adapter.
        name: The attribute that states it.
    """
    replaced = ("check", "channel_of")
    if not vars(adapter).keys().isdisjoint(replaced):
        return False
    ranks = {
        each: rank for rank, kind in enumerate(type(adapter).__mro__[::-1]) for each in vars(kind)
    }
    return all(ranks[name] >= ranks[each] for each in replaced)
