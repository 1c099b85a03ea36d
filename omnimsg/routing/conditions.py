"""Turn the conditions of a route into functions that test messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from omnimsg.domain.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.channel import Channel
    from omnimsg.routing.route import Match

Test: TypeAlias = Callable[[Message], bool]


def tests_of(match: Match, channel_of: Callable[[Message], Channel | None]) -> dict[str, Test]:
    """Return a test for each condition except the prefixes, by the condition's name.

    Args:
        match: The conditions.
        channel_of: Returns the channel of a message that names none.
    """
    contents, tags, metadata = frozenset(match.contents), frozenset(match.tags), match.metadata
    tests: dict[str, Test] = {
        "channels": _channels(match.channels, channel_of),
        "contents": lambda message: message.content.kind in contents,
        "tags": lambda message: not tags.isdisjoint(message.tags),
        "priorities": lambda message: message.priority in match.priorities,
        "senders": lambda message: message.sender in match.senders,
        "metadata": lambda message: metadata.items() <= message.metadata.items(),
    }
    return {name: test for name, test in tests.items() if getattr(match, name)}


def all_of(tests: Sequence[Test]) -> Test | None:
    """Combine tests into one that requires all of them; `None` if there are none."""
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda message: all(test(message) for test in tests)


def _channels(
    channels: tuple[Channel, ...], channel_of: Callable[[Message], Channel | None]
) -> Test:
    def test(message: Message) -> bool:
        channel = message.channel
        return (channel_of(message) if channel is None else channel) in channels

    return test
