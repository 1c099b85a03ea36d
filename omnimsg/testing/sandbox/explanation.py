"""Build the text of a failed wait or assertion from a snapshot of the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from omnimsg.testing.sandbox.numbers import NumberBook, handset_of
from omnimsg.testing.sandbox.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.testing.sandbox.matching import Wanted
    from omnimsg.testing.sandbox.phone_message import PhoneMessage
    from omnimsg.testing.sandbox.snapshot import AcceptedMessage

# The maximum of lines of each kind; the latest are shown.
_MAX_LINES: Final = 10

_NOTHING_SENT: Final = (
    "The sandbox has had no request at all. Does the code under test use the configuration of the"
    " sandbox, has it run yet, and is every coroutine awaited?"
)


@attrs.frozen(kw_only=True)
class Explanation:
    """Explains a missing or an unwanted message.

    Attributes:
        snapshot: The state of the sandbox.
        book: The spelling of numbers in the test.
        handset: The phone concerned; `None` for all.
        found: The provider and the id of each message that an earlier wait has returned.
    """

    snapshot: Snapshot
    book: NumberBook
    handset: str | None = None
    found: frozenset[tuple[str, str]] = frozenset()

    def of_missing(self, number: str, wanted: Wanted, how_long: str, hint: str = "") -> str:
        """Return the text for a message that a phone has not received; the hint comes last."""
        messages = self.snapshot.messages(self.book, self.handset)
        lines = [f"{number} has not received {wanted}{how_long}.", *self._received(messages)]
        difference = [f"  {line}" for line in wanted.nearest(messages)]
        if difference:
            lines += ["The nearest text (- wanted, + received):", *difference]
        return "\n".join([*lines, *self._possible_causes(), *([hint] if hint else [])])

    def of_unwanted(self, whom: str) -> str:
        """Return the text for messages that were sent although none was expected."""
        unwanted = [each for each in self.snapshot.accepted if self._concerns(each.number)]
        lines = [self._line(each) for each in unwanted]
        return "\n".join([f"Nothing was to be sent{whom}, and this was:", *_numbered(lines)])

    def _received(self, messages: list[PhoneMessage]) -> Iterator[str]:
        if not messages:
            yield "It has received nothing."
            return
        yield f"It has received {_count(len(messages), 'message')}:"
        yield from _numbered(
            [
                f"{each.channel} through {each.provider}{_from(each.sender)}: {each.text!r}"
                + (" (found by an earlier wait)" if (each.provider, each.id) in self.found else "")
                for each in messages
            ]
        )

    def _possible_causes(self) -> Iterator[str]:
        """Yield possible causes: undelivered messages, other phones, refused requests."""
        pending = [
            each
            for each in self.snapshot.accepted
            if not each.arrived and self._concerns(each.number)
        ]
        if pending:
            yield "Accepted, and not delivered:"
            yield from _numbered([self._line(each) for each in pending])
        others = [each for each in self.snapshot.accepted if not self._concerns(each.number)]
        if others:
            yield "Sent to others:"
            yield from _numbered([self._line(each) for each in others])
        if self.snapshot.refused:
            yield "Refused, or hit by a fault:"
            yield from _numbered(
                [f"{each.what} -> {each.status}: {each.why}" for each in self.snapshot.refused]
            )
        if self.snapshot.under_way:
            yield f"{_count(self.snapshot.under_way, 'request')} not answered yet."
        if not self.snapshot.requests:
            yield _NOTHING_SENT

    def _concerns(self, number: str) -> bool:
        return self.handset in (None, handset_of(number))

    def _line(self, message: AcceptedMessage) -> str:
        to = self.book.written(message.number)
        state = "" if message.arrived else f" ({message.status})"
        return f"{to}, {message.channel} through {message.provider}{state}: {message.text!r}"


def _from(sender: str | None) -> str:
    return "" if sender is None else f" from {sender}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _numbered(lines: list[str]) -> Iterator[str]:
    """Number lines; of more than `_MAX_LINES`, leave out the oldest."""
    left_out = max(0, len(lines) - _MAX_LINES)
    if left_out:
        yield f"  ... {_count(left_out, 'earlier one')}"
    for number, line in enumerate(lines[left_out:], left_out + 1):
        yield f"  {number}. {line}"
