"""What each phone or mailbox has received."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.sandbox.message_records import utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omnimsg.sandbox.limits import Limits
    from omnimsg.sandbox.message_records import MessageRecord


@attrs.frozen(kw_only=True)
class Received:
    """One message as it arrived; times are ISO 8601 in UTC."""

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


def _handset_key(recipient: str) -> str:
    """Return the key of a handset: a number without its plus, a mailbox in lower case."""
    return recipient.strip().removeprefix("+").lower()


class Handsets:
    """All handsets of a sandbox.

    A record is stored when its message is accepted, but ``received`` and ``all`` return it only
    once the clock has reached its delivering step; no background task has to deliver it.
    """

    def __init__(self, clock: Callable[[], float], limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._by_handset: OrderedDict[str, deque[MessageRecord]] = OrderedDict()
        self._oldest_first: deque[MessageRecord] = deque()

    def add(self, record: MessageRecord) -> None:
        """Store an accepted message for its handset."""
        key = _handset_key(record.to)
        records = self._by_handset.get(key)
        if records is None:
            records = self._by_handset[key] = deque(maxlen=self._limits.messages_per_handset)
            if len(self._by_handset) > self._limits.handsets:
                self._by_handset.popitem(last=False)
        records.append(record)
        self._oldest_first.append(record)
        if len(self._oldest_first) > self._limits.messages:
            self._forget(self._oldest_first.popleft())

    def received(self, number: str) -> list[Received]:
        """Return what a number (with or without plus) or mailbox has received, oldest first."""
        return self._arrived(self._by_handset.get(_handset_key(number), ()))

    def all(self) -> list[Received]:
        """Return what every handset has received, in the order of arrival."""
        return self._arrived(record for records in self._by_handset.values() for record in records)

    def clear(self) -> None:
        """Empty every handset."""
        self._by_handset.clear()
        self._oldest_first.clear()

    def _forget(self, record: MessageRecord) -> None:
        key = _handset_key(record.to)
        records = self._by_handset.get(key)
        # The limit per handset may have dropped the record already.
        if records and records[0] is record:
            records.popleft()
            if not records:
                del self._by_handset[key]

    def _arrived(self, records: Iterable[MessageRecord]) -> list[Received]:
        now = self._clock()
        arrived = [
            (at, record)
            for record in records
            if (at := record.delivered_at()) is not None and at <= now
        ]
        arrived.sort(key=lambda pair: pair[0])
        return [_as_received(record, at) for at, record in arrived]


def _as_received(record: MessageRecord, at: float) -> Received:
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
        sent=utc_timestamp(record.created),
        received=utc_timestamp(at),
    )
