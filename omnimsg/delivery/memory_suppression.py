"""The suppression list in memory: for one process, and gone with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.delivery.tracked import address_of
from omnimsg.domain.opt_out import Consent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.opt_out import ConsentChange

MARKETING = frozenset({"marketing"})


class MemorySuppression:
    """Remembers who has opted out, on every account and channel.

    Who opted out is sent nothing any more until they opt in again. Who opted out of marketing is
    sent nothing with one of the marketing tags.

    Args:
        opted_out: Addresses that have opted out before: numbers and mailboxes, as `Message.to`.
        marketing_tags: The tags of messages that are marketing.
    """

    def __init__(
        self, opted_out: Collection[str] = (), *, marketing_tags: Collection[str] = MARKETING
    ) -> None:
        self._changes: dict[str, ConsentChange] = {}
        self._opted_out = set(opted_out)
        self._marketing = set[str]()
        self._marketing_tags = frozenset(marketing_tags)

    def __contains__(self, address: object) -> bool:
        """Return whether an address has opted out of everything."""
        return address in self._opted_out

    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Return whether each message must not be sent."""
        del account
        return [self._is_suppressed(each) for each in messages]

    async def record(self, change: ConsentChange) -> None:
        """Store a change, unless a newer one of the same address is known."""
        address = change.address
        if address is None:
            return
        known = self._changes.get(address)
        if known is not None and known.at > change.at:
            return
        self._changes[address] = change
        if change.consent is Consent.OPTED_OUT:
            self._opted_out.add(address)
        elif change.consent is Consent.MARKETING_OPTED_OUT:
            self._marketing.add(address)
        else:
            self._opted_out.discard(address)
            self._marketing.discard(address)

    def _is_suppressed(self, message: Message) -> bool:
        address = address_of(message)
        if address in self._opted_out:
            return True
        return address in self._marketing and not self._marketing_tags.isdisjoint(message.tags)
