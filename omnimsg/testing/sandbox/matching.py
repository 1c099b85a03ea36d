"""`Wanted`: the criteria of the message that a test waits for."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omnimsg.testing.sandbox.phone_message import PhoneMessage

# The minimum similarity of the nearest text for a comparison in a failure.
_MIN_SIMILARITY: Final = 0.4


@attrs.frozen(kw_only=True)
class Wanted:
    """The criteria for a message; `None` matches anything.

    Attributes:
        text: The whole text, or a pattern to search in it.
        containing: A part of the text.
        channel: The channel, by name.
        provider: The provider, by name.
        sender: The sender.
    """

    text: str | re.Pattern[str] | None = None
    containing: str | None = None
    channel: str | None = None
    provider: str | None = None
    sender: str | None = None

    def matches(self, message: PhoneMessage) -> bool:
        """Return whether a message meets all criteria."""
        return self._has_text(message.text) and all(
            wanted in (None, getattr(message, name)) for name, wanted in self._facts()
        )

    def __str__(self) -> str:
        """Describe the criteria in one line."""
        if isinstance(self.text, re.Pattern):
            texts = [f"a text with /{self.text.pattern}/"]
        elif self.text is not None:
            texts = [f"the text {self.text!r}"]
        else:
            texts = []
        if self.containing is not None:
            texts.append(f"{self.containing!r} in the text")
        facts = [f"{name} {wanted}" for name, wanted in self._facts() if wanted is not None]
        return ", ".join([*texts, *facts]) or "any message"

    def nearest(self, messages: Iterable[PhoneMessage]) -> Iterator[str]:
        """Yield a line-by-line comparison of the wanted text with the most similar message."""
        wanted = self.text
        if not isinstance(wanted, str):
            return
        similarity = {
            each.text: difflib.SequenceMatcher(None, wanted, each.text).ratio() for each in messages
        }
        nearest = max(similarity, key=lambda text: similarity[text], default=None)
        if nearest is None or nearest == wanted or similarity[nearest] < _MIN_SIMILARITY:
            return
        for line in difflib.ndiff(wanted.splitlines(), nearest.splitlines()):
            yield line.rstrip("\n")

    def _facts(self) -> Iterator[tuple[str, str | None]]:
        for name in ("channel", "provider", "sender"):
            yield name, getattr(self, name)

    def _has_text(self, text: str) -> bool:
        if isinstance(self.text, re.Pattern):
            fits = self.text.search(text) is not None
        else:
            fits = self.text in (None, text)
        return fits and (self.containing is None or self.containing in text)
