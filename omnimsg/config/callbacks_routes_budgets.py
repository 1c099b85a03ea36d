"""Load the tables of a configuration beside its accounts: callbacks, routes and budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.config.account_loading import structure_collecting
from omnimsg.config.converter import converter_for
from omnimsg.config.references import resolve_references
from omnimsg.delivery.options import CallbackOptions
from omnimsg.domain.errors import Problem
from omnimsg.domain.structuring import unknown_key_problem
from omnimsg.engine.budgets import Budget
from omnimsg.routing import Route
from omnimsg.routing.problems import problems_of, problems_of_budgets

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from omnimsg.engine.policy import Policy

T = TypeVar("T")


def load_callbacks(
    data: Mapping[str, Any], problems: list[Problem], *, folder: Path
) -> CallbackOptions:
    """Load the table `[callbacks]`; see `load_routes`."""
    table = data.get("callbacks", {})
    if not isinstance(table, Mapping):
        problems.append(Problem("callbacks", "must be a table"))
        return CallbackOptions()
    known = {field.name for field in attrs.fields(CallbackOptions)}
    unknown = [key for key in table if key not in known]
    problems += [unknown_key_problem("callbacks", str(key), known) for key in unknown]
    own = {key: value for key, value in table.items() if key in known}
    return _load_table(own, "callbacks", CallbackOptions, problems, folder) or CallbackOptions()


def load_routes(
    data: Mapping[str, Any],
    problems: list[Problem],
    *,
    accounts: Collection[str],
    policies: Mapping[str, Policy],
    folder: Path,
) -> tuple[Route, ...]:
    """Load the tables `[[routes]]`.

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
    """Load the tables `[[budgets]]`; see `load_routes`."""
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
    found = [
        _load_table(table, f"{key}[{number}]", kind, problems, folder)
        for number, table in enumerate(tables)
    ]
    return tuple(each for each in found if each is not None)


def _load_table(
    table: object, path: str, kind: type[T], problems: list[Problem], folder: Path
) -> T | None:
    try:
        values = resolve_references(table, folder=folder)
    except ValueError as error:
        problems.append(Problem(path, str(error)))
        return None
    return structure_collecting(problems, converter_for(folder), kind, values, path)
