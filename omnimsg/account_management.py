"""Show, add and remove the accounts of an open client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Adapter
from omnimsg.domain.arguments import require_instance
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.policy import Policy
from omnimsg.operations import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.accounts import Accounts
    from omnimsg.engine.account_builder import AccountBuilder
    from omnimsg.engine.clock import Clock
    from omnimsg.receiving import LateSettlement


class AccountManagement:
    """The part of `Client` that shows, adds and removes accounts."""

    _accounts: Accounts
    _builder: AccountBuilder
    _clock: Clock
    _settlement: LateSettlement

    @property
    def accounts(self) -> Mapping[str, Adapter[Any]]:
        """The adapters by account name; their `capabilities` say what each account can do."""
        return {name: account.adapter for name, account in self._accounts.engines.items()}

    @property
    def default(self) -> str:
        """The name of the account that is used unless another is named."""
        return self._accounts.default

    def add_account(self, adapter: Adapter[Any], *, policy: Policy | None = None) -> None:
        """Add an account, for `send(..., account=name)`; no route uses it.

        Raises:
            ConfigError: There is an account of that name, its policy asks for something that its
                provider cannot do, or the client is closed.
            InvalidValue: An argument is of another type.
        """
        require_instance("adapter", adapter, Adapter, "one of load_config(...).adapters")
        if policy is not None:
            require_instance("policy", policy, Policy, "Policy(retry=RetryPolicy(attempts=2))")
        self._accounts.require_new(adapter.account.name)
        self._accounts.add(self._builder.build(adapter, policy))

    async def remove_account(self, name: str, *, deadline: float = DEADLINE) -> None:
        """Send the messages that wait for an account, wait for answers in flight, and close it.

        From the start of this call, no message can be handed over to it. Messages that have not
        left when the deadline passes are `NotSent` with the reason `CANCELLED`.

        Raises:
            ConfigError: There is no such account, or it is the default one or used by a route.
        """
        until = Deadline.after(deadline, self._clock.monotonic)
        if self._settlement.delivery is not None:
            self._settlement.delivery.keep_receiving(name)
        await self._accounts.remove(name, until)
