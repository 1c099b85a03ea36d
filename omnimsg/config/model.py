"""The configuration: which accounts there are, and which one is used unless another is named."""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg.adapter import Adapter, TemplateMapping, Verdict
from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen_dict import EMPTY, FrozenDict, freeze
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine.policy import (
    NOT_FOUND_FOR,
    AccountTrouble,
    Breaker,
    Limits,
    OnAmbiguous,
    Policy,
    RetryPolicy,
)


@attrs.frozen(kw_only=True)
class CodeChange:
    """What the user says a provider's code means; what is left out stays as it was.

    Attributes:
        reason: The unified reason.
        verdict: What it proves: `rejected`, `not_sent`, `account` or `ambiguous`.
        retry: Whether another attempt helps and is safe.
        fault: Whose doing it is.
    """

    reason: Reason | None = None
    verdict: Verdict | None = None
    retry: Retry | None = None
    fault: Fault | None = None

    def members(self) -> dict[str, Any]:
        """Return what is given, by the name of the row's member."""
        return attrs.asdict(self, filter=lambda _, value: value is not None)


@attrs.frozen(kw_only=True)
class AccountTable:
    """The keys that every `[accounts.NAME]` may have; the provider adds its own.

    Attributes:
        provider: The provider's name.
        base_url: Where its API is, where that is not the usual place.
        channel: The channel of a message that names none.
        sender: The sender of a message that names none.
        templates: By the application's name.
        codes: Changes to the provider's code table, by `"level:code"`.
        extras: Merged into every request.
        retry: How often and how soon to try again.
        limits: How much at once and how fast.
        breaker: When to stop asking a provider that does not answer as it should.
        account_trouble: What becomes of messages while the account itself is refused.
        on_ambiguous: What becomes of a message that may have been sent.
        not_found_for: Seconds between the two look-ups that must both find nothing before
            `resend_if_not_found` sends a message again.
    """

    provider: str
    base_url: str | None = None
    channel: Channel | None = None
    sender: str | None = None
    templates: dict[str, TemplateMapping] = attrs.field(factory=dict)
    codes: dict[str, CodeChange] = attrs.field(factory=dict)
    extras: FrozenDict[str, Any] = attrs.field(default=EMPTY, converter=freeze)
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    limits: Limits = attrs.field(factory=Limits)
    breaker: Breaker = attrs.field(factory=Breaker)
    account_trouble: AccountTrouble = AccountTrouble.FAIL
    on_ambiguous: OnAmbiguous = OnAmbiguous.HOLD
    not_found_for: float = attrs.field(default=NOT_FOUND_FOR, validator=validate.positive)

    def policy(self) -> Policy:
        """Return what is decided for the account."""
        return Policy(
            retry=self.retry,
            limits=self.limits,
            breaker=self.breaker,
            account_trouble=self.account_trouble,
            on_ambiguous=self.on_ambiguous,
            not_found_for=self.not_found_for,
        )


@attrs.frozen(kw_only=True)
class Config:
    """A whole configuration, ready for use.

    Attributes:
        adapters: By account name, in the order of the configuration.
        default: The account that is used unless another is named.
        policies: What is decided for each account, by its name.
    """

    adapters: dict[str, Adapter[Any]]
    default: str
    policies: dict[str, Policy]
