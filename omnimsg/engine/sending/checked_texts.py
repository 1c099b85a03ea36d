"""A cache of checks: a text needs no check where one of the same shape has passed."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.content import Text
from omnimsg.domain.message import Message

if TYPE_CHECKING:
    from omnimsg.domain.channel import Channel

# The most shapes that are remembered at once; applications use few senders and ttls.
_MAX_SHAPES = 1024

# Fields that are compared by themselves, or that no provider's rules are about.
_EXCLUDED_FIELDS = ("to", "content", "channel", "sender", "reference", "ttl", "metadata")
_OTHER_FIELDS = [
    each for each in attrs.fields(Message) if each.init and each.name not in _EXCLUDED_FIELDS
]
_other_values = attrgetter(*(each.name for each in _OTHER_FIELDS))
_OTHER_DEFAULTS = tuple(each.default for each in _OTHER_FIELDS)


class CheckedTexts:
    """Caches by channel, sender and ttl which texts an adapter's `check` has passed.

    For adapters that state `checks_by_shape`. A message with other options is not cached.
    """

    def __init__(self) -> None:
        # The length of the longest text that has passed.
        self._passed: dict[tuple[Channel | None, str | None, int | None], int] = {}

    def include(self, message: Message) -> bool:
        """Return whether a text of the same shape, at least as long, has passed."""
        longest = self._passed.get((message.channel, message.sender, message.ttl))
        if longest is None or not _is_short_form(message):
            return False
        content: Any = message.content
        return len(content.text) <= longest

    def add(self, message: Message) -> None:
        """Remember a message that has passed."""
        if not _is_short_form(message):
            return
        passed = self._passed
        if len(passed) >= _MAX_SHAPES:
            passed.clear()
        content: Any = message.content
        shape = message.channel, message.sender, message.ttl
        passed[shape] = max(len(content.text), passed.get(shape, 0))


def _is_short_form(message: Message) -> bool:
    """Whether it is a text to a phone number with no options but a sender and a ttl."""
    to, content = message.to, message.content
    return (
        to.__class__ is str
        and "@" not in to
        and content.__class__ is Text
        and not content.has_options
        and _other_values(message) == _OTHER_DEFAULTS
    )
