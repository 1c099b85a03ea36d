"""Budgets: how many messages, or how much money, may leave in a time, and where to.

What a message takes is reserved when it is handed over, so that a burst is stopped before it is
paid for. What was not sent gives its share back.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Text
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, NotSent, Outcome, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.sms_parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.engine.policy import Prices

# Counts of first digits that are kept before those whose window is over are dropped.
_MAX_COUNTS = 10_000

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
class _Count:
    """What has left since a time.

    Attributes:
        started: When the first message was handed over, monotonic seconds.
        messages: How many.
        money: How much, as far as prices are known.
    """

    started: float
    messages: int = 0
    money: Decimal = Decimal(0)


class Budgets:
    """The budgets of a client, and how much of them is used. A process has its own.

    Args:
        budgets: The budgets.
        now: Reads the monotonic clock, seconds.
    """

    def __init__(self, budgets: Sequence[Budget], *, now: Callable[[], float]) -> None:
        self._now = now
        self._counts: list[tuple[Budget, dict[str, _Count]]] = [(each, {}) for each in budgets]

    def refusal(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | None:
        """Return why a message would go beyond a budget; `None` where it would not."""
        found = self._find(account, message, price, currency)
        return found if isinstance(found, Failure) else None

    def reserve(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | list[tuple[_Count, Decimal]]:
        """Count a message, or return why it would go beyond a budget; then it counts nowhere."""
        found = self._find(account, message, price, currency)
        if not isinstance(found, Failure):
            for count, money in found:
                count.messages += 1
                count.money += money
        return found

    def _find(
        self, account: str, message: Message, price: Decimal | None, currency: str
    ) -> Failure | list[tuple[_Count, Decimal]]:
        now = self._now()
        found: list[tuple[_Count, Decimal]] = []
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
        self, budget: Budget, counts: dict[str, _Count], message: Message, now: float
    ) -> _Count:
        key = ""
        if budget.digits is not None and isinstance(message.to, str):
            key = message.to[: budget.digits + 1]
        count = counts.get(key)
        if count is None or now - count.started >= budget.window:
            if len(counts) >= _MAX_COUNTS:
                over = [k for k, each in counts.items() if now - each.started >= budget.window]
                for each in over:
                    del counts[each]
            counts[key] = count = _Count(now)
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


class Spending:
    """The budgets as one account meets them.

    Args:
        budgets: The budgets.
        account: The account's name.
        prices: What its messages cost.
        channel_of: Returns the channel that a message travels on.
    """

    def __init__(
        self,
        budgets: Budgets,
        account: str,
        prices: Prices,
        channel_of: Callable[[Message], Channel | None],
    ) -> None:
        self._budgets = budgets
        self._account = account
        self._prices = prices
        self._channel_of = channel_of
        # By reference, what is reserved for messages that are under way.
        self._reserved: dict[str, list[list[tuple[_Count, Decimal]]]] = {}

    def refusal(self, message: Message) -> NotSent | None:
        """Return the outcome of a message that a budget would stop; it counts for nothing."""
        price = self._price(message)
        failure = self._budgets.refusal(self._account, message, price, self._prices.currency)
        return None if failure is None else self._not_sent(message, failure)

    def reserve(self, message: Message) -> NotSent | None:
        """Count a message that is handed over; return its outcome where a budget stops it."""
        price = self._price(message)
        found = self._budgets.reserve(self._account, message, price, self._prices.currency)
        if isinstance(found, Failure):
            # It is settled like all others, and must not settle another of its reference.
            self._reserved.setdefault(message.reference, []).append([])
            return self._not_sent(message, found)
        if found:
            self._reserved.setdefault(message.reference, []).append(found)
        return None

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Give back what messages that were not sent had reserved, and take what others cost."""
        for outcome in outcomes:
            reserved = self._reserved.get(outcome.reference)
            if reserved is None:
                continue
            counts = reserved.pop()
            if not reserved:
                del self._reserved[outcome.reference]
            if isinstance(outcome, (NotSent, Rejected)):
                for count, money in counts:
                    count.messages -= 1
                    count.money -= money
            elif isinstance(outcome, Accepted) and outcome.usage is not None:
                usage = outcome.usage
                if usage.price is not None and usage.currency == self._prices.currency:
                    for count, money in counts:
                        count.money += usage.price - money if money else 0

    def _price(self, message: Message) -> Decimal | None:
        if not self._prices.per_part or self._channel_of(message) is not Channel.SMS:
            return None
        return price_of(message, self._prices)

    def _not_sent(self, message: Message, failure: Failure) -> NotSent:
        return NotSent(reference=message.reference, account=self._account, failure=failure)


def price_of(message: Message, prices: Prices) -> Decimal | None:
    """Return what an SMS costs; `None` where there is no price, or it is no text to a number."""
    if not isinstance(message.to, str) or not isinstance(message.content, Text):
        return None
    per_part = _of_prefix(message.to, prices.per_part)
    return None if per_part is None else per_part * parts_of(message.content.text).parts


def _of_prefix(number: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    """Return the price for a number: that of the longest prefix it begins with."""
    fitting = [prefix for prefix in prices if number.startswith(prefix)]
    return prices[max(fitting, key=len)] if fitting else None
