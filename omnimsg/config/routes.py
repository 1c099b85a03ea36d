"""Load the lists of tables in a configuration: `[[routes]]` and `[[budgets]]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from omnimsg.config.converter import converter_for
from omnimsg.config.references import resolve_references
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.structuring import structure
from omnimsg.engine.budgets import Budget
from omnimsg.routing import Route
from omnimsg.routing.problems import problems_of, problems_of_budgets

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from omnimsg.engine.policy import Policy

T = TypeVar("T")


def load_routes(
    data: Mapping[str, Any],
    problems: list[Problem],
    *,
    accounts: Collection[str],
    policies: Mapping[str, Policy],
    folder: Path,
) -> tuple[Route, ...]:
    """Load the routes.

    Args:
        data: The content of the configuration.
        problems: The list to add problems to.
        accounts: The names of all accounts.
        policies: The policies of usable accounts, by account name.
        folder: The folder that a relative path starts from.
    """
    wrong: list[Problem] = []
    routes = _load_list(data, "routes", Route, wrong, folder)
    problems += wrong or problems_of(routes, accounts, policies)
    return routes


def load_budgets(
    data: Mapping[str, Any], problems: list[Problem], *, accounts: Collection[str], folder: Path
) -> tuple[Budget, ...]:
    """Load the budgets; see `load_routes`."""
    wrong: list[Problem] = []
    budgets = _load_list(data, "budgets", Budget, wrong, folder)
    problems += wrong or problems_of_budgets(budgets, accounts)
    return budgets


def _load_list(
    data: Mapping[str, Any], key: str, kind: type[T], problems: list[Problem], folder: Path
) -> tuple[T, ...]:
    tables = data.get(key, [])
    if not isinstance(tables, list):
        problems.append(Problem(key, f"must be tables such as [[{key}]]"))
        return ()
    found: list[T] = []
    for number, table in enumerate(tables):
        path = f"{key}[{number}]"
        try:
            values = resolve_references(table, folder=folder)
            found.append(structure(converter_for(folder), kind, values, path))
        except InvalidValue as error:
            problems += error.problems
        except ValueError as error:
            problems.append(Problem(path, str(error)))
    return tuple(found)
