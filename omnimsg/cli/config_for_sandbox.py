"""Load one account of a configuration so that it reaches a sandbox in place of its provider."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from omnimsg.cli.errors import CommandError
from omnimsg.config.loading import config_from_mapping, load_config
from omnimsg.config.references import resolve_reference
from omnimsg.config.toml_file import read_toml
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.structuring import no_account

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omnimsg.config import Config


def load_config_for_sandbox(
    path: Path, account: str | None, sandbox_accounts: Mapping[str, Mapping[str, Any]]
) -> Config:
    """Load one account of a configuration, with the URL and credentials of a sandbox.

    A value of the sandbox's account replaces the configured one, which is not read: a reference
    such as `env:NAME` is not resolved.

    Args:
        path: The configuration.
        account: The account's name; `None` for the default account.
        sandbox_accounts: The table of the sandbox's account, by provider.

    Raises:
        ConfigError: The configuration cannot be used, or there is no such account.
        CommandError: The sandbox does not emulate the account's provider.
    """
    data = read_toml(path)
    tables = data.get("accounts")
    name = account if account is not None else data.get("default")
    if isinstance(tables, dict) and name is None and len(tables) == 1:
        (name,) = tables
    provider = ""
    if not isinstance(tables, dict) or not tables or not isinstance(name, str):
        loaded = load_config(path)  # reports what is wrong with it
    elif name not in tables:
        raise ConfigError(no_account(name, tables))
    else:
        table = tables[name]
        if isinstance(table, dict):
            with suppress(ValueError):  # the loader reports what is wrong with it
                provider = resolve_reference(str(table.get("provider")), folder=path.parent)
            table = _merge(table, sandbox_accounts.get(provider, {}))
            for key in ("proxy", "ca_file"):  # not needed to reach a sandbox
                table.pop(key, None)
        only = {"default": name, "accounts": {name: table}}
        loaded = config_from_mapping(only, where=str(path), folder=path.parent)
    if provider not in sandbox_accounts:
        # Not redirected: the account would send to the real provider.
        raise CommandError(
            f"account {name!r}: the sandbox has no emulator of {provider!r}",
            f"it emulates {', '.join(sandbox_accounts)}",
        )
    return loaded


def _merge(own: Mapping[str, Any], sandbox: Mapping[str, Any]) -> dict[str, Any]:
    """Replace values of an account's table by those of the sandbox's account.

    A nested table keeps exactly the user's keys; the sandbox's values replace those it has too.
    """
    merged = {**own}
    for key, value in sandbox.items():
        if isinstance(value, dict) and isinstance(own.get(key), dict):
            merged[key] = {inner: value.get(inner, kept) for inner, kept in own[key].items()}
        else:
            merged[key] = value
    return merged
