"""Load a configuration from a TOML file or a mapping, and build the adapters of its accounts.

All problems are reported at once, each with the path of its key. An unknown key is an error that
names the nearest known key, so that a typo does not silently select a default. An unresolved
reference (such as a variable that is not set) is an error only when its account is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.adapter import Account, Adapter
from omnimsg.config.base_url import base_url_problem, is_this_machine
from omnimsg.config.concealment import conceal, secret_keys, secret_texts
from omnimsg.config.converter import converter_for
from omnimsg.config.model import AccountTable, Config
from omnimsg.config.plugins import InstalledProviders
from omnimsg.config.references import (
    Unresolved,
    is_reference,
    resolve_references,
    warn_if_readable_by_everybody,
)
from omnimsg.config.routes import load_budgets, load_routes
from omnimsg.config.toml_file import read_toml
from omnimsg.delivery.options import CallbackOptions
from omnimsg.domain.errors import ConfigError, InvalidValue, Problem
from omnimsg.domain.message_id import is_account_name
from omnimsg.domain.structuring import structure, unknown_choice, unknown_key
from omnimsg.domain.validate import kind_of

if TYPE_CHECKING:
    import cattrs

    from omnimsg.engine.policy import Policy

T = TypeVar("T")

_TOP_LEVEL_KEYS = ("accounts", "budgets", "callbacks", "default", "routes")
_COMMON_KEYS = frozenset(field.name for field in attrs.fields(AccountTable))


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
        Problem(str(key), unknown_key(str(key), _TOP_LEVEL_KEYS))
        for key in data
        if key not in _TOP_LEVEL_KEYS
    ]
    tables = data.get("accounts")
    if not isinstance(tables, Mapping) or not tables:
        problems.append(Problem("accounts", "needs at least one table such as [accounts.main]"))
        tables = {}
    if default is not None and tables and default not in list(tables):  # it may have no hash
        raise ConfigError(f"no account {default!r}: {unknown_choice(default, map(str, tables))}")
    own_default = _default(data, tables, folder) if tables else ""
    chosen = own_default if default is None else default
    adapters: dict[str, Adapter[Any]] = {}
    policies: dict[str, Policy] = {}
    unusable: dict[str, str] = {}
    providers = InstalledProviders()
    for name, table in tables.items():
        try:
            adapters[name], policies[name] = _load_account(
                name, table, folder=folder, providers=providers
            )
        except _IncompleteAccount as error:
            if name == chosen:
                problems.extend(error.problems)
            unusable[name] = "\n".join(f"{where}: {each}" for each in error.problems)
        except InvalidValue as error:
            problems.extend(error.problems)
    callbacks = _load_callbacks(data, folder, problems)
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
        callbacks=callbacks or CallbackOptions(),
        routes=routes,
        budgets=budgets,
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
    if tables and default not in list(tables):
        return Problem("default", str(unknown_choice(default, map(str, tables))))
    return str(default)


def _load_callbacks(
    data: Mapping[str, Any], folder: Path, problems: list[Problem]
) -> CallbackOptions | None:
    """Load the table `[callbacks]`; add its problems to the list."""
    table = data.get("callbacks", {})
    if not isinstance(table, Mapping):
        problems.append(Problem("callbacks", "must be a table"))
        return None
    try:
        values = resolve_references(table, folder=folder)
    except ValueError as error:
        problems.append(Problem("callbacks", str(error)))
        return None
    known = {field.name for field in attrs.fields(CallbackOptions)}
    unknown = [key for key in values if key not in known]
    problems += [Problem(f"callbacks.{key}", unknown_key(str(key), known)) for key in unknown]
    own = {key: value for key, value in values.items() if key in known}
    return _structure_collecting(problems, converter_for(folder), CallbackOptions, own, "callbacks")


class _IncompleteAccount(InvalidValue):
    """An account whose only problems are unresolved references."""


def _load_account(
    name: object, table: object, *, folder: Path, providers: InstalledProviders
) -> tuple[Adapter[Any], Policy]:
    """Load one account.

    Raises:
        InvalidValue: The account has problems; the error contains all of them.
    """
    path = f"accounts.{name}"
    if not isinstance(name, str) or not is_account_name(name):
        raise InvalidValue(
            Problem(
                path,
                "a name has letters, digits, '.', '_' and '-' only, at most 64, and begins with a"
                " letter or a digit",
            )
        )
    if not isinstance(table, Mapping):
        raise InvalidValue(Problem(path, "must be a table"))
    try:
        values = resolve_references(table, folder=folder)
    except ValueError as error:
        raise InvalidValue(Problem(path, str(error))) from None
    converter = converter_for(folder)
    adapter_class = _adapter_class(providers, converter, values.get("provider"), path)
    secrets = secret_keys(adapter_class.settings, "proxy")
    try:
        adapter, policy = _build_adapter(name, values, adapter_class, converter)
    except InvalidValue as error:
        hidden = secret_texts(values, secrets)
        missing = {each.why for each in _unresolved(values)}
        kind = _IncompleteAccount if missing.issuperset(_problem_texts(error)) else InvalidValue
        raise kind(*(conceal(each, hidden) for each in error.problems)) from None
    except (ConfigError, ValueError) as error:
        problem_path, why = path, str(error)
        if why.startswith(path):
            problem_path, _, why = why.partition(" ")
        problem = conceal(Problem(problem_path, why), secret_texts(values, secrets))
        raise InvalidValue(problem) from None
    for key in secrets:
        value = table.get(key)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and each.startswith("file:"):
                warn_if_readable_by_everybody(folder / each.removeprefix("file:"))
    return adapter, policy


def _build_adapter(
    name: str,
    values: dict[str, Any],
    adapter_class: type[Adapter[Any]],
    converter: cattrs.Converter,
) -> tuple[Adapter[Any], Policy]:
    """Check the keys of an account and build its adapter.

    Raises:
        InvalidValue: The account has problems; the error contains all of them.
        ConfigError, ValueError: The adapter refuses the account.
    """
    path = f"accounts.{name}"
    common = {key: value for key, value in values.items() if key in _COMMON_KEYS}
    known = frozenset(field.name for field in attrs.fields(adapter_class.settings) if field.init)
    problems = [
        Problem(f"{path}.{key}", unknown_key(key, known | _COMMON_KEYS))
        for key in values
        if key not in known | _COMMON_KEYS
    ]
    shared = _structure_collecting(problems, converter, AccountTable, common, path)
    own = {key: value for key, value in values.items() if key in known - _COMMON_KEYS}
    settings: Any = _structure_collecting(problems, converter, adapter_class.settings, own, path)
    if shared is not None:
        problems += _problems_of(shared, adapter_class, path)
    if problems or shared is None:
        raise InvalidValue(*problems)
    account: Account[Any] = Account(
        name=name,
        settings=settings,
        base_url=(shared.base_url or adapter_class.base_url).rstrip("/"),
        channel=shared.channel,
        sender=shared.sender,
        senders=shared.senders,
        templates=shared.templates,
        codes={_split_code(key): change.changes() for key, change in shared.codes.items()},
        extras=shared.extras,
    )
    adapter = adapter_class(account)
    problems += _unusable_defaults(adapter, path)
    if problems:
        raise InvalidValue(*problems)
    return adapter, shared.policy()


def _unusable_defaults(adapter: Adapter[Any], path: str) -> Iterator[Problem]:
    """Yield the problems of the account's own channel and sender, which no message could use."""
    channel, usable = adapter.account.channel, adapter.usable_channels()
    if channel is not None and channel not in usable:
        names = ", ".join(sorted(usable))
        yield Problem(f"{path}.channel", f"is not one that the account can send on; use {names}")
        return
    why = adapter.sender_problem()
    if why is not None:
        yield Problem(f"{path}.sender", why)


