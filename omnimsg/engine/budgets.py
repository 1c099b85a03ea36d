"""Budgets: how many messages, or how much money, may leave in a time, and where to.

What a message takes is reserved when it is handed over, so that a burst is stopped before it is
paid for. What was not sent gives its share back, and reports say what the rest has cost.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
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

# Counts of first digits that are kept before those whose window is over are dropped.
_MAX_COUNTS = 10_000
# As many accepted messages are remembered, for the reports of what they cost.
_MAX_SHARES = 100_000

_is_prefix = re.compile(r"\+[0-9]{1,15}").fullmatch


def _to_texts(value: Sequence[str]) -> tuple[str, ...]:
    return validate.to_tuple(value)


def _to_money(value: Decimal | float | None) -> Decimal | None:
    # By its shortest text, as for prices.
    return Decimal(str(value)) if isinstance(value, (int, float)) else value


def _check_money(owner: Budget, field: attrs.Attribute[Any], value: Any) -> None:  # noqa: ANN401
    if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
        raise validate.refuse(owner, field.name, "must be a number, 0 or more")


def _check_prefixes(owner: Budget, field: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    validate.tuple_of(str)(owner, field, value)
    if not all(map(_is_prefix, value)):
        raise validate.refuse(
            owner, field.name, "must be a plus and the first digits of numbers, such as +27"
        )


@attrs.frozen(kw_only=True)
class Budget:
    """How much may leave in a time. A message counts where it meets every condition.

    Attributes:
        name: What outcomes call it.
        window: Seconds; the count begins anew so long after the first message of the last one.
        messages: The most messages; `None` is any number.
        money: The most money, for messages whose account has a price for their number.
        currency: Of the money, ISO 4217; messages with prices in another do not count.
        accounts: Only messages through one of these accounts.
        prefixes: Only messages to numbers that begin with one of these.
        tags: Only messages with one of these tags.
        digits: Counts numbers by so many first digits apart: with 3, a burst to one country that
            is rarely written to does not use up what all the others have, and is stopped.
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
        default=(), converter=_to_texts, validator=validate.tuple_of(str)
    )
    prefixes: tuple[str, ...] = attrs.field(
        default=(), converter=_to_texts, validator=_check_prefixes
    )
    tags: tuple[str, ...] = attrs.field(
        default=(), converter=_to_texts, validator=validate.tuple_of(str)
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
        to = message.to if isinstance(message.to, str) else ""
        return (
            (not self.accounts or account in self.accounts)
            and (not self.prefixes or to.startswith(self.prefixes))
            and (not self.tags or not set(self.tags).isdisjoint(message.tags))
        )


@attrs.define(eq=False)
class Count:
    """What has left since a time.

    Attributes:
        started: When the first message was handed over, monotonic seconds.
        messages: How many.
        money: How much, as far as prices are known.
    """

    started: float
    messages: int = 0
    money: Decimal = Decimal(0)


@attrs.define(eq=False)
class Share:
    """What an accepted message takes of the budgets that it counts against.

    Attributes:
        counts: Each count, with the money that it holds for the message.
        currency: Of the money.
        per_part: The price of a part; `None` where there is none.
    """

    counts: list[tuple[Count, Decimal]]
    currency: str
    per_part: Decimal | None = None

    def correct(self, cost: Decimal) -> None:
        """Count what the message costs instead of what was estimated."""
        for index, (count, money) in enumerate(self.counts):
            if money:
                count.money += cost - money
                self.counts[index] = count, cost

    def give_back(self) -> None:
        """Count the message no longer."""
        for count, money in self.counts:
            count.messages -= 1
            count.money -= money
        self.counts = []


class Budgets:
    """The budgets of a client, and how much of them is used. A process has its own.

    Args:
        budgets: The budgets.
        now: Reads the monotonic clock, seconds.

    Attributes:
        has_reports: Whether somebody calls `reported`, so that shares are worth keeping.
    """

    def __init__(self, budgets: Sequence[Budget], *, now: Callable[[], float]) -> None:
        self._now = now
        self._counts: list[tuple[Budget, dict[str, Count]]] = [(each, {}) for each in budgets]
        self._shares: OrderedDict[MessageId, Share] = OrderedDict()
        self.has_reports: bool = False

    def keep(self, message_id: MessageId, share: Share) -> None:
        """Remember what an accepted message takes, until a report tells what it costs."""
        self._shares[message_id] = share
        if len(self._shares) > _MAX_SHARES:
            self._shares.popitem(last=False)

    def reported(self, ids: Iterable[MessageId], status: MessageStatus) -> None:
        """Correct the share of a message by what its provider says of it.

        A message that has failed gives its share back where the provider says that it costs
        nothing. That a report has no price says nothing of the kind.

        Args:
            ids: The message's ids.
            status: All that is known of it.
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
            del self._shares[found]
        elif price is not None:
            share.correct(price)

    def refusal(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | None:
        """Return why a message would go beyond a budget; `None` where it would not."""
        found = self._find(account, message, price, currency)
        return found if isinstance(found, Failure) else None

    def reserve(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | list[tuple[Count, Decimal]]:
        """Count a message, or return why it would go beyond a budget; then it counts nowhere."""
        found = self._find(account, message, price, currency)
        if not isinstance(found, Failure):
            for count, money in found:
                count.messages += 1
                count.money += money
        return found

    def _find(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | list[tuple[Count, Decimal]]:
        now = self._now()
        found: list[tuple[Count, Decimal]] = []
        for budget, counts in self._counts:
            if not budget.counts(account, message):
                continue
            count = self._count(budget, counts, message, now)
            money = price if price is not None and currency == budget.currency else Decimal(0)
            if budget.messages is not None and count.messages >= budget.messages:
                return _used_up(budget, f"{budget.messages} messages", count.started, now)
            if budget.money is not None and money and count.money + money > budget.money:
                most = f"{budget.money:f} {budget.currency}"
                return _used_up(budget, most, count.started, now)
            found.append((count, money))
        return found

    def _count(
        self, budget: Budget, counts: dict[str, Count], message: Message, now: float
    ) -> Count:
        key = ""
        if budget.digits is not None and isinstance(message.to, str):
            key = message.to[: budget.digits + 1]
        count = counts.get(key)
        if count is None or now - count.started >= budget.window:
            if len(counts) >= _MAX_COUNTS:
                over = [k for k, each in counts.items() if now - each.started >= budget.window]
                for each in over:
                    del counts[each]
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
            f" it begins anew in {left:.0f} s"
        ),
    )


def price_of(message: Message, prices: Prices) -> Decimal | None:
    """Return what an SMS costs; `None` where there is no price, or it is no text to a number."""
    if not isinstance(message.to, str) or not isinstance(message.content, Text):
        return None
    per_part = price_per_part(message.to, prices.per_part)
    return None if per_part is None else per_part * parts_of(message.content.text).parts


def price_per_part(number: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    """Return the price of a part to a number: that of the longest prefix it begins with."""
    fitting = [prefix for prefix in prices if number.startswith(prefix)]
    return prices[max(fitting, key=len)] if fitting else None
