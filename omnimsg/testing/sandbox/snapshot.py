"""What a sandbox knows at one moment, for the explanation of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.sandbox import Received
from omnimsg.testing.sandbox.numbers import plain
from omnimsg.testing.sandbox.phone_message import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.sandbox import MessageRecord, Sandbox
    from omnimsg.testing.sandbox.numbers import NumberBook
    from omnimsg.testing.sandbox.phone_message import PhoneMessage


@attrs.frozen(kw_only=True)
class Refused:
    """A request to send that did not end in an ordinary answer.

    Attributes:
        what: Method and path.
        status: The status of the answer.
        why: What was wrong with the request, or with one of its messages; the faults that hit it.
    """

    what: str
    status: int
    why: str


@attrs.frozen(kw_only=True)
class AcceptedMessage:
    """A message that a provider has accepted.

    Attributes:
        status: The provider's own name of its status.
        arrived: Whether it is on the phone.
    """

    number: str
    provider: str
    channel: str
    text: str = attrs.field(repr=False)
    status: str
    arrived: bool


@attrs.frozen(kw_only=True)
class Snapshot:
    """What a sandbox knows at one moment.

    Attributes:
        received: What has arrived on all phones, in the order of arrival.
        accepted: What was accepted, arrived or not.
        refused: The requests that were refused, or hit by a fault.
        requests: How many requests there were.
        under_way: How many of them are not answered yet.
    """

    received: tuple[Received, ...]
    accepted: tuple[AcceptedMessage, ...]
    refused: tuple[Refused, ...]
    requests: int
    under_way: int

    def messages(self, book: NumberBook, handset: str | None) -> list[PhoneMessage]:
        """Return what has arrived on a phone, or on all, oldest first.

        Args:
            book: How the test writes its numbers.
            handset: The phone; `None` for all.
        """
        return [
            shown(each, book.written(each.number))
            for each in self.received
            if handset in (None, plain(each.number).lower())
        ]

    def reached(self, handset: str | None) -> bool:
        """Return whether a message to a phone, or to any, was accepted."""
        return any(handset in (None, plain(each.number).lower()) for each in self.accepted)


def take(sandbox: Sandbox) -> Snapshot:
    """Return what a sandbox knows; called in its thread."""
    requests = list(sandbox.requests)
    return Snapshot(
        received=tuple(sandbox.handsets.all()),
        accepted=tuple(_accepted(sandbox)),
        refused=tuple(_refused(requests)),
        requests=len(requests),
        under_way=sum(each["status"] is None for each in requests),
    )


def records_of(sandbox: Sandbox) -> Iterator[MessageRecord]:
    """Yield every message that an emulator has accepted; called in the sandbox's thread."""
    for emulator in sandbox.emulators.values():
        yield from emulator.messages


def _accepted(sandbox: Sandbox) -> Iterator[AcceptedMessage]:
    now = sandbox.state.clock()
    for record in records_of(sandbox):
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
