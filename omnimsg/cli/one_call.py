"""Run one call of a client: what every command that asks a provider does."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from omnimsg.client import Client

T = TypeVar("T")


def run_one_call(config: Path, call: Callable[[Client], Awaitable[T]]) -> T:
    """Open a client, await one call with it, close it, and return the call's result.

    Args:
        config: The configuration, a TOML file.
        call: The call; its argument is the client.
    """
    import anyio  # noqa: PLC0415 - keeps help fast

    from omnimsg.client import Client  # noqa: PLC0415

    async def with_client() -> T:
        async with Client.from_config(config) as client:
            return await call(client)

    return anyio.run(with_client)
