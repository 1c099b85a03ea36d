"""The plan of a message: what would become of it, and why, without sending it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Text
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import NotSent
from omnimsg.domain.redaction import hidden
from omnimsg.domain.sms_parts import SmsParts, parts_of
from omnimsg.engine.budgets import price_of
from omnimsg.routing.masked_request import MaskedRequest, masked_request

if TYPE_CHECKING:
    from omnimsg.engine.account import AccountEngine
    from omnimsg.engine.health_and_preview import Preview


@attrs.frozen(kw_only=True)
class Price:
    """An amount of money.

    Attributes:
        amount: The amount.
        currency: ISO 4217.
    """

    amount: Decimal
    currency: str


@attrs.frozen(kw_only=True)
class PassedOver:
    """An account of the route that the message would not go through now.

    Attributes:
        account: The account's name.
        outcome: Why not: it cannot express the message, or has trouble.
    """

    account: str
    outcome: NotSent


@attrs.frozen(kw_only=True)
class PlannedLeg:
    """A fallback leg: what would be tried if the leg before it failed.

    Attributes:
        channel: The channel.
        account: The account that it would go through now.
        ttl: Seconds within which it must be delivered; `None` is any time.
        by_provider: Whether the provider runs it; else omnimsg does, while the client is open.
    """

    channel: Channel | None
    account: str
    ttl: int | None
    by_provider: bool


@attrs.frozen(kw_only=True)
class Plan:
    """What would become of a message if it were sent now.

    Attributes:
        message: The message as it would leave, with what its route adds.
        route: The name of its route; `None` where it has none.
        account: The account that it would go through first.
        provider: That account's provider.
        why: Why that account, in a sentence.
        passed_over: The accounts that come before it, and why they would not have the message.
        next: The accounts that would be asked after it, in order.
        channel: The channel of its first leg; `None` if it cannot be determined.
        legs: Its fallback legs, in order.
        sms: Encoding and parts, of text that travels as an SMS.
        notes: Where the request differs from what the message says, and what is added to it.
        refusal: Its outcome, if it would not leave.
        wait: Seconds until the limits would let it leave; infinity if it has to wait until a
            request in flight has come back.
        price: What it would cost, if the account's configuration has a price for the number.
        request: The request if it would leave alone, not in a batch; `None` if there is none.
    """

    message: Message
    route: str | None
    account: str
    provider: str
    why: str
    passed_over: tuple[PassedOver, ...] = ()
    next: tuple[str, ...] = ()
    channel: Channel | None
    legs: tuple[PlannedLeg, ...] = ()
    sms: SmsParts | None = None
    notes: tuple[str, ...] = ()
    refusal: NotSent | None = None
    wait: float = 0.0
    price: Price | None = None
    request: MaskedRequest | None = attrs.field(default=None, repr=hidden)


def plan_of(account: AccountEngine, message: Message, **reasons: Any) -> Plan:  # noqa: ANN401
    """Build the plan of a message that goes through an account.

    Args:
        account: The account.
        message: The message, as it would leave.
        reasons: The fields of `Plan` that say how the account was found.
    """
    preview = account.preview(message)
    sms = _sms(message, preview)
    return Plan(
        message=message,
        account=account.name,
        provider=account.adapter.provider,
        channel=preview.channel,
        legs=tuple(
            PlannedLeg(channel=leg.channel, account=account.name, ttl=leg.ttl, by_provider=True)
            for leg in message.fallback
        ),
        sms=sms,
        notes=_notes(account, message, preview),
        refusal=preview.refusal,
        wait=preview.wait,
        price=_price(account, message, sms),
        request=None if preview.request is None else masked_request(account, preview.request),
        **{"route": None, **reasons},
    )


def _sms(message: Message, preview: Preview) -> SmsParts | None:
    if preview.channel is not Channel.SMS or not isinstance(message.content, Text):
        return None
    return parts_of(message.content.text)


def _notes(account: AccountEngine, message: Message, preview: Preview) -> tuple[str, ...]:
    adapter, notes = account.adapter, []
    if message.channel is None and preview.channel is not None:
        notes.append(f"channel: {preview.channel.value}, because the message names none")
    if message.sender is None and preview.channel is not None:
        sender = adapter.sender_of(preview.channel)
        if sender is not None:
            notes.append(f"sender: {sender!r}, the account's")
    step = adapter.capabilities.ttl_step
    if message.ttl is not None and message.ttl % step:
        rounded = -(-message.ttl // step) * step
        notes.append(f"ttl: {message.ttl} s become {rounded} s, the provider counts in {step} s")
    return tuple(notes)


def _price(account: AccountEngine, message: Message, sms: SmsParts | None) -> Price | None:
    amount = None if sms is None else price_of(message, account.prices)
    return None if amount is None else Price(amount=amount, currency=account.prices.currency)
