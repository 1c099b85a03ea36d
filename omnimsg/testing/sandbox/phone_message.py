"""`PhoneMessage`: a received message, with the one-time code and the links in it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.sandbox.codes_and_links import find_links

if TYPE_CHECKING:
    from omnimsg.sandbox import Received

# A number that may be a code: not part of a longer number, a price, a date, a time or a link.
_NUMBER: Final = re.compile(
    r"(?<![\w.,:/+#@-])(?:[A-Z]{1,3}-)?(\d{4,8}|\d{3}[ -]\d{3})(?![\w-]|[.,:/]\d)"
)
_WORD: Final = re.compile(
    r"\b(?:code|kood|codigo|código|codice|kode|pin|otp|token|passcode|password)\b", re.IGNORECASE
)
# The last line of a message whose code browsers fill in automatically: @example.com #123456
_BOUND: Final = re.compile(r"^@\S+ #(\w+)", re.MULTILINE)


@attrs.frozen(kw_only=True)
class PhoneMessage:
    """A message as it arrived on a phone or in a mailbox.

    Attributes:
        number: The phone as the test writes it; otherwise E.164 with a plus, or a mailbox.
        provider: The provider that delivered the message.
        channel: The channel that it arrived on: `sms`, `whatsapp`, ...
        sender: The sender, if there is one.
        kind: The provider's name for the kind of content.
        text: The whole text; for content without a text its kind in brackets.
        content: The provider's own content object.
        reference: The sender's reference, if the provider carries one.
        id: The provider's id.
        message_id: Equal to `str(accepted.id)`; `None` if the configuration has several accounts of
            the provider.
    """

    number: str
    provider: str
    channel: str
    sender: str | None
    kind: str
    text: str
    content: Any = attrs.field(repr=False)
    reference: str | None
    id: str
    message_id: str | None

    @property
    def code(self) -> str:
        """The one-time code in the text, without a space or dash in its middle.

        A code is a number of four to eight digits; of several, the one nearest to a word such as
        `code` or `PIN`.

        Raises:
            AssertionError: The text has no code, or several possible ones.
        """
        __tracebackhide__ = True
        found = _codes_in(self.text)
        if len(found) != 1:
            many = "several numbers that may be one" if found else "none"
            raise AssertionError(
                f"a one-time code was expected on {self.number}, and there is {many}: {self.text!r}"
            )
        return found[0]

    @property
    def links(self) -> tuple[str, ...]:
        """The web addresses of the text, then those of buttons, files and HTML, each once."""
        found = dict.fromkeys(
            link
            for text in (self.text, *_texts_in(self.content))
            for link in find_links(html.unescape(text) if "<" in text else text)
        )
        return tuple(found)


def shown(received: Received, number: str) -> PhoneMessage:
    """Convert a received message, with its number as a test writes it."""
    return PhoneMessage(
        number=number,
        provider=received.provider,
        channel=received.channel,
        sender=received.sender,
        kind=received.kind,
        text=received.text,
        content=received.content,
        reference=received.reference,
        id=received.id,
        message_id=received.message_id,
    )


def _codes_in(text: str) -> list[str]:
    """Return the possible one-time codes of a text, each once."""
    bound = _BOUND.findall(text)
    if bound:
        return [str(bound[-1])]
    numbers, words = list(_NUMBER.finditer(text)), list(_WORD.finditer(text))
    if len({each[1] for each in numbers}) > 1 and words:
        numbers = [min(numbers, key=lambda each: min(_gap(each, word) for word in words))]
    return list(dict.fromkeys(re.sub(r"[ -]", "", each[1]) for each in numbers))


def _gap(first: re.Match[str], second: re.Match[str]) -> int:
    """Return how many characters are between two matches."""
    return max(first.start() - second.end(), second.start() - first.end())


def _texts_in(content: object) -> Iterator[str]:
    """Yield every text in a document."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for value in content.values():
            yield from _texts_in(value)
    elif isinstance(content, Sequence) and not isinstance(content, bytes):
        for value in content:
            yield from _texts_in(value)
