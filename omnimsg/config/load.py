"""Reading a configuration: a TOML file or a mapping in, adapters out.

Every problem is an error that says where it is, and an unknown key names the nearest known one: a
typing error must not turn into a default that nobody meant.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import partial
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from omnimsg.adapter import Account, Adapter
from omnimsg.adapter.codes import Verdict
from omnimsg.config.model import AccountTable, CodeChange, Config
from omnimsg.config.plugins import load_adapter
from omnimsg.config.secrets import resolved
from omnimsg.domain.errors import ConfigError, InvalidValue
from omnimsg.domain.frozen import FrozenDict
from omnimsg.domain.message_id import is_account_name
from omnimsg.domain.privacy import Secret
from omnimsg.domain.structure import exactly, one_of, require_mapping, structure, unknown_key

if TYPE_CHECKING:
    import os

_COMMON = frozenset(field.name for field in attrs.fields(AccountTable))


def load_config(source: str | os.PathLike[str] | Mapping[str, Any]) -> Config:
    """Read a configuration.

    Args:
        source: The path of a TOML file, or what such a file would hold.

    Raises:
        ConfigError: It cannot be read, or something in it is missing, unknown or wrong.
    """
    if isinstance(source, Mapping):
        return _config(source, where="configuration", folder=Path())
    path = Path(source)
    return _config(read_toml(path), where=str(path), folder=path.parent)


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


def _config(data: Mapping[str, Any], *, where: str, folder: Path) -> Config:
    for key in data:
        if key not in ("default", "accounts"):
            raise ConfigError(f"{where}: {key}: {unknown_key(key, ('default', 'accounts'))}")
    tables = data.get("accounts")
    if not isinstance(tables, Mapping) or not tables:
        raise ConfigError(f"{where}: accounts: needs at least one table such as [accounts.main]")
    adapters = {
        name: _adapter(name, table, where=where, folder=folder) for name, table in tables.items()
    }
    default = data.get("default", next(iter(adapters)) if len(adapters) == 1 else None)
    if default is None:
        raise ConfigError(f"{where}: default: name the account to use: {', '.join(adapters)}")
    if default not in adapters:
        raise ConfigError(f"{where}: default: {one_of(default, adapters)}")
    return Config(adapters=adapters, default=default)


def _adapter(name: str, table: object, *, where: str, folder: Path) -> Adapter[Any]:
    path = f"accounts.{name}"
    if not is_account_name(name):
        raise ConfigError(
            f"{where}: {path}: an account's name has letters, digits, '.', '_' and '-' only"
        )
    converter = _converter(folder)
    try:
        given = dict(require_mapping(table))
        common = {key: given.pop(key) for key in list(given) if key in _COMMON}
        shared = structure(converter, AccountTable, common, path)
        kind = load_adapter(shared.provider)
        known = [field.name for field in attrs.fields(kind.settings)]
        for key in given:
            if key not in known:
                raise ConfigError(f"{where}: {path}.{key}: {unknown_key(key, [*known, *_COMMON])}")
        settings: Any = structure(converter, kind.settings, given, path)
        base_url = _base_url(shared.base_url or kind.base_url)
        codes = {_code_key(key): _change(change) for key, change in shared.codes.items()}
        return kind(
            Account(
                name=name,
                settings=settings,
                base_url=base_url,
                channel=shared.channel,
                sender=shared.sender,
                templates=shared.templates,
                codes=codes,
                extras=shared.extras,
            )
        )
    except InvalidValue as error:
        raise ConfigError(f"{where}: {error}") from None
    except ValueError as error:
        raise ConfigError(f"{where}: {path}: {error}") from None


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("base_url must be an absolute http(s) URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("base_url must be only scheme, host, port and path")
    loopback = parts.hostname in ("localhost", "::1") or parts.hostname.startswith("127.")
    if parts.scheme == "http" and not loopback:
        raise ValueError("base_url must be https; plain http is for this machine only")
    return text.rstrip("/")


def _code_key(key: str) -> tuple[str, str]:
    level, colon, code = key.partition(":")
    if not (level and colon and code):
        raise ValueError(f"codes.{key}: name a code by its level and itself, such as 'message:43'")
    return code, level


def _change(change: CodeChange) -> dict[str, Any]:
    given = attrs.asdict(change, recurse=False)
    if change.verdict is not None:
        given["verdict"] = Verdict(change.verdict)
    return {name: value for name, value in given.items() if value is not None}


def _converter(folder: Path) -> cattrs.Converter:
    """Build the rules of a configuration: text may point elsewhere, secrets become `Secret`."""
    converter = cattrs.Converter(forbid_extra_keys=True)

    def text(value: object, _: object) -> str:
        return resolved(exactly(str, "text")(value, None), folder=folder)

    converter.register_structure_hook_func(partial(is_, int), exactly(int, "a whole number"))
    converter.register_structure_hook_func(partial(is_, float), exactly(float, "a number"))
    converter.register_structure_hook_func(partial(is_, bool), exactly(bool, "true or false"))
    converter.register_structure_hook_func(partial(is_, str), text)
    converter.register_structure_hook(Secret, lambda value, _: Secret(text(value, None)))
    converter.register_structure_hook_func(
        lambda asked: getattr(asked, "__origin__", asked) is FrozenDict,
        lambda value, _: FrozenDict(require_mapping(value)),
    )
    converter.register_structure_hook_factory(
        attrs.has,
        lambda kind: make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True),
    )
    return converter
