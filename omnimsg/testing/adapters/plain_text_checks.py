"""Checks that messages which the engine accepts without calling `check` would pass it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final
from unittest import SkipTest

from omnimsg.domain.content import Text
from omnimsg.domain.message import Message
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.engine.sending.plain_text import PlainTexts
from omnimsg.testing.adapters import samples
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from omnimsg.adapter import Adapter
    from omnimsg.domain.channel import Channel

# The longest first, because a text that has passed stands for shorter ones of its shape.
_LENGTHS: Final = (1600, 1000, 161, 160, 71, 70, 2, 1)
_LETTERS: Final = ("a", "7", "{", "é", "Ж", "中", "😀", "a\n", "<b>", "https://shop.example.test/ ")
_NUMBERS: Final = ("+37255500001", "+14155550101", "+8613800000000")
_TTLS: Final = (None, 3600, 60, 1)


class PlainTextChecks(Harness):
    """The adapter's statements about its `check` hold for texts that skip `check`."""

    @check
    def test_plain_texts_within_the_stated_limits_pass(self) -> Iterator[str]:
        """A plain text that is no longer than `plain_text_limits` states passes `check`."""
        adapter = self.build_adapter()
        plain_texts = PlainTexts(adapter)
        for message in _texts(adapter, senders=(None,), ttls=(None,)):
            failure = adapter.check(message)
            if failure is not None and plain_texts.include(message):
                yield (
                    f"{_name(message)} is within plain_text_limits and refused:"
                    f" {failure.sentence()}"
                )

    @check
    def test_texts_of_one_shape_have_one_verdict(self) -> Iterator[str]:
        """With `checks_by_shape`, a passed text stands for all texts of its shape and shorter."""
        adapter = self.build_adapter()
        if not adapter.checks_by_shape:
            raise SkipTest("the adapter does not state checks_by_shape")
        checks = MessageChecks(adapter)
        given = self.values.get("sender", samples.SENDERS)
        for message in _texts(adapter, senders=(None, *given), ttls=_TTLS):
            failure, refusal = adapter.check(message), checks.refusal(message)
            if failure is not None and refusal is None:
                yield (
                    f"{_name(message)} is refused, but one of its shape has passed:"
                    f" {failure.sentence()}"
                )


def _texts(
    adapter: Adapter[Any], *, senders: tuple[str | None, ...], ttls: tuple[int | None, ...]
) -> Iterator[Message]:
    """Yield texts to phone numbers on every channel, the longest first."""
    channels: tuple[Channel | None, ...] = (None, *adapter.capabilities.channels)
    for channel, sender, ttl in product(channels, senders, ttls):
        for length, letters in product(_LENGTHS, _LETTERS):
            number = _NUMBERS[(length + len(letters)) % len(_NUMBERS)]
            text = Text((letters * length)[:length])
            yield Message(number, text, channel=channel, sender=sender, ttl=ttl)


def _name(message: Message) -> str:
    """Describe a message, without its whole text."""
    content = message.content
    assert isinstance(content, Text)  # noqa: S101 - built above
    options = f"sender {message.sender}, ttl {message.ttl}"
    return (
        f"{message.channel or 'default channel'}: a text of {len(content.text)} characters, such as"
        f" {content.text[:1]!r}, to {message.to}, {options},"
    )
