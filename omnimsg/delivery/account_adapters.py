"""The adapters of a client's accounts as a live mapping: accounts can be added and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Adapter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from omnimsg.engine.account import AccountEngine


class AccountAdapters(Mapping[str, Adapter[Any]]):
    """The adapter of each account that the client has now, by account name.

    Args:
        engines: The client's accounts.
        names: The names of the accounts to show; all accounts if `None`.
    """

    def __init__(
        self, engines: Mapping[str, AccountEngine], names: Collection[str] | None = None
    ) -> None:
        self._engines = engines
        self._names = None if names is None else frozenset(names)

    def only(self, names: Collection[str]) -> AccountAdapters:
        """Return the same with some accounts only."""
        return AccountAdapters(self._engines, names)

    def __getitem__(self, name: str) -> Adapter[Any]:
        """Return the adapter of an account."""
        if self._names is not None and name not in self._names:
            raise KeyError(name)
        return self._engines[name].adapter

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the order of the accounts."""
        shown = self._names
        return (name for name in tuple(self._engines) if shown is None or name in shown)

    def __len__(self) -> int:
        """Return the number of accounts."""
        return sum(1 for _ in self)
