"""Build the accounts of a client from their adapters and policies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain.errors import ConfigError
from omnimsg.engine.account import AccountEngine
from omnimsg.engine.budgets import Budgets
from omnimsg.engine.clock import Clock
from omnimsg.engine.journal import Journal
from omnimsg.engine.limits.rate_limiter import slots_of
from omnimsg.engine.observers import Observers
from omnimsg.engine.policy import Policy, RetryPolicy
from omnimsg.engine.settlement import Settlement
from omnimsg.engine.suppression import Suppression
from omnimsg.transport import TransportFactory, TransportOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omnimsg.adapter import Adapter


@attrs.frozen(kw_only=True)
class AccountBuilder:
    """Builds the accounts of one client, now and later.

    Attributes:
        transport: Builds their transports.
        retry: In the place of their policies' own, where it is given.
        journal: Records every attempt of every account.
        observers: Told what happens to all of them.
        clock: The clock that everything reads.
        suppression: Knows who must not be texted.
        settlement: Tells of doubtful messages that a report names.
        report_url: Returns where reports of an account are received, by its name.
        budgets: What messages of all accounts count against.
    """

    transport: TransportFactory
    retry: RetryPolicy | None
    journal: Journal | None
    observers: Observers
    clock: Clock
    suppression: Suppression | None
    settlement: Settlement | None
    report_url: Callable[[str], str | None]
    budgets: Budgets | None = None

    def build(self, adapter: Adapter[Any], policy: Policy | None) -> AccountEngine:
        """Build one account; nothing of it is open yet.

        Raises:
            ConfigError: The policy asks for what the provider cannot do.
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
            suppression=self.suppression,
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
            ConfigError: Two accounts have the same name, or a policy cannot be.
        """
        accounts: dict[str, AccountEngine] = {}
        for adapter in adapters:
            name = adapter.account.name
            if name in accounts:
                raise ConfigError(f"two accounts are called {name!r}")
            accounts[name] = self.build(adapter, policies.get(name))
        return accounts


def transport_options(adapter: Adapter[Any], policy: Policy) -> TransportOptions:
    """Return what the transport of an account is built from."""
    return TransportOptions(
        base_url=adapter.account.base_url,
        hosts=adapter.hosts,
        authorization=adapter.authorization(),
        connections=slots_of(policy.limits, adapter.capabilities),
        network=policy.network,
    )
