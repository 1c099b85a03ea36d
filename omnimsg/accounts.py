"""The accounts of a client, by name, and the routes through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from omnimsg.config import providers_with
from omnimsg.domain.errors import ConfigError, Unsupported
from omnimsg.domain.structuring import no_account
from omnimsg.routing.problems import (
    problems_of,
    problems_of_budgets,
    problems_of_policies,
    problems_of_senders,
)
from omnimsg.routing.router import Router
from omnimsg.routing.table import RouteTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omnimsg.adapter import Operation
    from omnimsg.engine.account import AccountEngine
    from omnimsg.engine.budgets import Budget
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.observers import Observers
    from omnimsg.engine.policy import Policy
    from omnimsg.routing import Route


class Accounts:
    """The accounts of a client, by name.

    Args:
        engines: The accounts that can be used.
        default: The account that is used unless another is named; needed with several.
        unusable: The errors for using the other accounts, by account name.
        routes: The routes of messages that name no account.
        policies: The policies of the accounts, by name.
        budgets: The budgets of the client.
        now: Reads the monotonic clock, seconds.
        observers: Notified of outcomes that no account reports.

    Attributes:
        engines: The accounts that can be used.
        default: The name of the account that is used unless another is named.
        unnamed: Where messages go that name no account: the routes, or without any the default
            account itself, so that routing costs nothing.
        unusable: The errors for using the other accounts, by account name.

    Raises:
        ConfigError: There is no account, or the default one is missing; a route, a policy or a
            budget names an account that does not exist, or a route one that must not be in it; no
            account of a route takes the route's sender.
    """

    def __init__(  # noqa: PLR0913 - the parts of a client, given by name
        self,
        engines: Mapping[str, AccountEngine],
        *,
        default: str | None,
        unusable: Mapping[str, str],
        routes: Sequence[Route],
        policies: Mapping[str, Policy],
        budgets: Sequence[Budget],
        now: Callable[[], float],
        observers: Observers,
    ) -> None:
        if not engines:
            raise ConfigError("a client needs at least one account")
        if default is None and len(engines) > 1:
            raise ConfigError(f"name the default account: {', '.join(engines)}")
        self.engines: dict[str, AccountEngine] = dict(engines)
        self.unusable: Mapping[str, str] = unusable
        # Removed, and not closed yet: some of their messages are still on their way.
        self._leaving: list[AccountEngine] = []
        self._routes = routes
        names = {*engines, *unusable}
        problems = [
            *problems_of_policies(policies, names),
            *problems_of(routes, names, policies),
            *problems_of_senders(routes, {name: each.adapter for name, each in engines.items()}),
            *problems_of_budgets(budgets, names),
        ]
        if problems:
            raise ConfigError("\n".join(map(str, problems)))
        self._is_closed = False
        self.default: str = default if default is not None else next(iter(engines))
        self._table: RouteTable | None = None
        self.unnamed: AccountEngine | Router = self.get(self.default)
        if routes:
            self._table = RouteTable(
                routes, self.engines, unusable=unusable, default=self.unnamed, now=now
            )
            self.unnamed = Router(self._table, now=now, observers=observers)

    def get(self, name: str | None) -> AccountEngine:
        """Return an account; the default one if the name is `None`.

        Raises:
            ConfigError: There is no such account, or its values are missing.
        """
        try:
            return self.engines[self.default if name is None else name]
        except (KeyError, TypeError):  # what cannot be a key is no name either
            if isinstance(name, str) and name in self.unusable:
                raise ConfigError(self.unusable[name]) from None
            raise ConfigError(no_account(name, self.engines)) from None

    def provider_of(self, name: str) -> str | None:
        """Return the provider of an account; `None` if there is no such account any more."""
        engine = self.engines.get(name)
        return None if engine is None else engine.adapter.provider

    def target(self, name: str | None) -> AccountEngine | Router:
        """Return where messages are handed over: an account; `unnamed` if the name is `None`.

        Raises:
            ConfigError: There is no such account, or its values are missing.
        """
        return self.unnamed if name is None else self.get(name)

    async def aclose(self, deadline: Deadline) -> None:
        """Close the routes and the accounts; messages that wait are sent until the deadline."""
        self._is_closed = True
        if self._table is not None:
            self._table.close_limits()
        async with anyio.create_task_group() as closing:
            for account in (*self.engines.values(), *self._leaving):
                closing.start_soon(account.aclose, deadline)

    def take_back(self, reference: str) -> None:
        """End the queued messages with a reference whose callers are gone, at every account."""
        for account in (*self.engines.values(), *self._leaving):
            account.take_back(reference)

    def require_new(self, name: str) -> None:
        """Refuse a name that an account has already, and every name once the client is closed.

        Raises:
            ConfigError: An account has it, or the client is closed.
        """
        if self._is_closed:
            raise ConfigError(f"account {name!r} cannot be added: the client is closed")
        if name in self.engines:
            raise ConfigError(f"two accounts are called {name!r}")

    def add(self, account: AccountEngine) -> None:
        """Add an account with a new name."""
        self.engines[account.name] = account

    async def remove(self, name: str, deadline: Deadline) -> None:
        """Remove an account, and close it; messages that wait are sent until the deadline.

        Raises:
            ConfigError: There is no such account, or it is the default one or used by a route.
        """
        account = self.get(name)
        if account.name == self.default:
            raise ConfigError(f"account {account.name!r} is the default account")
        for number, route in enumerate(self._routes):
            if name in route.accounts:
                raise ConfigError(f"account {name!r} is used by routes[{number}]")
        del self.engines[name]
        self._leaving.append(account)
        try:
            await account.aclose(deadline)
        finally:
            self._leaving.remove(account)

    def with_operation(self, name: str | None, operation: Operation) -> AccountEngine:
        """Return an account whose provider has an operation.

        Raises:
            ConfigError: There is no such account, or its values are missing.
            Unsupported: Its provider has no such operation.
        """
        account = self.get(name)
        if operation not in account.operations:
            raise Unsupported(
                f"account {account.name!r}: {account.adapter.provider} has no operation"
                f" {operation.value!r}; {providers_with(operation)}"
            )
        return account
