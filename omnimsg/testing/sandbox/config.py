"""`SandboxConfig`: accounts that reach a sandbox, as a mapping, as a file, or as URLs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from omnimsg.config.concealment import secret_keys
from omnimsg.config.plugins import load_adapter
from omnimsg.sandbox.toml_text import toml_text

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.sandbox import Sandbox

PUBLIC_URL: Final = "http://testserver/callbacks"
"""The configured public address of callbacks; `call_back_to` maps it to an application."""

# Keys for the connection to the real provider, which are removed.
_CONNECTION_KEYS: Final = frozenset({"base_url", "proxy", "ca_file", "allow_http"})


class SandboxConfig(Mapping[str, Any]):
    """A configuration whose accounts reach a sandbox.

    It is a mapping with the content of an `omnimsg.toml`, for `Client.from_config`. By default it
    has one account for each provider, with the provider's name.

    Args:
        sandbox: A started sandbox.
        folder: The folder to write the file to.
        own: The configuration of the application under test. Its accounts, routes and limits stay;
            addresses and credentials become those of the sandbox.

    Raises:
        ValueError: An account of `own` has a provider that the sandbox does not emulate.
    """

    def __init__(
        self, sandbox: Sandbox, folder: Path, own: Mapping[str, Any] | None = None
    ) -> None:
        served = sandbox.config()
        content = (
            served if own is None else {**own, "accounts": _redirected(own, served["accounts"])}
        )
        callbacks = {**content.get("callbacks", {}), "public_url": PUBLIC_URL}
        self._content: dict[str, Any] = {**content, "callbacks": callbacks}
        self._path = folder / "omnimsg.toml"

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - whatever a configuration holds
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def __repr__(self) -> str:
        """Show the names of the accounts."""
        return f"{type(self).__name__}(accounts={list(self._content['accounts'])})"

    @property
    def path(self) -> Path:
        """A file with this configuration, for `OMNIMSG_CONFIG`."""
        if not self._path.exists():
            self._path.touch(mode=0o600)
            self._path.write_text(toml_text(self._content), encoding="utf-8")
        return self._path

    @property
    def url(self) -> str:
        """The accounts as URLs in one line, for `OMNIMSG_URL`; they cannot receive callbacks.

        URLs cannot express a public address or routes, and lists are left out.
        """
        accounts: Mapping[str, Mapping[str, Any]] = self._content["accounts"]
        first = str(self._content.get("default", next(iter(accounts))))
        names = [first, *(name for name in accounts if name != first)]
        return ",".join(_as_url(name, accounts[name]) for name in names)

    def accounts_of(self, provider: str) -> list[str]:
        """Return the names of the accounts of a provider, in order."""
        accounts: Mapping[str, Mapping[str, Any]] = self._content["accounts"]
        return [name for name, table in accounts.items() if table["provider"] == provider]


def _redirected(own: Mapping[str, Any], served: Mapping[str, Any]) -> dict[str, Any]:
    """Return the accounts of a configuration, redirected to the providers of a sandbox."""
    accounts: dict[str, Any] = {}
    for name, table in own.get("accounts", {}).items():
        provider = table.get("provider")
        if provider not in served:
            raise ValueError(
                f"accounts.{name}: the sandbox has no provider {provider!r}, and a test must not"
                " reach a real one"
            )
        dropped = _CONNECTION_KEYS | secret_keys(load_adapter(provider).settings)
        kept = {key: value for key, value in table.items() if key not in dropped}
        accounts[name] = kept | served[provider]
    return accounts


def _as_url(name: str, table: Mapping[str, Any]) -> str:
    values = [
        f"{quote(key)}={quote(str(value), safe='')}"
        for key, value in _leaves(table)
        if key != "provider"
    ]
    return f"{table['provider']}://@{quote(name)}?{'&'.join(values)}"


def _leaves(table: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the values of a table, except lists, with dotted keys for nested tables."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", each) for inner, each in _leaves(value))
        elif not isinstance(value, list):
            yield key, value
