"""`Handsets`: the messages that each phone or mailbox has received."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.sandbox.message_records import message_id_of, utc_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from omnimsg.sandbox.capacity import Limits
    from omnimsg.sandbox.message_records import MessageRecord


@attrs.frozen(kw_only=True)
class Received:
    """One message as it arrived, with the same fields for every provider.

    Attributes:
        number: An E.164 number with its plus, a mailbox, or another identifier as it was sent.
        text: The whole text as the recipient sees it; for media the caption, for buttons and lists
            the text above them; for content without a text its kind in brackets and the data that
            identifies it, such as ``[template] table_ready Ola 19:30``.
        content: The provider's own content object, as it was sent.
        reference: The sender's reference, None if the provider's API has none.
        id: The provider's id of the message on this channel.
        message_id: The message's id in an omnimsg client, for an account with the provider's name.
        sent: When the message was accepted, ISO 8601 in UTC; ``received`` likewise when it arrived.
    """

    provider: str
    channel: str
    number: str
    sender: str | None
    kind: str
    content: Any
    text: str
    reference: str | None
    id: str
    message_id: str | None
    sent: str
    received: str


def handset_key(recipient: str) -> str:
    """Return the key of a handset: a number without its plus, a mailbox in lower case."""
    return recipient.strip().removeprefix("+").lower()


def shown_number(recipient: str) -> str:
    """Return a recipient in the common form of all providers: a number gets a plus."""
    return f"+{recipient}" if recipient.isascii() and recipient.isdigit() else recipient


class Handsets:
    """All handsets of a sandbox.

    A record is stored when its message is accepted, but ``received`` and ``all`` return it only
    once the clock has reached its delivering step; no background task has to deliver it.

    Attributes:
        on_add: Is called with each accepted message.
    """

    def __init__(self, clock: Callable[[], float], limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        # Most phones get one message, which is stored without a list: a list would be another
        # object for the garbage collector. Not deques, because an empty one is larger than a list
        # of a few messages.
        self._by_handset: OrderedDict[str, MessageRecord | list[MessageRecord]] = OrderedDict()
        self._oldest_first: deque[MessageRecord] = deque()
        self.on_add: Callable[[MessageRecord], None] | None = None

    def add(self, record: MessageRecord) -> None:
        """Store an accepted message for its handset."""
        key = handset_key(record.to)
        stored = self._by_handset.get(key)
        if stored is None:
            self._by_handset[key] = record
            if len(self._by_handset) > self._limits.handsets:
                self._by_handset.popitem(last=False)
        else:
            if not isinstance(stored, list):
                stored = self._by_handset[key] = [stored]
            stored.append(record)
            if len(stored) > self._limits.messages_per_handset:
                del stored[0]
        self._oldest_first.append(record)
        if len(self._oldest_first) > self._limits.messages:
            self._forget(self._oldest_first.popleft())
        if self.on_add is not None:
            self.on_add(record)

    def received(self, number: str) -> list[Received]:
        """Return what a number (with or without plus) or mailbox has received, oldest first."""
        return self.latest(number)[1]

    def records(self, number: str) -> list[MessageRecord]:
        """Return the records of what a number or mailbox has received, oldest first."""
        return [record for _, record in self._arrived(self.accepted(number))]

    def accepted(self, number: str) -> list[MessageRecord]:
        """Return the records of all messages to a number or mailbox, in the order of acceptance.

        They include messages that have not arrived, or never will.
        """
        return _as_list(self._by_handset.get(handset_key(number), []))

    def every_accepted(self) -> Iterator[MessageRecord]:
        """Iterate over the records of all messages, in the order of acceptance."""
        return iter(self._oldest_first)

    def all(self) -> list[Received]:
        """Return what every handset has received, in the order of arrival."""
        return self.latest()[1]

    def latest(
        self, number: str | None = None, limit: int | None = None
    ) -> tuple[int, list[Received]]:
        """Return how many messages have arrived, and the latest of them, oldest first.

        Args:
            number: Only messages to this number or mailbox.
            limit: The maximum number of messages to return; None for all.
        """
        arrived = self._arrived(self._stored() if number is None else self.accepted(number))
        shown = arrived if limit is None else arrived[max(0, len(arrived) - limit) :]
        return len(arrived), [_as_received(record, at) for at, record in shown]

    def clear(self) -> None:
        """Empty every handset."""
        self._by_handset.clear()
        self._oldest_first.clear()

    def _forget(self, record: MessageRecord) -> None:
        key = handset_key(record.to)
        stored = self._by_handset.get(key)
        # The limit per handset may have dropped the record already.
        if isinstance(stored, list) and stored[0] is record:
            del stored[0]
            if not stored:
                del self._by_handset[key]
        elif stored is record:
            del self._by_handset[key]

    def _stored(self) -> list[MessageRecord]:
        """Return the records of all handsets in the order of acceptance, arrived or not.

        A record that a limit per handset has dropped is left out, although `_oldest_first` has it.
        """
        stored = {record for each in self._by_handset.values() for record in _as_list(each)}
        return [record for record in self._oldest_first if record in stored]

    def _arrived(self, records: Iterable[MessageRecord]) -> list[tuple[float, MessageRecord]]:
        now = self._clock()
        arrived = [
            (at, record)
            for record in records
            if (at := record.delivered_at()) is not None and at <= now
        ]
        arrived.sort(key=lambda pair: pair[0])
        return arrived


def _as_list(stored: MessageRecord | list[MessageRecord]) -> list[MessageRecord]:
    """Return the records stored for a handset as a new list."""
    return [*stored] if isinstance(stored, list) else [stored]


def _as_received(record: MessageRecord, at: float) -> Received:
    return Received(
        provider=record.provider,
        channel=record.channel,
        number=shown_number(record.to),
        sender=record.sender,
        kind=record.kind,
        content=record.content,
        text=record.text,
        reference=record.reference,
        id=record.id,
        message_id=message_id_of(record),
        sent=utc_timestamp(record.created),
        received=utc_timestamp(at),
    )
