"""What each phone or mailbox received: what a customer would have seen."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.sandbox.message_records import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omnimsg.sandbox.limits import Limits
    from omnimsg.sandbox.message_records import Record


@attrs.frozen(kw_only=True)
class Received:
    """One message as it arrived; times are ISO-8601 in UTC."""

    provider: str
    channel: str
    number: str
    sender: str | None
    kind: str
    content: Any
    text: str
    reference: str | None
    id: str
    sent: str
    received: str


def address(number: str) -> str:
    """Return the key of a handset: a number without its plus, a mailbox in lower case."""
    return number.strip().removeprefix("+").lower()


class Handsets:
    """All handsets of a sandbox.

    A record stands on its handset from the moment it is accepted, but is seen only once the clock
    has reached its delivering step; so nothing has to run for a message to arrive.
    """

    def __init__(self, clock: Callable[[], float], limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._by_number: OrderedDict[str, deque[Record]] = OrderedDict()
        self._order: deque[Record] = deque()

    def expect(self, record: Record) -> None:
        """Put an accepted message on its way to its handset."""
        number = address(record.to)
        queue = self._by_number.get(number)
        if queue is None:
            queue = self._by_number[number] = deque(maxlen=self._limits.messages_per_handset)
            if len(self._by_number) > self._limits.handsets:
                self._by_number.popitem(last=False)
        queue.append(record)
        self._order.append(record)
        if len(self._order) > self._limits.messages:
            self._forget(self._order.popleft())

    def received(self, number: str) -> list[Received]:
        """Return what a number (with or without plus) or mailbox has received, oldest first."""
        return self._seen(self._by_number.get(address(number), ()))

    def all(self) -> list[Received]:
        """Return what every handset has received, in the order of arrival."""
        return self._seen(record for queue in self._by_number.values() for record in queue)

    def clear(self) -> None:
        """Empty every handset."""
        self._by_number.clear()
        self._order.clear()

    def _forget(self, record: Record) -> None:
        number = address(record.to)
        queue = self._by_number.get(number)
        # A cap of its own may have taken the record from its handset already.
        if queue and queue[0] is record:
            queue.popleft()
            if not queue:
                del self._by_number[number]

    def _seen(self, records: Iterable[Record]) -> list[Received]:
        now = self._clock()
        arrived = [
            (at, record)
            for record in records
            if (at := record.received()) is not None and at <= now
        ]
        arrived.sort(key=lambda pair: pair[0])
        return [_shown(record, at) for at, record in arrived]


def _shown(record: Record, at: float) -> Received:
    return Received(
        provider=record.provider,
        channel=record.channel,
        number=record.to,
        sender=record.sender,
        kind=record.kind,
        content=record.content,
        text=record.text,
        reference=record.reference,
        id=record.id,
        sent=iso(record.created),
        received=iso(at),
    )
