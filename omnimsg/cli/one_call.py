"""Run one call of a client, for commands that make a single call to a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from omnimsg.domain.message_id import is_account_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from omnimsg.client import Client

T = TypeVar("T")


def run_one_call(
    config: Path, call: Callable[[Client], Awaitable[T]], *, account: str | None = None
) -> T:
    """Open a client, await one call with it, close it, and return the call's result.

    Args:
        config: The configuration, a TOML file.
        call: The call; its argument is the client.
        account: The account that the call uses; `None` for the default account. Only the secrets of
            this account must be available.
    """
    import anyio  # noqa: PLC0415 - keeps help fast

    from omnimsg.client import Client  # noqa: PLC0415

    async def with_client() -> T:
        async with Client.from_config(config, default=account) as client:
            return await call(client)

    return anyio.run(with_client)


def account_of(message_id: str) -> str | None:
    """Return the account that an id names; `None` if the text is not an id."""
    account, _, rest = message_id.partition(":")
    return account if rest and is_account_name(account) else None
