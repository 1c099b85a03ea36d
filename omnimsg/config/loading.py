"""Reading a configuration: a TOML file or a mapping in, adapters out.

Every problem is an error that says where it is, and an unknown key names the nearest known one: a
typing error must not turn into a default that nobody meant.
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

_TOP = ("accounts", "default")
_COMMON = frozenset(field.name for field in attrs.fields(AccountTable))


def load_config(source: str | os.PathLike[str] | Mapping[str, Any]) -> Config:
    """Read a configuration.

    Args:
        source: The path of a TOML file, or what such a file would hold.

    Raises:
        ConfigError: It cannot be read, or something in it is missing, unknown or wrong.
    """
    if isinstance(source, Mapping):
        return config_from(source, where="configuration", folder=Path())
    path = Path(source)
    return config_from(read_toml(path), where=str(path), folder=path.parent)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: It is not there, cannot be read, or is no TOML.
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


def config_from(data: Mapping[str, Any], *, where: str, folder: Path) -> Config:
    """Read what a TOML file would hold.

    Args:
        data: It.
        where: What an error calls it.
        folder: What a relative `file:` starts from.

    Raises:
        ConfigError: Something in it is missing, unknown or wrong.
    """
    problems = [Problem(str(key), unknown_key(str(key), _TOP)) for key in data if key not in _TOP]
    tables = data.get("accounts")
    if not isinstance(tables, Mapping) or not tables:
        problems.append(Problem("accounts", "needs at least one table such as [accounts.main]"))
        tables = {}
    adapters: dict[str, Adapter[Any]] = {}
    policies: dict[str, Policy] = {}
    for name, table in tables.items():
        try:
            adapters[name], policies[name] = _account(name, table, folder=folder)
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


def _account(name: object, table: object, *, folder: Path) -> tuple[Adapter[Any], Policy]:
    """Read one account.

    Raises:
        InvalidValue: With every problem of this account.
    """
    path = f"accounts.{name}"
    if not isinstance(name, str) or not is_account_name(name):
        raise InvalidValue(Problem(path, "a name has letters, digits, '.', '_' and '-' only"))
    if not isinstance(table, Mapping):
        raise InvalidValue(Problem(path, "must be a table"))
    given = {str(key): to_plain(value) for key, value in table.items()}
    common = {key: given.pop(key) for key in list(given) if key in _COMMON}
    converter = converter_for(folder)
    kind = _kind(converter, common.get("provider"), path)
    known = frozenset(field.name for field in attrs.fields(kind.settings))
    problems = [
        Problem(f"{path}.{key}", unknown_key(key, known | _COMMON))
        for key in given
        if key not in known
    ]
    shared = _collected(problems, converter, AccountTable, common, path)
    own = {key: value for key, value in given.items() if key in known}
    settings: Any = _collected(problems, converter, kind.settings, own, path)
    if shared is not None:
        problems += _checked(shared, kind, path)
    if problems or shared is None:
        raise InvalidValue(*problems)
    account = Account(
        name=name,
        settings=settings,
        base_url=(shared.base_url or kind.base_url).rstrip("/"),
        channel=shared.channel,
        sender=shared.sender,
        templates=shared.templates,
        codes={_split_code(key): change.members() for key, change in shared.codes.items()},
        extras=shared.extras,
    )
    try:
        return kind(account), shared.policy()
    except (ConfigError, ValueError) as error:
        place, why = path, str(error)
        if why.startswith(path):
            place, _, why = why.partition(" ")
        raise InvalidValue(Problem(place, why)) from error


def _kind(converter: cattrs.Converter, provider: object, path: str) -> type[Adapter[Any]]:
    if provider is None:
        raise InvalidValue(Problem(f"{path}.provider", f"is missing; {_known_providers()}"))
    name = structure(converter, str, provider, f"{path}.provider")
    try:
        return load_adapter(name)
    except ConfigError as error:
        raise InvalidValue(Problem(f"{path}.provider", str(error))) from error


def _known_providers() -> str:
    return f"installed are {', '.join(provider_names())}"


def _collected(
    problems: list[Problem], converter: cattrs.Converter, kind: type[T], data: object, path: str
) -> T | None:
    """Read what can be read, and note what is wrong with the rest."""
    try:
        return structure(converter, kind, data, path)
    except InvalidValue as error:
        problems.extend(error.problems)
        return None


def _checked(shared: AccountTable, kind: type[Adapter[Any]], path: str) -> list[Problem]:
    """Find what is wrong although each value for itself is well-formed."""
    problems = []
    why = _wrong_address(shared.base_url or kind.base_url)
    if why is not None:
        problems.append(Problem(f"{path}.base_url", why))
    levels = {row.level for row in kind.codes}
    for key, change in shared.codes.items():
        code, level = _split_code(key)
        where = f"{path}.codes.{key}"
        if not code or level not in levels:
            hint = f"one of {', '.join(sorted(levels))}, a colon and the code"
            problems.append(Problem(where, f"name a code by its level and itself: {hint}"))
        elif kind.codes.get(code, level) is None and None in (change.reason, change.verdict):
            problems.append(
                Problem(where, "is not a known code; a new one needs reason and verdict")
            )
    return problems


def _wrong_address(text: str) -> str | None:
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
    """Read `level:code` as the code and its level."""
    level, _, code = key.partition(":")
    return code, level
