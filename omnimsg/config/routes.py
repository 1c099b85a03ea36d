"""Load the routes of a configuration: the tables `[[routes]]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.config.converter import converter_for
from omnimsg.config.references import resolve_references
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.structuring import structure
from omnimsg.routing import Route
from omnimsg.routing.problems import problems_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from omnimsg.engine.policy import Policy


def load_routes(
    tables: object,
    *,
    accounts: Collection[str],
    policies: Mapping[str, Policy],
    folder: Path,
) -> tuple[tuple[Route, ...], list[Problem]]:
    """Load routes.

    Args:
        tables: What the configuration has as `routes`.
        accounts: The names of all accounts.
        policies: By account name, for the accounts that can be used.
        folder: The folder that a relative `file:` starts from.

    Returns:
        The routes, and what is wrong with them.
    """
    if not isinstance(tables, list):
        return (), [Problem("routes", "must be tables such as [[routes]]")]
    routes: list[Route] = []
    problems: list[Problem] = []
    for number, table in enumerate(tables):
        path = f"routes[{number}]"
        try:
            values = resolve_references(table, folder=folder)
            routes.append(structure(converter_for(folder), Route, values, path))
        except InvalidValue as error:
            problems += error.problems
        except ValueError as error:
            problems.append(Problem(path, str(error)))
    if not problems:
        problems += problems_of(routes, accounts, policies)
    return tuple(routes), problems
