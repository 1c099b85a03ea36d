"""Load a configuration from a TOML file or a mapping.

All problems are reported at once, each with the path of its key. An unknown key is an error that
names the nearest known key, so that a typo does not silently select a default. An unresolved
reference (such as a variable that is not set) is an error only when its account is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.config.account_loading import IncompleteAccount, load_account
from omnimsg.config.base_url import is_this_machine
from omnimsg.config.callbacks_routes_budgets import load_budgets, load_callbacks, load_routes
from omnimsg.config.concealment import secret_keys
from omnimsg.config.model import Config
from omnimsg.config.plugins import InstalledProviders
from omnimsg.config.references import (
    Unresolved,
    is_reference,
    resolve_references,
    warn_if_readable_by_everybody,
)
from omnimsg.config.toml_file import read_toml
from omnimsg.domain.errors import ConfigError, InvalidValue, Problem
from omnimsg.domain.structuring import no_account, unknown_choice, unknown_key_problem
from omnimsg.domain.validate import kind_of

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter
    from omnimsg.engine.policy import Policy

_TOP_LEVEL_KEYS = ("accounts", "budgets", "callbacks", "default", "routes")


def load_config(
    source: str | os.PathLike[str] | Mapping[str, Any] | Config, *, default: str | None = None
) -> Config:
    """Load a configuration.

    Args:
        source: The path of a TOML file, a mapping with the content of one, or a loaded `Config`.
        default: The account to use as the default, in place of the configured one.

    Raises:
        ConfigError: The file cannot be read, or a key is missing, unknown or wrong.
    """
    if isinstance(source, Config):
        return source if default is None else attrs.evolve(source, default=default)
    if isinstance(source, Mapping):
        return config_from_mapping(source, where="configuration", folder=Path(), default=default)
    given: object = source
    if not isinstance(given, (str, os.PathLike)):
        why = "must be the path of a TOML file, or a mapping with the content of one"
        raise ConfigError(f"configuration: {why}, not {kind_of(given)}")
    path = Path(source)
    data = read_toml(path)
    config = config_from_mapping(data, where=str(path), folder=path.parent, default=default)
    if any(_holds_secrets(adapter, data["accounts"][n]) for n, adapter in config.adapters.items()):
        warn_if_readable_by_everybody(path)
    return config


def config_from_mapping(
    data: Mapping[str, Any], *, where: str, folder: Path, default: str | None = None
) -> Config:
    """Load a configuration from a mapping.

    Args:
        data: The content of the configuration.
        where: The name of the configuration in error texts.
        folder: The folder that a relative path starts from.
        default: The account to use as the default, in place of the configured one.

    Raises:
        ConfigError: A key is missing, unknown or wrong.
    """
    problems = [
        unknown_key_problem("", str(key), _TOP_LEVEL_KEYS)
        for key in data
        if key not in _TOP_LEVEL_KEYS
    ]
    tables = data.get("accounts")
    if not isinstance(tables, Mapping) or not tables:
        problems.append(Problem("accounts", "needs at least one table such as [accounts.main]"))
        tables = {}
    if default is not None and tables and default not in list(tables):  # it may have no hash
        raise ConfigError(no_account(default, map(str, tables)))
    own_default = _default(data, tables, folder) if tables else ""
    chosen = own_default if default is None else default
    adapters: dict[str, Adapter[Any]] = {}
    policies: dict[str, Policy] = {}
    unusable: dict[str, str] = {}
    providers = InstalledProviders()
    for name, table in tables.items():
        try:
            adapters[name], policies[name] = load_account(
                name, table, folder=folder, providers=providers
            )
        except IncompleteAccount as error:
            if name == chosen:
                problems.extend(error.problems)
            unusable[name] = "\n".join(f"{where}: {each}" for each in error.problems)
        except InvalidValue as error:
            problems.extend(error.problems)
    callbacks = load_callbacks(data, problems, folder=folder)
    if isinstance(own_default, Problem):
        problems.append(own_default)
    names = list(map(str, tables))
    routes = load_routes(data, problems, accounts=names, policies=policies, folder=folder)
    budgets = load_budgets(data, problems, accounts=names, folder=folder)
    if problems:
        raise ConfigError("\n".join(f"{where}: {each}" for each in problems))
    return Config(
        adapters=adapters,
        default=str(chosen),
        policies=policies,
        unusable=unusable,
        callbacks=callbacks,
        routes=routes,
        budgets=budgets,
        own_default=str(own_default),
    )


def _default(data: Mapping[str, Any], tables: Mapping[str, Any], folder: Path) -> str | Problem:
    """Return the name of the configured default account, or the problem with it."""
    default = data.get("default")
    if default is None:
        if len(tables) == 1:
            (name,) = tables
            return str(name)
        names = ", ".join(map(str, tables))
        return Problem("default", f"name the account to use: {names}")
    if isinstance(default, str):
        default = resolve_references(default, folder=folder)
        if isinstance(default, Unresolved):
            return Problem("default", default.why)
    if default not in list(tables):
        return Problem("default", str(unknown_choice(default, map(str, tables))))
    return str(default)


def _holds_secrets(adapter: Adapter[Any], table: Mapping[str, Any]) -> bool:
    """Return whether a table contains literal secrets; a sandbox's public ones do not count."""
    return not is_this_machine(adapter.account.base_url) and any(
        key in table and not is_reference(table[key]) for key in secret_keys(adapter.settings)
    )
