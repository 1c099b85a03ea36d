"""Build the accounts of a client from their adapters and policies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.errors import ConfigError
from omnimsg.engine.account import AccountEngine
from omnimsg.engine.attempt.consent_queue import ConsentQueue
from omnimsg.engine.budgets import Budgets
from omnimsg.engine.clock import Clock
from omnimsg.engine.journal import Journal
from omnimsg.engine.limits.rate_limiter import slots_of
from omnimsg.engine.observers import Observers
from omnimsg.engine.policy import Policy, RetryPolicy
from omnimsg.engine.settlement import Settlement
from omnimsg.transport import TransportFactory, TransportOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omnimsg.adapter import Adapter


@attrs.frozen(kw_only=True)
class AccountBuilder:
    """Builds the accounts of one client, also those that are added later.

    Attributes:
        transport: Builds the accounts' transports.
        retry: Replaces the retry policy of every account, where it is given.
        journal: Records every attempt of every account.
        observers: Receive the events of all accounts.
        clock: The clock of all accounts.
        consents: The list of people who must not be texted.
        settlement: Tells when a report names a doubtful message.
        report_url: Returns the URL that receives an account's reports, by the account's name.
        budgets: The budgets that the messages of all accounts count against.
    """

    transport: TransportFactory
    retry: RetryPolicy | None
    journal: Journal | None
    observers: Observers
    clock: Clock
    consents: ConsentQueue | None
    settlement: Settlement | None
    report_url: Callable[[str], str | None]
    budgets: Budgets | None = None

    def build(self, adapter: Adapter[Any], policy: Policy | None) -> AccountEngine:
        """Build one account; no connection is open yet.

        Raises:
            ConfigError: The policy needs an operation that the provider does not have.
        """
        policy = policy or Policy()
        if self.retry is not None:
            policy = attrs.evolve(policy, retry=self.retry)
        return AccountEngine(
            adapter,
            partial(self.transport, transport_options(adapter, policy)),
            policy=policy,
            journal=self.journal,
            observers=self.observers,
            clock=self.clock,
            consents=self.consents,
            settlement=self.settlement,
            report_url=self.report_url(adapter.account.name) if adapter.receives() else None,
            budgets=self.budgets,
        )

    def build_all(
        self, adapters: Iterable[Adapter[Any]], policies: Mapping[str, Policy]
    ) -> dict[str, AccountEngine]:
        """Build accounts, by their names.

        Args:
            adapters: One for each account.
            policies: By account name, where an account has one.

        Raises:
            ConfigError: Two accounts have the same name, or a policy does not fit its provider.
        """
        accounts: dict[str, AccountEngine] = {}
        for adapter in adapters:
            name = adapter.account.name
            if name in accounts:
                raise ConfigError(f"two accounts are called {name!r}")
            accounts[name] = self.build(adapter, policies.get(name))
        return accounts


def transport_options(adapter: Adapter[Any], policy: Policy) -> TransportOptions:
    """Return the options of an account's transport."""
    return TransportOptions(
        base_url=adapter.account.base_url,
        hosts=adapter.hosts,
        authorization=adapter.authorization(),
        connections=slots_of(policy.limits, adapter.capabilities),
        network=policy.network,
    )
