"""Find the problems of a client's arguments that only show together with its accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.adapter.senders import sender_channels
from omnimsg.domain.errors import Problem
from omnimsg.domain.structuring import no_account
from omnimsg.engine.policy import AccountTrouble

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from omnimsg.adapter import Adapter
    from omnimsg.engine.budgets import Budget
    from omnimsg.engine.policy import Policy
    from omnimsg.routing.route import Route


def problems_of(
    routes: Sequence[Route], accounts: Collection[str], policies: Mapping[str, Policy]
) -> Iterator[Problem]:
    """Find the problems of routes, each with the path of its key.

    Args:
        routes: The routes of a client, in order.
        accounts: The names of all accounts, including those that cannot be used.
        policies: By account name, where an account has one.
    """
    names: dict[str, int] = {}
    takes_all: int | None = None
    for number, route in enumerate(routes):
        path = f"routes[{number}]"
        if takes_all is not None:
            why = f"is never reached: routes[{takes_all}] takes every message"
            yield Problem(path, why)
        elif route.match.takes_all:
            takes_all = number
        if route.name and names.setdefault(route.name, number) != number:
            yield Problem(f"{path}.name", f"is the name of routes[{names[route.name]}] too")
        for index, name in enumerate(route.accounts):
            where = f"{path}.accounts[{index}]"
            policy = policies.get(name)
            if name not in accounts:
                yield _unknown(where, name, accounts)
            elif policy is not None and policy.account_trouble is AccountTrouble.HOLD:
                yield Problem(
                    where,
                    f"accounts.{name}.account_trouble is hold: messages would wait for this"
                    " account instead of going to the next one; use fail, or leave it out",
                )


def problems_of_senders(
    routes: Sequence[Route], adapters: Mapping[str, Adapter[Any]]
) -> Iterator[Problem]:
    """Find the senders of routes that no account of the route can carry.

    Each message that names no sender would be refused for one that its caller has not set.

    Args:
        routes: The routes of a client, in order.
        adapters: By account name; a route with an account that cannot be used is left out.
    """
    for number, route in enumerate(routes):
        known = [adapters[name] for name in route.accounts if name in adapters]
        if route.sender is None or len(known) < len(route.accounts):
            continue
        channels = {
            c for each in known for c in sender_channels(each.channels(), each.capabilities)
        }
        if not (channels.intersection(route.match.channels) if route.match.channels else channels):
            yield Problem(
                f"routes[{number}].sender",
                "cannot be used: none of its accounts takes a sender on a channel of its messages;"
                " leave it out",
            )


def problems_of_budgets(budgets: Sequence[Budget], accounts: Collection[str]) -> Iterator[Problem]:
    """Find names that two budgets share, and accounts that do not exist.

    An outcome names the budget that refused its message, so a name must stand for one budget. One
    that counts an unknown account alone would limit nothing.

    Args:
        budgets: The budgets of a client, in order.
        accounts: The names of all accounts, including those that cannot be used.
    """
    names: dict[str, int] = {}
    for number, budget in enumerate(budgets):
        first = names.setdefault(budget.name, number)
        if first != number:
            yield Problem(f"budgets[{number}].name", f"is the name of budgets[{first}] too")
        for index, name in enumerate(budget.accounts):
            if name not in accounts:
                yield _unknown(f"budgets[{number}].accounts[{index}]", name, accounts)


def problems_of_policies(
    policies: Mapping[str, Policy], accounts: Collection[str]
) -> Iterator[Problem]:
    """Find the policies of accounts that do not exist: such a policy would apply to nothing.

    Args:
        policies: By account name.
        accounts: The names of all accounts, including those that cannot be used.
    """
    for name in policies:
        if name not in accounts:
            yield _unknown(f"policies[{name!r}]", name, accounts)


def _unknown(path: str, name: str, accounts: Collection[str]) -> Problem:
    return Problem(path, no_account(name, accounts))
