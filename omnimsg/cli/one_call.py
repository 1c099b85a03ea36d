"""What the commands that ask a provider have in common: a client for the time of one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from omnimsg.client import Client

T = TypeVar("T")


def run_one_call(config: Path, call: Callable[[Client], Awaitable[T]]) -> T:
    """Make one call through a client of its own, and return what it returns.

    Args:
        config: The configuration, a TOML file.
        call: What to do with the client.
    """
    import anyio  # noqa: PLC0415 - keeps help fast

    from omnimsg.client import Client  # noqa: PLC0415

    async def asked() -> T:
        async with Client.from_config(config) as client:
            return await call(client)

    return anyio.run(asked)
