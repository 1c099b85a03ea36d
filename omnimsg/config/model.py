"""The configuration as values: the keys of an account table, and the loaded configuration."""

from __future__ import annotations

from typing import Any

import attrs
from attrs.validators import optional

from omnimsg.adapter import Adapter, TemplateMapping, Verdict
from omnimsg.delivery.options import CallbackOptions
from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen_dict import EMPTY, FrozenDict, freeze
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.engine.budgets import Budget
from omnimsg.engine.policy import (
    NOT_FOUND_FOR,
    AccountTrouble,
    Breaker,
    Limits,
    OnAmbiguous,
    Policy,
    Prices,
    RetryPolicy,
)
from omnimsg.routing import Route
from omnimsg.transport import Network


def _check_senders(owner: object, field: attrs.Attribute[Any], senders: dict[Channel, str]) -> None:
    for channel, sender in senders.items():
        validate.sender(owner, field.evolve(name=f"{field.name}.{channel}"), sender)


@attrs.frozen(kw_only=True)
class CodeChange:
    """A change to one row of a provider's code table; a value that is not given is unchanged.

    Attributes:
        reason: The unified reason.
        verdict: What the code proves.
        retry: Whether another attempt can help and is safe.
        fault: Who is at fault.
    """

    reason: Reason | None = None
    verdict: Verdict | None = None
    retry: Retry | None = None
    fault: Fault | None = None

    def changes(self) -> dict[str, Any]:
        """Return the given values by attribute of the row."""
        return attrs.asdict(self, filter=lambda _, value: value is not None)


@attrs.frozen(kw_only=True)
class AccountTable(Network):
    """The keys that every table `[accounts.NAME]` may have; each provider adds its own.

    They include the keys of `Network`.

    Attributes:
        provider: The provider's name.
        base_url: The URL of the provider's API, if it is not the provider's usual one.
        channel: The channel of a message that names none.
        sender: The sender of a message that names none, on every channel.
        senders: The sender of a message that names none, by channel; takes precedence over
            `sender`.
        templates: The provider's templates, by the application's name for them.
        codes: Changes to the provider's code table, by `"level:code"`.
        extras: The provider's own fields to merge into every message, before those of the message.
        retry: How often and how soon to retry.
        limits: The limits of concurrency and rate.
        breaker: When to stop sending to a provider that fails.
        account_trouble: Whether messages fail or wait while the provider refuses the account.
        on_ambiguous: What to do with a message that may have been sent.
        not_found_for: Seconds between the two look-ups that must both find nothing before
            `resend_if_not_found` sends a message again.
        prices: What messages cost, for the estimates of `omnimsg plan`.
    """

    provider: str
    base_url: str | None = None
    channel: Channel | None = None
    sender: str | None = attrs.field(default=None, validator=optional(validate.sender))
    senders: dict[Channel, str] = attrs.field(factory=dict, validator=_check_senders)
    templates: dict[str, TemplateMapping] = attrs.field(factory=dict)
    codes: dict[str, CodeChange] = attrs.field(factory=dict)
    extras: FrozenDict[str, Any] = attrs.field(default=EMPTY, converter=freeze)
    retry: RetryPolicy = attrs.field(default=RetryPolicy())
    limits: Limits = attrs.field(default=Limits())
    breaker: Breaker = attrs.field(default=Breaker())
    account_trouble: AccountTrouble = AccountTrouble.FAIL
    on_ambiguous: OnAmbiguous = OnAmbiguous.HOLD
    not_found_for: float = attrs.field(default=NOT_FOUND_FOR, validator=validate.positive)
    prices: Prices = attrs.field(default=Prices())

    def url(self, usual: str) -> str:
        """Return the URL of the API; `usual` if none is given."""
        return usual if self.base_url is None else self.base_url

    def policy(self) -> Policy:
        """Return the policy that the keys describe."""
        network = {each.name: getattr(self, each.name) for each in attrs.fields(Network)}
        return Policy(
            retry=self.retry,
            limits=self.limits,
            breaker=self.breaker,
            account_trouble=self.account_trouble,
            on_ambiguous=self.on_ambiguous,
            not_found_for=self.not_found_for,
            network=Network(**network),
            prices=self.prices,
        )


@attrs.frozen(kw_only=True)
class Config:
    """A loaded configuration.

    Attributes:
        adapters: The adapter of each account, by account name, in the order of the configuration.
        default: The name of the account that is used if none is named.
        own_default: The name of the account that the configuration itself gives as the default;
            `default` is another one if the caller has replaced it.
        callbacks: How callbacks are received.
        policies: The policy of each account, by account name.
        unusable: Why an account that is in neither cannot be used, by account name: a variable or a
            file with one of its values is missing. That is an error only when the account is used.
        routes: The routes of messages that name no account, in order.
        budgets: How many messages, or how much money, may be sent in a time.
    """

    adapters: dict[str, Adapter[Any]]
    default: str
    policies: dict[str, Policy]
    unusable: dict[str, str] = attrs.field(factory=dict)
    callbacks: CallbackOptions = attrs.field(factory=CallbackOptions)
    routes: tuple[Route, ...] = ()
    budgets: tuple[Budget, ...] = ()
    own_default: str = ""
