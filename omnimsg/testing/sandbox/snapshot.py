"""`Snapshot`: the state of a sandbox at one moment, for waits and explanations of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.sandbox import Received
from omnimsg.testing.sandbox.numbers import handset_of
from omnimsg.testing.sandbox.phone_message import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.sandbox import Sandbox
    from omnimsg.testing.sandbox.numbers import NumberBook
    from omnimsg.testing.sandbox.phone_message import PhoneMessage


@attrs.frozen(kw_only=True)
class Refused:
    """A request that was refused, partly refused, or hit by a fault.

    Attributes:
        what: Method and path.
        status: The HTTP status of the answer.
        why: What is wrong with the request or one of its messages; else the faults that hit it.
    """

    what: str
    status: int
    why: str


@attrs.frozen(kw_only=True)
class AcceptedMessage:
    """A message that a provider has accepted.

    Attributes:
        status: The provider's own name of the status.
        arrived: Whether the phone has received the message.
    """

    number: str
    provider: str
    channel: str
    text: str = attrs.field(repr=False)
    status: str
    arrived: bool


@attrs.frozen(kw_only=True)
class Snapshot:
    """The state of a sandbox at one moment.

    Attributes:
        received: The messages that all phones have received, in the order of arrival.
        accepted: The accepted messages, arrived or not.
        refused: The requests that were refused or hit by a fault.
        requests: How many requests there were.
        under_way: How many of them are in flight.
    """

    received: tuple[Received, ...]
    accepted: tuple[AcceptedMessage, ...]
    refused: tuple[Refused, ...]
    requests: int
    under_way: int

    def messages(self, book: NumberBook, handset: str | None) -> list[PhoneMessage]:
        """Return the messages that a phone, or all phones, have received, oldest first.

        Args:
            book: The spelling of numbers in the test.
            handset: The phone; `None` for all.
        """
        return [
            shown(each, book.written(each.number))
            for each in self.received
            if handset in (None, handset_of(each.number))
        ]

    def reached(self, handset: str | None) -> bool:
        """Return whether a message to a phone, or to any phone, was accepted."""
        return any(handset in (None, handset_of(each.number)) for each in self.accepted)


def take(sandbox: Sandbox) -> Snapshot:
    """Take a snapshot of a sandbox; must be called in its thread."""
    requests = list(sandbox.requests)
    return Snapshot(
        received=tuple(sandbox.handsets.all()),
        accepted=tuple(_accepted(sandbox)),
        refused=tuple(_refused(requests)),
        requests=len(requests),
        under_way=sum(each["status"] is None for each in requests),
    )


def _accepted(sandbox: Sandbox) -> Iterator[AcceptedMessage]:
    now = sandbox.state.clock()
    records = (each for emulator in sandbox.emulators.values() for each in emulator.messages)
    for record in records:
        at = record.delivered_at()
        yield AcceptedMessage(
            number=record.to,
            provider=record.provider,
            channel=record.channel,
            text=record.text,
            status=record.latest_change(now).status,
            arrived=at is not None and at <= now,
        )


def _refused(requests: list[dict[str, Any]]) -> Iterator[Refused]:
    for each in requests:
        why = each["refused"] or ", ".join(f"fault: {kind}" for kind in each["faults"])
        if each["status"] is not None and (each["status"] >= 400 or why):
            what = f"{each['method']} {each['path']}"
            yield Refused(what=what, status=each["status"], why=why)
