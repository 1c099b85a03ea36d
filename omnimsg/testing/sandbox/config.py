"""The configuration of accounts that reach a sandbox: as a mapping, as a file, as one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.sandbox import Sandbox

PUBLIC_URL: Final = "http://testserver/callbacks"
"""Where the accounts say that callbacks reach them; `call_back_to` leads it to an application."""


class SandboxConfig(Mapping[str, Any]):
    """A configuration whose accounts reach a sandbox, one for each provider.

    It is a mapping with the content of an `omnimsg.toml`, for `Client.from_config`.

    Args:
        sandbox: The sandbox; it has been started.
        folder: Where the file is written.
    """

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._content = {**sandbox.config(), "callbacks": {"public_url": PUBLIC_URL}}
        self._toml = f'{sandbox.config_toml()}\n[callbacks]\npublic_url = "{PUBLIC_URL}"\n'
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
        """A file with this configuration, as for `OMNIMSG_CONFIG`."""
        if not self._path.exists():
            self._path.touch(mode=0o600)
            self._path.write_text(self._toml, encoding="utf-8")
        return self._path

    @property
    def url(self) -> str:
        """The accounts in one line, as for `OMNIMSG_URL`; they cannot receive callbacks.

        One line has room for neither a public address nor a list of one secret.
        """
        accounts: Mapping[str, Mapping[str, Any]] = self._content["accounts"]
        first = str(self._content["default"])
        names = [first, *(name for name in accounts if name != first)]
        return ",".join(_as_url(name, accounts[name]) for name in names)


def _as_url(name: str, table: Mapping[str, Any]) -> str:
    values = [
        f"{quote(key)}={quote(str(value), safe='')}"
        for key, value in _leaves(table)
        if key != "provider"
    ]
    return f"{table['provider']}://@{quote(name)}?{'&'.join(values)}"


def _leaves(table: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the values of a table that are no lists; dots lead into inner tables."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", each) for inner, each in _leaves(value))
        elif not isinstance(value, list):
            yield key, value
