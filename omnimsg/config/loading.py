"""Load a configuration from a TOML file or a mapping, and build the adapters of its accounts.

All problems are reported at once, each with the path of its key. An unknown key is an error that
names the nearest known key, so that a typing error does not silently select a default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import attrs

from omnimsg.adapter import Account, Adapter, to_plain
from omnimsg.config.converter import converter_for
from omnimsg.config.model import AccountTable, Config
from omnimsg.config.plugins import load_adapter, provider_names
from omnimsg.domain.errors import ConfigError, InvalidValue, Problem
from omnimsg.domain.message_id import is_account_name
from omnimsg.domain.structuring import structure, unknown_choice, unknown_key
from omnimsg.transport.loopback import is_loopback

if TYPE_CHECKING:
    import os

    import cattrs

    from omnimsg.engine.policy import Policy

T = TypeVar("T")

_TOP_LEVEL_KEYS = ("accounts", "default")
_COMMON_KEYS = frozenset(field.name for field in attrs.fields(AccountTable))


def load_config(source: str | os.PathLike[str] | Mapping[str, Any]) -> Config:
    """Load a configuration.

    Args:
        source: The path of a TOML file, or a mapping with the content of one.

    Raises:
        ConfigError: The file cannot be read, or a key is missing, unknown or wrong.
    """
    if isinstance(source, Mapping):
        return config_from_mapping(source, where="configuration", folder=Path())
    path = Path(source)
    return config_from_mapping(read_toml(path), where=str(path), folder=path.parent)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: The file does not exist, cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; `omnimsg sandbox --print-config > {path}` makes a first one"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({type(error).__name__})") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None


def config_from_mapping(data: Mapping[str, Any], *, where: str, folder: Path) -> Config:
    """Load a configuration from a mapping.

    Args:
        data: The content of the configuration.
        where: The name of the configuration in error texts.
        folder: The folder that a relative `file:` starts from.

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
    adapters: dict[str, Adapter[Any]] = {}
    policies: dict[str, Policy] = {}
    for name, table in tables.items():
        try:
            adapters[name], policies[name] = _load_account(name, table, folder=folder)
        except InvalidValue as error:
            problems.extend(error.problems)
    default = data.get("default")
    if default is None and len(tables) == 1:
        (default,) = tables
    if tables and default is None:
        names = ", ".join(map(str, tables))
        problems.append(Problem("default", f"name the account to use: {names}"))
    elif tables and default not in list(tables):
        problems.append(Problem("default", str(unknown_choice(default, map(str, tables)))))
    if problems:
        raise ConfigError("\n".join(f"{where}: {each}" for each in problems))
    return Config(adapters=adapters, default=str(default), policies=policies)


def _load_account(name: object, table: object, *, folder: Path) -> tuple[Adapter[Any], Policy]:
    """Load one account.

    Raises:
        InvalidValue: Something is wrong; it holds every problem of the account.
    """
    path = f"accounts.{name}"
    if not isinstance(name, str) or not is_account_name(name):
        raise InvalidValue(Problem(path, "a name has letters, digits, '.', '_' and '-' only"))
    if not isinstance(table, Mapping):
        raise InvalidValue(Problem(path, "must be a table"))
    values = {str(key): to_plain(value) for key, value in table.items()}
    common = {key: values.pop(key) for key in list(values) if key in _COMMON_KEYS}
    converter = converter_for(folder)
    adapter_class = _adapter_class(converter, common.get("provider"), path)
    known = frozenset(field.name for field in attrs.fields(adapter_class.settings))
    problems = [
        Problem(f"{path}.{key}", unknown_key(key, known | _COMMON_KEYS))
        for key in values
        if key not in known
    ]
    shared = _structure_collecting(problems, converter, AccountTable, common, path)
    own = {key: value for key, value in values.items() if key in known}
    settings: Any = _structure_collecting(problems, converter, adapter_class.settings, own, path)
    if shared is not None:
        problems += _problems_of(shared, adapter_class, path)
    if problems or shared is None:
        raise InvalidValue(*problems)
    account = Account(
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
    try:
        return adapter_class(account), shared.policy()
    except (ConfigError, ValueError) as error:
        problem_path, why = path, str(error)
        if why.startswith(path):
            problem_path, _, why = why.partition(" ")
        raise InvalidValue(Problem(problem_path, why)) from error


def _adapter_class(converter: cattrs.Converter, provider: object, path: str) -> type[Adapter[Any]]:
    if provider is None:
        raise InvalidValue(Problem(f"{path}.provider", f"is missing; {_known_providers()}"))
    name = structure(converter, str, provider, f"{path}.provider")
    try:
        return load_adapter(name)
    except ConfigError as error:
        raise InvalidValue(Problem(f"{path}.provider", str(error))) from error


def _known_providers() -> str:
    return f"installed are {', '.join(provider_names())}"


def _structure_collecting(
    problems: list[Problem], converter: cattrs.Converter, kind: type[T], data: object, path: str
) -> T | None:
    """Structure data; where that fails, add its problems to the list and return `None`."""
    try:
        return structure(converter, kind, data, path)
    except InvalidValue as error:
        problems.extend(error.problems)
        return None


def _problems_of(
    shared: AccountTable, adapter_class: type[Adapter[Any]], path: str
) -> list[Problem]:
    """Find the problems that the type of a value does not show."""
    problems = []
    why = _base_url_problem(shared.base_url or adapter_class.base_url)
    if why is not None:
        problems.append(Problem(f"{path}.base_url", why))
    levels = {row.level for row in adapter_class.codes}
    for key, change in shared.codes.items():
        code, level = _split_code(key)
        where = f"{path}.codes.{key}"
        if not code or level not in levels:
            hint = f"one of {', '.join(sorted(levels))}, a colon and the code"
            problems.append(Problem(where, f"name a code by its level and itself: {hint}"))
        elif adapter_class.codes.get(code, level) is None and None in (
            change.reason,
            change.verdict,
        ):
            problems.append(
                Problem(where, "is not a known code; a new one needs reason and verdict")
            )
    return problems


def _base_url_problem(text: str) -> str | None:
    """Say what is wrong with a base URL; `None` where nothing is."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "must be an absolute https URL"
    if parts.scheme not in ("http", "https") or not host:
        return "must be an absolute https URL"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "must be only scheme, host, port and path"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https; plain http is for this machine only"
    return None


def _split_code(key: str) -> tuple[str, str]:
    """Split `level:code` into the code and the level."""
    level, _, code = key.partition(":")
    return code, level