def _holds_secrets(adapter: Adapter[Any], table: Mapping[str, Any]) -> bool:
    """Return whether a table contains literal secrets; a sandbox's public ones do not count."""
    return not is_this_machine(adapter.account.base_url) and any(
        key in table and not is_reference(table[key])
        for key in secret_keys(adapter.settings, "proxy")
    )


def _unresolved(value: object) -> Iterator[Unresolved]:
    if isinstance(value, Unresolved):
        yield value
    for each in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _unresolved(each)


def _problem_texts(error: InvalidValue) -> set[str]:
    return {each.why for each in error.problems}


def _adapter_class(
    providers: InstalledProviders, converter: cattrs.Converter, provider: object, path: str
) -> type[Adapter[Any]]:
    if provider is None:
        known = f"installed are {', '.join(providers.names())}"
        raise InvalidValue(Problem(f"{path}.provider", f"is missing; {known}"))
    name = structure(converter, str, provider, f"{path}.provider")
    try:
        return providers.adapter(name)
    except ConfigError as error:
        raise InvalidValue(Problem(f"{path}.provider", str(error))) from error


def _structure_collecting(
    problems: list[Problem], converter: cattrs.Converter, kind: type[T], data: object, path: str
) -> T | None:
    """Structure data; on failure, add its problems to the list and return `None`."""
    try:
        return structure(converter, kind, data, path)
    except InvalidValue as error:
        problems.extend(error.problems)
        return None


def _problems_of(
    shared: AccountTable, adapter_class: type[Adapter[Any]], path: str
) -> list[Problem]:
    """Find the problems of values that have the right type."""
    problems = []
    base_url = shared.base_url or adapter_class.base_url
    why = base_url_problem(base_url, allow_http=shared.allow_http)
    if why is not None:
        problems.append(Problem(f"{path}.base_url", why))
    try:
        shared.tls_context()
    except (OSError, ValueError) as error:
        why = f"the file {shared.ca_file} has no certificate that can be read"
        problems.append(Problem(f"{path}.ca_file", f"{why} ({type(error).__name__})"))
    levels = {row.level for row in adapter_class.codes}
    for key, change in shared.codes.items():
        code, level = _split_code(key)
        where = f"{path}.codes.{key}"
        if not code or level not in levels:
            why = f"must be LEVEL:CODE, with a level of {', '.join(sorted(levels))}"
            problems.append(Problem(where, why))
        elif adapter_class.codes.get(code, level) is None and None in (
            change.reason,
            change.verdict,
        ):
            problems.append(
                Problem(where, "is not a known code; a new one needs reason and verdict")
            )
    return problems


def _split_code(key: str) -> tuple[str, str]:
    """Split `level:code` into the code and the level."""
    level, _, code = key.partition(":")
    return code, level
