"""The client configuration that reaches a sandbox, also one that does not run yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omnimsg.sandbox.origin import is_loopback, is_wildcard
from omnimsg.sandbox.plugins import installed_emulators
from omnimsg.sandbox.toml_text import toml_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.sandbox.emulator import Emulator

HOST: Final = "127.0.0.1"
"""The default host that a sandbox listens on."""
DEFAULT_ACCOUNT: Final = "clickatell"


def base_url(host: str, port: int) -> str:
    """Return the address of a sandbox; the loopback address if it listens on all interfaces."""
    name = HOST if is_wildcard(host) else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def config(
    port: int,
    emulators: Iterable[type[Emulator] | Emulator] | None = None,
    *,
    host: str = HOST,
) -> dict[str, Any]:
    """Return the configuration of accounts that reach a sandbox on ``port``.

    Args:
        port: The port on which the sandbox listens or will listen.
        emulators: The emulators to configure; all installed ones by default.
        host: The host by which a client reaches the sandbox. For any other than a loopback host,
            the accounts have ``allow_http``, because the client refuses plain HTTP to it otherwise.
    """
    chosen = installed_emulators() if emulators is None else list(emulators)
    root = base_url(host, port)
    plain = {} if is_wildcard(host) or is_loopback(host) else {"allow_http": True}
    accounts = {
        each.name: {**each.account(f"{root}/{each.name}"), **each.own_settings, **plain}
        for each in chosen
    }
    default = DEFAULT_ACCOUNT if DEFAULT_ACCOUNT in accounts else next(iter(accounts), None)
    return {**({} if default is None else {"default": default}), "accounts": accounts}


def config_toml(
    port: int,
    emulators: Iterable[type[Emulator] | Emulator] | None = None,
    *,
    host: str = HOST,
) -> str:
    """Return ``config`` as the text of an ``omnimsg.toml``."""
    settings = config(port, emulators, host=host)
    accounts = settings.pop("accounts")
    tables = [f"\n[accounts.{name}]\n{toml_text(table)}" for name, table in accounts.items()]
    return toml_text(settings) + "".join(tables)
