"""The policy of an account: limits, retries, circuit breaker, doubtful messages, prices."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.frozen_dict import EMPTY, FrozenDict
from omnimsg.domain.structuring import DEPRECATED
from omnimsg.transport import Network

# Seconds for which a message must stay unfound before it is sent again. No provider says how soon
# its list is complete, and one that takes batches checks them after its answer; two minutes are
# what this project's study of the providers settled on.
NOT_FOUND_FOR = 120.0


class AccountTrouble(StrEnum):
    """What becomes of messages while the account itself is refused (a wrong key, no funds).

    Attributes:
        FAIL: They are `NotSent` at once, so that the trouble is noticed.
        HOLD: They wait, until the trouble is over or their deadline has passed.
    """

    FAIL = "fail"
    HOLD = "hold"


class OnAmbiguous(StrEnum):
    """What becomes of a message that may have been sent.

    Attributes:
        HOLD: It ends `Ambiguous`, and is not sent again.
        RESEND_IF_NOT_FOUND: It is looked up at the provider by its reference. Found, it is
            `Accepted`; not found twice, it is sent again; else it ends `Ambiguous`. A client cannot
            be built with this for a provider without such a look-up.
        RESEND: It is sent again. Some people get the message twice.
    """

    HOLD = "hold"
    RESEND_IF_NOT_FOUND = "resend_if_not_found"
    RESEND = "resend"


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how soon to try again.

    Attributes:
        attempts: The most attempts, the first included.
        base: Seconds; the n-th wait is drawn at random from 0 to `base * 2 ** (n - 1)`.
        longest: The longest such wait, seconds. A provider's `Retry-After` may be longer; it
            is obeyed up to `Limits.max_pause`.
    """

    attempts: int = attrs.field(default=3, validator=validate.integer(minimum=1))
    base: float = attrs.field(default=0.5, validator=validate.number(minimum=0))
    longest: float = attrs.field(default=30.0, validator=validate.number(minimum=0))


@attrs.frozen(kw_only=True)
class Limits:
    """How much at once and how fast. The provider's own limits apply too; the stricter holds.

    Attributes:
        requests_per_second: Requests, evenly spaced; unless given, only the provider's own limit
            holds.
        messages_per_second: Messages, evenly spaced: a request with 100 of them uses up 100.
        concurrency: Requests under way at once; unless given, 16 where the provider takes batches,
            and 64 where it takes one message a request. Of several, the last slot is kept for high
            priority.
        linger: Seconds that a message may wait for others to share its request, although it could
            leave at once; at most a tenth of its deadline or ttl, and one second. High priority
            does not wait.
        queue: Deprecated and without effect: every `send` waits in the queue itself, first come,
            first served.
        max_pause: The longest pause, seconds, that a provider's `Retry-After` can impose on the
            account. Some providers send an epoch time there; then the account tries again earlier.
        max_download_bytes: The largest file that is downloaded, bytes, once it is decoded. The
            largest file that a channel of any provider carries has 100 MB.
    """

    requests_per_second: float | None = attrs.field(
        default=None, validator=optional(validate.positive)
    )
    messages_per_second: float | None = attrs.field(
        default=None, validator=optional(validate.positive)
    )
    concurrency: int | None = attrs.field(
        default=None, validator=optional(validate.integer(minimum=1))
    )
    linger: float = attrs.field(default=0.0, validator=validate.number(minimum=0))
    queue: int | None = attrs.field(
        default=None,
        validator=optional(validate.integer(minimum=1)),
        repr=False,
        metadata={DEPRECATED: True},
    )
    max_pause: float = attrs.field(default=300.0, validator=validate.positive)
    max_download_bytes: int = attrs.field(
        default=128 * 1024 * 1024, validator=validate.integer(minimum=1)
    )

    def __attrs_post_init__(self) -> None:
        """Warn of a setting that has no effect."""
        if self.queue is not None:
            warnings.warn(
                "limits.queue has no effect any more, because every send waits in the queue"
                " itself; remove it",
                DeprecationWarning,
                stacklevel=3,
            )


