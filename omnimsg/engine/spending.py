"""The use of budgets by one account: reserved at hand-over, settled by outcomes and reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, NotSent, Outcome, Rejected
from omnimsg.engine.budgets import Budgets, Count, Share, price_of, price_per_part
from omnimsg.engine.policy import Prices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from typing import TypeAlias

    # What a message holds of each count, and the price of a part.
    _Reserved: TypeAlias = tuple[list[tuple[Count, Decimal | None]], Decimal | None]


@attrs.define(eq=False)
class Spending:
    """Reserves and settles budgets for the messages of one account.

    Args:
        budgets: The budgets.
        account: The account's name.
        prices: What its messages cost.
        channel_of: Returns the channel that a message travels on.
    """

    _budgets: Budgets
    _account: str
    _prices: Prices
    _channel_of: Callable[[Message], Channel | None]
    # The reservations of messages under way, by the message's identity: several messages may have
    # one reference, and each must release its own reservation.
    _reserved: dict[int, list[_Reserved]] = attrs.field(factory=dict, init=False)

    def refusal(self, message: Message) -> NotSent | None:
        """Return the outcome of a message that a budget would stop; nothing is counted."""
        price = self._price(message)
        failure = self._budgets.refusal(self._account, message, price, self._prices.currency)
        return None if failure is None else self._not_sent(message, failure)

    def reserve(self, message: Message) -> NotSent | None:
        """Count a message that is handed over; return its outcome where a budget stops it."""
        price = self._price(message)
        found = self._budgets.reserve(self._account, message, price, self._prices.currency)
        if isinstance(found, Failure):
            # It will be settled like all others, and must not settle the same message under way.
            self._reserved.setdefault(id(message), []).append(([], None))
            return self._not_sent(message, found)
        if found:
            kept = found, self._per_part(message) if self._budgets.has_reports else None
            self._reserved.setdefault(id(message), []).append(kept)
        return None

    def settle(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        """Release the reservations of messages that were not sent; correct those of others."""
        for message, outcome in zip(messages, outcomes, strict=True):
            reserved = self._reserved.get(id(message))
            if reserved is None:
                continue
            counts, per_part = reserved.pop()
            if not reserved:
                del self._reserved[id(message)]
            if isinstance(outcome, (NotSent, Rejected)):
                for count, money in counts:
                    count.remove(money)
            elif isinstance(outcome, Accepted) and counts:
                self._accepted(outcome, Share(counts, self._prices.currency, per_part))

    def _accepted(self, outcome: Accepted, share: Share) -> None:
        usage = outcome.usage
        # A provider that names no currency (Messente) means that of the account.
        is_ours = usage is not None and usage.currency in {None, share.currency}
        if usage is not None and usage.price is not None and is_ours:
            share.correct(usage.price)
        if self._budgets.has_reports and (outcome.provider_id or outcome.batch_id):
            self._budgets.keep(outcome.id, share)

    def _per_part(self, message: Message) -> Decimal | None:
        if not self._prices.per_part or self._channel_of(message) is not Channel.SMS:
            return None
        to = message.to
        return price_per_part(to, self._prices.per_part) if isinstance(to, str) else None

    def _price(self, message: Message) -> Decimal | None:
        if not self._prices.per_part or self._channel_of(message) is not Channel.SMS:
            return None
        return price_of(message, self._prices)

    def _not_sent(self, message: Message, failure: Failure) -> NotSent:
        return NotSent(reference=message.reference, account=self._account, failure=failure)
