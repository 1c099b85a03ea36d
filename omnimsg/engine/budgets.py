"""Budgets: limits on how many messages, or how much money, may be sent in a time window.

The estimated cost of a message is reserved at hand-over, so that a burst is stopped before it is
paid for. A message that was not sent releases its share; reports correct the shares of the others.
"""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.address import is_mailbox
from omnimsg.domain.content import Text
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.sms_parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.policy import Prices

# The most accepted messages whose shares are kept for reports of their cost.
_MAX_SHARES = 100_000


def _to_money(value: Decimal | float | None) -> Decimal | None:
    # Through the shortest text, as for prices: 0.07 stays 0.07.
    # A truth value is a number to Python, but not an amount; the validator refuses it.
    given: Any = value
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    return Decimal(str(given)) if is_number else given


def _check_money(owner: Budget, field: attrs.Attribute[Any], value: Any) -> None:  # noqa: ANN401
    if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
        raise validate.refuse(owner, field.name, "must be a number, 0 or more")


@attrs.frozen(kw_only=True)
class Budget:
    """The most that may be sent in a time window. A message counts if it meets every condition.

    Attributes:
        name: The name that outcomes show.
        window: Seconds from the first message of a count; the next message after them begins a new
            count.
        messages: The most messages; `None` is any number.
        money: The most money, for messages whose account has a price for their number.
        currency: The currency of `money`, ISO 4217; prices in another one are not counted.
        accounts: Only messages through one of these accounts.
        prefixes: Only messages to numbers that begin with one of these.
        tags: Only messages with one of these tags.
        digits: Numbers are counted separately by this many first digits: with 3, a burst to one
            rarely used country is stopped, and does not use up the budget of all others.
    """

    name: str = attrs.field(validator=validate.text(max_length=64))
    window: float = attrs.field(validator=validate.positive)
    messages: int | None = attrs.field(
        default=None, validator=optional(validate.integer(minimum=0))
    )
    money: Decimal | None = attrs.field(
        default=None, converter=_to_money, validator=optional(_check_money)
    )
    currency: str = attrs.field(default="EUR", validator=validate.text(max_length=3, min_length=3))
    accounts: tuple[str, ...] = attrs.field(
        default=(), converter=validate.to_texts, validator=validate.tuple_of(str)
    )
    prefixes: tuple[str, ...] = attrs.field(
        default=(), converter=validate.to_texts, validator=validate.number_prefixes
    )
    tags: tuple[str, ...] = attrs.field(
        default=(), converter=validate.to_texts, validator=validate.tuple_of(str)
    )
    digits: int | None = attrs.field(
        default=None, validator=optional(validate.integer(minimum=1, maximum=15))
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a budget that limits nothing."""
        if self.messages is None and self.money is None:
            raise validate.refuse(
                self, "messages", "is missing, and so is money: it limits nothing"
            )

    def counts(self, account: str, message: Message) -> bool:
        """Return whether a message through an account counts."""
        to = message.to
        number = to if isinstance(to, str) and not is_mailbox(to) else ""
        return (
            (not self.accounts or account in self.accounts)
            and (not self.prefixes or number.startswith(self.prefixes))
            and (not self.tags or not set(self.tags).isdisjoint(message.tags))
        )


@attrs.define(eq=False)
class Count:
    """The messages and the money that count in the current window.

    Attributes:
        started: When the first message was handed over, monotonic seconds.
        messages: The number of messages.
        money: Their cost, as far as prices are known.
    """

    started: float
    messages: int = 0
    money: Decimal = Decimal(0)

    def add(self, money: Decimal | None) -> None:
        """Count a message, with what it costs; `None` where that is not known."""
        self.messages += 1
        self.money += money or 0

    def remove(self, money: Decimal | None) -> None:
        """Count a message no more."""
        self.messages -= 1
        self.money -= money or 0


@attrs.define(eq=False)
class Share:
    """What an accepted message uses of the budgets that it counts against.

    Attributes:
        counts: Each count, with the money that it holds for the message; `None` in a count that
            knows no price of the message.
        currency: The currency of the money.
        per_part: The price of a part; `None` where there is none.
        is_given_back: Whether the counts do not have the message at present.
    """

    counts: list[tuple[Count, Decimal | None]]
    currency: str
    per_part: Decimal | None = None
    is_given_back: bool = False

    def correct(self, cost: Decimal) -> None:
        """Replace the estimated cost of the message by the real one; count it again if need be."""
        if self.is_given_back:
            self.is_given_back = False
            for count, money in self.counts:
                count.add(money)
        for index, (count, money) in enumerate(self.counts):
            if money is not None:
                count.money += cost - money
                self.counts[index] = count, cost

    def give_back(self) -> None:
        """Remove the message from its counts, until a later report tells that it was delivered."""
        if not self.is_given_back:
            self.is_given_back = True
            for count, money in self.counts:
                count.remove(money)


class Budgets:
    """The budgets of a client, and how much of them is used. Each process counts for itself.

    Args:
        budgets: The budgets.
        now: Reads the monotonic clock, seconds.

    Attributes:
        has_reports: Whether `reported` will be called, so that shares are worth keeping.
    """

    def __init__(self, budgets: Sequence[Budget], *, now: Callable[[], float]) -> None:
        self._now = now
        self._counts: list[tuple[Budget, OrderedDict[str, Count]]] = [
            (each, OrderedDict()) for each in budgets
        ]
        self._shares: OrderedDict[MessageId, Share] = OrderedDict()
        self.has_reports: bool = False

    def keep(self, message_id: MessageId, share: Share) -> None:
        """Keep the share of an accepted message, so that a report of its cost can correct it."""
        self._shares[message_id] = share
        if len(self._shares) > _MAX_SHARES:
            self._shares.popitem(last=False)

    def reported(self, ids: Iterable[MessageId], status: MessageStatus) -> None:
        """Correct the share of a message by the cost that its provider reports.

        A failed message releases its share only where the provider reports a price of 0, and takes
        it again if it was delivered after all. A report without a price does not mean that the
        message is free.

        Args:
            ids: The message's ids.
            status: The message's whole status.
        """
        if not self._shares or (usage := status.usage) is None:
            return
        found = next((each for each in ids if each in self._shares), None)
        if found is None:
            return
        share, price = self._shares[found], usage.price
        if price is not None and usage.currency not in (None, share.currency):
            return
        if price is None and share.per_part is not None and usage.parts is not None:
            price = share.per_part * usage.parts
            is_free = False
        else:
            is_free = price == 0
        if is_free and status.status.failed:
            share.give_back()
        elif price is not None:
            share.correct(price)

    def refusal(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | None:
        """Return why a message would exceed a budget; `None` where it would not."""
        found = self._find(account, message, price, currency)
        return found if isinstance(found, Failure) else None

    def reserve(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | list[tuple[Count, Decimal | None]]:
        """Count a message, or return why it would exceed a budget; then no budget counts it."""
        found = self._find(account, message, price, currency)
        if not isinstance(found, Failure):
            for count, money in found:
                count.add(money)
        return found

    def _find(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | list[tuple[Count, Decimal | None]]:
        now = self._now()
        found: list[tuple[Count, Decimal | None]] = []
        for budget, counts in self._counts:
            if not budget.counts(account, message):
                continue
            count = self._count(budget, counts, message, now)
            money = price if currency == budget.currency else None
            if budget.messages is not None and count.messages >= budget.messages:
                most = "1 message" if budget.messages == 1 else f"{budget.messages} messages"
                return _used_up(budget, most, count.started, now)
            if budget.money is not None and money and count.money + money > budget.money:
                most = f"{budget.money:f} {budget.currency}"
                return _used_up(budget, most, count.started, now)
            found.append((count, money))
        return found

    def _count(
        self, budget: Budget, counts: OrderedDict[str, Count], message: Message, now: float
    ) -> Count:
        """Return the count of a message; a new one where no message counts in the current window.

        A preview, or a message that released its share, begins no window.
        """
        key = ""
        if budget.digits is not None and isinstance(message.to, str):
            key = message.to[: budget.digits + 1]
        began_after = now - budget.window
        count = counts.get(key)
        if count is None or not count.messages or count.started <= began_after:
            counts.pop(key, None)
            # In the order of their start, so that dropping the expired ones costs nothing else.
            while counts and next(iter(counts.values())).started <= began_after:
                counts.popitem(last=False)
            counts[key] = count = Count(now)
        return count


def _used_up(budget: Budget, most: str, started: float, now: float) -> Failure:
    left = max(0.0, started + budget.window - now)
    return Failure(
        reason=Reason.QUOTA_EXCEEDED,
        retry=Retry.SAFE,
        retry_after=left,
        detail=(
            f"the budget {budget.name!r} is used up: {most} in {budget.window:g} s;"
            f" it starts again in {left:.0f} s"
        ),
    )


def price_of(message: Message, prices: Prices) -> Decimal | None:
    """Return the price of an SMS; `None` where none is known, or it is no text to a number."""
    if not isinstance(message.to, str) or not isinstance(message.content, Text):
        return None
    per_part = price_per_part(message.to, prices.per_part)
    return None if per_part is None else per_part * parts_of(message.content.text).parts


def price_per_part(number: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    """Return the price of a part to a number, by the longest prefix of the number."""
    fitting = [prefix for prefix in prices if number.startswith(prefix)]
    return prices[max(fitting, key=len)] if fitting else None
