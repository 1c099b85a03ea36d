"""The accounts of a client, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.config import providers_with
from omnimsg.domain.errors import ConfigError, Unsupported
from omnimsg.domain.structuring import unknown_choice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Operation
    from omnimsg.engine.account import AccountEngine


class Accounts:
    """The accounts of a client, by name.

    Args:
        engines: The accounts that can be used.
        default: The account that is used unless another is named; needed with several.
        unusable: By the name of another account: the error for those who use it.

    Attributes:
        engines: The accounts that can be used.
        default: The name of the account that is used unless another is named.

    Raises:
        ConfigError: There is no account, or not the default one.
    """

    def __init__(
        self,
        engines: Mapping[str, AccountEngine],
        *,
        default: str | None,
        unusable: Mapping[str, str],
    ) -> None:
        if not engines:
            raise ConfigError("a client needs at least one account")
        if default is None and len(engines) > 1:
            raise ConfigError(f"name the default account: {', '.join(engines)}")
        self.engines: Mapping[str, AccountEngine] = engines
        self._unusable = unusable
        self.default: str = default if default is not None else next(iter(engines))
        self.get(self.default)

    def get(self, name: str | None) -> AccountEngine:
        """Return an account; the default one where the name is `None`.

        Raises:
            ConfigError: There is no such account, or its values are missing.
        """
        try:
            return self.engines[self.default if name is None else name]
        except KeyError:
            if name is not None and name in self._unusable:
                raise ConfigError(self._unusable[name]) from None
            raise ConfigError(
                f"no account {name!r}: {unknown_choice(name, self.engines)}"
            ) from None

    def with_operation(self, name: str | None, operation: Operation) -> AccountEngine:
        """Return an account whose provider has an operation.

        Raises:
            ConfigError: There is no such account, or its values are missing.
            Unsupported: Its provider has no such operation.
        """
        account = self.get(name)
        if operation not in account.operations:
            raise Unsupported(
                f"account {account.name!r}: {account.adapter.provider} has no operation"
                f" {operation.value!r}; {providers_with(operation)}"
            )
        return account