@attrs.frozen(kw_only=True)
class Breaker:
    """When to stop sending requests to a provider that fails.

    Attributes:
        failures: Requests in a row that must fail, by a fault of the provider or the network, for
            the circuit to open.
        pause: Seconds until one request probes the provider for all others.
        min_timeout: Seconds that a provider must have been given for a timeout to count against
            it. A caller with a shorter deadline says nothing about the provider.
    """

    failures: int = attrs.field(default=5, validator=validate.integer(minimum=1))
    pause: float = attrs.field(default=5.0, validator=validate.positive)
    min_timeout: float = attrs.field(default=5.0, validator=validate.number(minimum=0))


def _check_prices(owner: Prices, field: attrs.Attribute[Any], value: Mapping[Any, Any]) -> None:
    validate.mapping(owner, field, value)
    for prefix, price in value.items():
        where = f"{field.name}.{prefix}"
        if not isinstance(prefix, str) or not re.fullmatch(r"\+[0-9]{0,15}", prefix):
            raise validate.refuse(owner, where, "must be a plus and the first digits of numbers")
        if not isinstance(price, Decimal) or not price.is_finite() or price < 0:
            raise validate.refuse(owner, where, "must be a number, 0 or more")


def _to_prices(value: Mapping[str, Any]) -> FrozenDict[str, Decimal]:
    given: Any = value
    if not isinstance(given, Mapping):
        refused: FrozenDict[str, Decimal] = given  # by the validator
        return refused
    return FrozenDict(
        {
            # Through the shortest text, so that 0.07 does not become 0.070000000000000006661.
            prefix: Decimal(str(price)) if type(price) in {int, float} else price
            for prefix, price in given.items()
        }
    )


@attrs.frozen(kw_only=True)
class Prices:
    """What messages through an account cost, as far as configured; for estimates and budgets.

    Attributes:
        currency: ISO 4217.
        per_part: The price of one part of an SMS, by the first digits of the number, `+` for all
            others. The longest prefix that fits holds.
    """

    currency: str = attrs.field(default="EUR", validator=validate.text(max_length=3, min_length=3))
    per_part: FrozenDict[str, Decimal] = attrs.field(
        default=EMPTY, converter=_to_prices, validator=_check_prices
    )


def _to_account_trouble(value: AccountTrouble | str) -> AccountTrouble:
    return validate.to_enum_member(AccountTrouble, value)


def to_on_ambiguous(value: OnAmbiguous | str) -> OnAmbiguous:
    """Convert a policy's exact name to the policy; leave anything else to the validator."""
    return validate.to_enum_member(OnAmbiguous, value)


@attrs.frozen(kw_only=True)
class Policy:
    """How one account sends: limits, retries, and what to do in trouble.

    Attributes:
        retry: How often and how soon to try again what is proven not to have been processed.
        limits: How much at once and how fast.
        breaker: When to stop sending requests to a provider that fails.
        account_trouble: What becomes of messages while the account is refused.
        on_ambiguous: What becomes of a message that may have been sent.
        not_found_for: Seconds between the two look-ups that must both find nothing before
            `RESEND_IF_NOT_FOUND` sends a message again. Fewer seconds make more duplicates.
        network: Proxy, certificates, timeouts of connections.
        prices: What messages cost, for estimates and budgets.

    Raises:
        InvalidValue: A field has an invalid value; the error names the field.
    """

    retry: RetryPolicy = attrs.field(
        default=RetryPolicy(), validator=validate.instance_of(RetryPolicy)
    )
    limits: Limits = attrs.field(default=Limits(), validator=validate.instance_of(Limits))
    breaker: Breaker = attrs.field(default=Breaker(), validator=validate.instance_of(Breaker))
    account_trouble: AccountTrouble = attrs.field(
        default=AccountTrouble.FAIL,
        converter=_to_account_trouble,
        validator=validate.enum_member(AccountTrouble),
    )
    on_ambiguous: OnAmbiguous = attrs.field(
        default=OnAmbiguous.HOLD,
        converter=to_on_ambiguous,
        validator=validate.enum_member(OnAmbiguous),
    )
    not_found_for: float = attrs.field(default=NOT_FOUND_FOR, validator=validate.positive)
    network: Network = attrs.field(default=Network(), validator=validate.instance_of(Network))
    prices: Prices = attrs.field(default=Prices(), validator=validate.instance_of(Prices))
